"""Contacts as a table of their own, and spread over the rows of the log."""

from typing import Any

import numpy as np
import pytest

from sojourn.sim.journeys import COLUMNS, NOT_ASKED, RENEGED, RESOLVED, UNRESOLVED, WAITING, Journeys

DESK = """
[stages.a]
dwell = { law = "exponential", mean = 5.0 }
exits = { b = 0.7, gone = 0.3 }
desk = { name = "help", probability = 0.4 }
[stages.b]
dwell = { law = "exponential", mean = 5.0 }
exits = { a = 0.5, gone = 0.5 }
[stages.gone]
end = true
[desks.help]
agents = 1
unresolved = 0.2
handle = { law = "exponential", mean = 0.4 }
patience = { law = "exponential", mean = 1.0 }
"""


@pytest.fixture(scope="module")
def lived(scenario: Any, live: Any) -> Journeys:
    journeys: Journeys = live(scenario(DESK, horizon=100.0, arrivals="rate_per_day = 25"))
    return journeys


def test_contacts_stand_in_the_order_of_the_log(lived: Journeys) -> None:
    contacts = lived.events.contacts
    assert (np.diff(contacts.row) > 0).all()
    assert set(contacts.contact.tolist()) == {WAITING, RESOLVED, UNRESOLVED, RENEGED}
    assert (contacts.handled[~contacts.served] == 0.0).all()
    assert (contacts.handled[contacts.served] > 0.0).all()
    assert np.array_equal(contacts.served & contacts.failed, contacts.contact == UNRESOLVED)


def test_their_columns_say_the_same(lived: Journeys) -> None:
    events = lived.events
    assert np.array_equal(np.flatnonzero(events.contact != NOT_ASKED), events.contacts.row)
    for name in ("contact", "waited", "handled"):
        assert np.array_equal(getattr(events, name)[events.contacts.row], getattr(events.contacts, name))
    quiet = events.contact == NOT_ASKED
    assert not events.waited[quiet].any()
    assert not events.handled[quiet].any()
    assert tuple(events.columns()) == COLUMNS


@pytest.mark.parametrize("every", [1, 2, 7])
def test_contacts_on_some_rows(lived: Journeys, every: int) -> None:
    rows = np.arange(every - 1, lived.events.time.size, every)
    served, waited = lived.events.contacts.on(rows)
    contact = lived.events.contact[rows]
    assert np.array_equal(served, (contact == RESOLVED) | (contact == UNRESOLVED))
    assert np.array_equal(waited, lived.events.waited[rows])


def test_a_log_without_desks_has_no_contacts(scenario: Any, live: Any) -> None:
    alone = DESK.partition("[desks.help]")[0].replace('desk = { name = "help", probability = 0.4 }\n', "")
    events = live(scenario(alone, arrivals="cohort = 20")).events
    assert events.contacts.row.size == 0
    assert events.contact.shape == events.waited.shape == events.handled.shape == events.time.shape
    assert not events.contact.any()
    assert not events.waited.any()
    assert not any(column.any() for column in events.contacts.on(np.arange(events.time.size)))
