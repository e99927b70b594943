"""Both engines give the same log, all columns, all bits: on drawn scenarios, on the library, on benchmarks; and a rule that is
broken in one of them is noticed.
"""

import heapq
import json
import math
import runpy
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as drawing

from sojourn.scenarios.checks import examine
from sojourn.scenarios.files import library, load
from sojourn.scenarios.model import Scenario
from sojourn.sim import openly as rules
from sojourn.sim import reference
from sojourn.sim.journeys import REFERRAL, RENEGED, RESOLVED, WAITING, Journeys
from sojourn.sim.network import Network, build
from sojourn.sim.run import run, simulate
from sojourn.sim.tables import BONUS, INFORMATION, WORTH

HERE = Path(__file__).parent
# Test files are no package, so their neighbours are run, not imported.
cases = runpy.run_path(str(HERE / "drawn.py"))["cases"]
tally = runpy.run_path(str(HERE / "tallies.py"))["tally"]
FIRST = HERE.parent / "scenarios" / "first.toml"

DRAWN, SEEDS = 600, (1, 2)
LEAST = {  # over the drawn set: what must have happened so often that each feature is really tried
    "runs": 800, "coupled runs": 400, "uncoupled runs": 60, "customers": 30_000, "rows": 80_000, "money drawn": 30_000,
    "invitations": 3_000, "markets run dry": 50, "brought by a lever": 1_000,
    "reneges": 3_000, "unresolved": 800, "waiting at the horizon": 2_000, "waits by priority": 2_000,
    "requests at one time": 150, "ties at a desk": 100, "patience ends as an agent is free": 25,
    "falls in capacity": 40, "falls with all busy": 8, "rises in capacity": 40,
    "failures felt": 3_000, "failures that fade": 300,
    "ramps in a stay": 400, "windows in a stay": 700, "held by some only": 80,
    "values": 8_000, "partly known": 6_000, "effects on people partly known": 2_000,
    "own rates": 15_000, "own rates used again": 1_000, "own speeds": 25_000, "own speeds used again": 12_000,
    "own chances": 14_000, "own chances used again": 2_000,
    "pasts": 10_000, "pasts again": 3_000, "traits at work": 3_000,
    "traits below zero at work": 1_500, "words at work": 3_000, "traits of stays at work": 1_500,
    "traits of segments at work": 1_500,
    "zero dwells": 4_000, "at the horizon": 3,
}  # fmt: skip


def tables(journeys: Journeys) -> dict[str, dict[str, Any]]:
    """All columns of a log, by table and name."""
    events = journeys.events
    return {
        "Events": events.columns(),
        "Contacts": events.contacts._asdict(),
        "Customers": journeys.customers._asdict(),
    }


def differing(one: Journeys, other: Journeys) -> list[str]:
    """Columns in which two logs differ by a bit."""
    columns = []
    a: Any
    b: Any
    both = zip(tables(one).items(), tables(other).items(), strict=True)
    for (where, table), (_, twin) in both:
        for name, a, b in zip(table, table.values(), twin.values(), strict=True):
            if a.dtype.kind == "f" and b.dtype == a.dtype:
                a, b = a.view(np.int64), b.view(np.int64)  # -0 is not 0, and NaN is the same NaN
            if a.dtype != b.dtype or not np.array_equal(a, b):
                columns.append(f"{where}.{name}")
    return columns


def agree(network: Network, seed: int, customers: int | None = None) -> Journeys:
    """Run both engines, and see that they agree; returns the journeys."""
    fast = simulate(network, seed=seed, customers=customers)
    readable = simulate(network, seed=seed, customers=customers, engine="simpy")
    assert differing(fast, readable) == []
    return fast


def sound(document: dict[str, Any]) -> Scenario:
    found = examine(document)
    assert found.faults == ()
    assert found.scenario is not None
    return found.scenario


# The examples stay the same when this file is edited.
draws = settings(max_examples=DRAWN, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Network, int | None]]:
    """Networks of the drawn set, each with the number of candidates."""
    networks: list[tuple[Network, int | None]] = []

    @drawing(2)
    @settings(draws, phases=[Phase.generate], max_examples=400)
    @given(cases())
    def collect(case: Any) -> None:
        scenario = sound(case.document)
        networks.extend((build(scenario, name), case.customers) for name in scenario.strategies)

    collect()
    return networks


def test_drawn_scenarios() -> None:
    """No example differs, and the set as a whole has tried every feature."""
    count: Counter[str] = Counter()
    digests = set()

    @drawing(2)
    @draws
    @given(cases())
    def compare(case: Any) -> None:
        scenario = sound(case.document)
        digests.add(scenario.digest)
        for name in scenario.strategies:
            network = build(scenario, name)
            for seed in SEEDS:
                count.update(tally(network, agree(network, seed, case.customers)))

    compare()
    count["uncoupled runs"] = count["runs"] - count["coupled runs"]
    assert len(digests) >= 300
    assert {what: count[what] for what, least in LEAST.items() if count[what] < least} == {}


# --- a rule broken on purpose ---------------------------------------------------------------------------------------


class Line:
    """`heapq`, with another order of those who wait."""

    heappop = staticmethod(heapq.heappop)

    def __init__(self, place: Any) -> None:
        self.place = place

    def heappush(self, line: Any, entry: Any) -> None:
        heapq.heappush(line, (*self.place(*entry[:3]), *entry[2:]))


def ordered(place: Any) -> Any:
    """Events at one time in another order."""

    class Moment(reference.Moment):
        def __init__(self, env: Any, delay: Any, customer: Any, number: Any) -> None:
            real = env
            env = SimpleNamespace(
                schedule=lambda event, priority, delay: real.schedule(event, place(customer, number), delay),
            )
            super().__init__(env, delay, customer, number)
            self.env = real

    return Moment


def broken(module: Any, **functions: Any) -> SimpleNamespace:
    """A module in which some functions are others."""
    return SimpleNamespace(**{**vars(module), **functions})


def later(days: float) -> float:
    return math.nextafter(days, math.inf)


def handled_longer(*args: Any) -> Any:
    days, resolved = rules.handling(*args)
    return later(days), resolved


def worth_more(*args: Any) -> Any:
    me = args[1]
    stage = rules.born(*args)
    me.real[WORTH] = later(me.real[WORTH])
    return stage


def known_before(*args: Any) -> Any:
    me = args[1]
    me.real[INFORMATION] = max(me.real[INFORMATION], 1e-3)
    return rules.enter(*args)


def always_resolved(*args: Any) -> Any:
    return rules.handling(*args)[0], True


def free_of_charge(net: Any, me: Any, *more: Any) -> Any:
    stage = rules.brought(net, me, *more)
    me.real[BONUS] = 0.0
    return stage


def swapped(number: int) -> int:
    """Leaving comes before inviting."""
    event = number % 8
    return number - event + {reference.INVITES: reference.LEAVES, reference.LEAVES: reference.INVITES}.get(event, event)


LATE = 1 << 100
MUTANTS = {
    "ties at a desk by falling id": ("heapq", Line(lambda rank, asked, customer: (rank, asked, -customer))),
    "last come, first served": ("heapq", Line(lambda rank, asked, customer: (rank, -asked))),
    "no priority": ("heapq", Line(lambda rank, asked, customer: (0, asked))),
    "events of one time by age": ("Moment", ordered(lambda customer, number: 2)),
    "events of one time by falling id": ("Moment", ordered(lambda customer, number: LATE - (customer << 32) + number)),
    "events of one time by number": ("Moment", ordered(lambda customer, number: 2 + (number << 64) + customer)),
    "capacity changes last": (
        "Moment",
        ordered(lambda customer, number: 2 + ((customer + 1) << 32) + number + (LATE if customer < 0 else 0)),
    ),
    "giving up comes last": (
        "Moment",
        ordered(
            lambda customer, number: 2 + ((customer + 1) << 32) + number + (LATE if number % 8 == reference.GIVES_UP else 0)
        ),
    ),
    "leaving comes before inviting": ("Moment", ordered(lambda customer, number: 2 + ((customer + 1) << 32) + swapped(number))),
    "the horizon does not count": ("math", broken(math, nextafter=lambda horizon, _: horizon)),
    "service an ulp longer": ("rules", broken(rules, handling=handled_longer)),
    "worth an ulp more": ("rules", broken(rules, born=worth_more)),
    "known before": ("rules", broken(rules, enter=known_before)),
    "all is resolved": ("rules", broken(rules, handling=always_resolved)),
    "patience an ulp longer": ("rules", broken(rules, patience=lambda *args: later(rules.patience(*args)))),
    "capacity never changes": ("rules", broken(rules, agents_at=lambda net, desk, _: rules.agents_at(net, desk, 0.0))),
    "capacity changes an ulp late": (
        "rules",
        broken(rules, agents_at=lambda net, desk, time: rules.agents_at(net, desk, math.nextafter(time, -1.0))),
    ),
    "referrals cost nothing": ("rules", broken(rules, brought=free_of_charge)),
    "invitations an ulp late": ("rules", broken(rules, time_to_invitation=lambda *args: later(rules.time_to_invitation(*args)))),
    "one place less in the market": (
        "rules",
        broken(rules, admitted=lambda net, who, n, start: rules.admitted(net, who, n + 1, start)),
    ),
    "invitees are others": ("rules", broken(rules, next_invitee=lambda *args: rules.next_invitee(*args) + 1)),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_noticed(mutant: Any, drawn: Any, monkeypatch: Any) -> None:
    """Some log of the drawn set, or of two rarer coincidences, differs as soon as the reference breaks a rule."""
    rare = (relief(), rush({}), rush({"market": {"size": 10_000}}))
    whole = [*drawn, *((build(sound(document), "on"), None) for document in rare)]
    attribute, stand_in = MUTANTS[mutant]
    if attribute != "rules":
        monkeypatch.setattr(reference, "rules", broken(rules, brought=brought_somewhere))
    monkeypatch.setattr(reference, attribute, stand_in)
    assert any(noticed(network, customers) for network, customers in whole)


def brought_somewhere(*args: Any) -> int:
    """Compiled rules do not look where they are sent: an invitation from an end has no stage to lead to."""
    stage = rules.brought(*args)
    if stage < 0:
        raise RuntimeError("a customer who is nowhere")
    return stage


def noticed(network: Network, customers: int | None) -> bool:
    fast = simulate(network, customers=customers)
    try:
        return differing(fast, simulate(network, customers=customers, engine="simpy")) != []
    except (IndexError, RuntimeError):  # a customer who is nowhere
        return True


# --- scenarios by name ----------------------------------------------------------------------------------------------


def deterministic(value: float) -> dict[str, Any]:
    return {"law": "deterministic", "value": value}


def rush(more: dict[str, Any]) -> dict[str, Any]:
    """Late in a long run, a day's last bit is as long as the wait for an invitation: many come just as the inviter leaves."""
    return {
        "format": 1,
        "scenario": {"name": "rush", "start": "quiet", "horizon_days": 100_000},
        "arrivals": {"cohort": 1500},
        "stages": {
            "quiet": {"dwell": deterministic(90_000), "exits": {"busy": 1}},
            "busy": {"dwell": deterministic(0), "exits": {"done": 1}, "referrals": {"rate_per_day": 1e9, "enters": "quiet"}},
            "done": {"end": True},
        },
        "levers": {"gift": {"cost": {"per_referral": 5}}},
        "strategies": {"on": {"gift": {"level": 1, "when": "stage == busy"}}},
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"market": {"size": 10_000}}])
def test_invitations_in_the_moment_of_leaving(more: Any) -> None:
    for seed in SEEDS:
        journeys = agree(build(sound(rush(more)), "on"), seed)
        invited = journeys.events.time[(journeys.events.cost == 5) & (journeys.events.sequence == 0)]
        assert (invited == 90_000).sum() >= 3


def relief() -> dict[str, Any]:
    """More agents come, and others become free, at the moment at which the patience of the rest ends."""
    return {
        "format": 1,
        "scenario": {"name": "relief", "start": "a", "horizon_days": 10},
        "arrivals": {"cohort": 60},
        "stages": {
            "a": {"dwell": deterministic(0), "exits": {"done": 1}, "desk": {"name": "help"}},
            "done": {"end": True},
        },
        "segments": {"plain": {"share": 0.85}, "keen": {"share": 0.15}},
        "desks": {
            "help": {
                "agents": 6,
                "handle": {"law": "empirical", "share": [0, 0.5, 1], "days": [1, 1, 1.5]},
                "patience": deterministic(2),
                "priority": ["segment == keen"],
            }
        },
        "levers": {"staff": {"effects": [{"desk": "help", "agents": 8}]}},
        "strategies": {"on": {"staff": [{"day": 2, "level": 1}, {"day": 3, "level": 0}]}},
    }


def test_agents_who_come_as_patience_ends() -> None:
    for seed in SEEDS:
        journeys = agree(build(sound(relief()), "on"), seed)
        called = journeys.events.time + journeys.events.waited == 2
        assert (called & (journeys.events.contact == RESOLVED)).sum() >= 8
        assert (called & (journeys.events.contact == RENEGED)).sum() >= 8


@pytest.mark.parametrize("name", [*library(), FIRST], ids=lambda name: Path(name).stem)
def test_scenarios_of_the_library(name: Any) -> None:
    scenario = load(name)
    for strategy in scenario.strategies:
        for seed in SEEDS:
            agree(build(scenario, strategy), seed, 3000)


@pytest.mark.parametrize(
    ("name", "variant"), [(name, variant) for name in library() for variant in load(name).variants]
)
def test_variants_of_the_library(name: str, variant: str) -> None:
    scenario = load(name, variant)
    for strategy in scenario.strategies:
        agree(build(scenario, strategy), 3, 2000)


def benchmark(desk: bool, customers: int) -> dict[str, Any]:
    """W1, an open journey, or W2, the same with a desk; all are censored on day 730."""

    def dwell(law: str, center: float, **more: float) -> dict[str, Any]:
        return {"law": law, "mean" if law == "exponential" else "median": center, **more}

    stages: dict[str, Any] = {
        "awareness": {"dwell": dwell("lognormal", 3, sigma=1), "exits": {"consideration": 0.35, "churned": 0.65}},
        "consideration": {"dwell": dwell("lognormal", 7, sigma=0.8), "exits": {"purchase": 0.25, "churned": 0.75}},
        "purchase": {"role": "purchase", "dwell": dwell("exponential", 1), "exits": {"post_purchase": 1}},
        "post_purchase": {"dwell": dwell("exponential", 14), "exits": {"loyalty": 0.55, "churned": 0.45}},
        "loyalty": {
            "dwell": dwell("lognormal", 30, sigma=0.6),
            "exits": {"purchase": 0.6, "advocacy": 0.15, "churned": 0.25},
        },
        "advocacy": {"dwell": dwell("exponential", 60), "exits": {"purchase": 0.7, "churned": 0.3}},
        "churned": {"end": True, "role": "lost"},
    }
    document = {
        "format": 1,
        "scenario": {"name": "w", "start": "awareness", "horizon_days": 730},
        "arrivals": {"rate_per_day": customers / 365, "until_day": 365},
        "stages": stages,
    }
    if desk:
        s = 10 / (customers / 365 * 0.35 * 0.25 * 0.3 / (1 - 0.55 * (0.6 + 0.15 * 0.7)))
        stages["post_purchase"]["desk"] = {"name": "support", "probability": 0.3}
        harm = {"exit": "post_purchase -> loyalty", "log_odds_per_day_waited": -2 / s}
        law = dwell("exponential", s)
        document["desks"] = {"support": {"agents": 10, "handle": law, "patience": law, "effects": [harm]}}
    return document


@pytest.mark.parametrize("desk", [False, True], ids=["W1", "W2"])
def test_benchmarks(desk: Any) -> None:
    for seed in SEEDS:
        agree(build(sound(benchmark(desk, 5000)), "baseline"), seed, 5000)


# --- room that grows ------------------------------------------------------------------------------------------------


def crowded(more: dict[str, Any]) -> dict[str, Any]:
    """Few arrivals who go round and round and invite many."""
    return {
        "format": 1,
        "scenario": {"name": "crowded", "start": "a", "horizon_days": 60},
        "arrivals": {"cohort": 5},
        "stages": {
            "a": {"dwell": deterministic(1), "exits": {"a": 0.95, "done": 0.05},
                  "referrals": {"rate_per_day": 0.15, "enters": "a"}},
            "done": {"end": True},
        },
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"market": {"size": 2000}}], ids=["alone", "competing"])
def test_more_people_and_rows_than_room(more: Any) -> None:
    for seed in SEEDS:
        journeys = agree(build(sound(crowded(more)), "baseline"), seed)
        # At first there is room for 21 people, and for 79 or 84 rows: the arrays double at least four times.
        assert journeys.customers.customer.size > 16 * 21
        assert journeys.events.time.size > 16 * 84
        assert (journeys.customers.source == REFERRAL).sum() > 16 * 21


@pytest.mark.parametrize("desks", [1, 2])
def test_long_lines(desks: Any) -> None:
    """Far more callers than places in the first heaps, all at one time; some wait for ever."""
    desk = {"agents": 1, "handle": deterministic(0.125), "priority": ["source == referral"]}
    stages = {
        name: {"dwell": deterministic(0), "exits": {"done": 0.5, to: 0.5}, "desk": {"name": at}}
        for name, to, at in (("a", "b", "x"), ("b", "a", "xy"[desks - 1]))
    }
    document = {
        "format": 1,
        "scenario": {"name": "lines", "start": "a", "horizon_days": 60},
        "arrivals": {"cohort": 700},
        "stages": {**stages, "done": {"end": True}},
        "desks": dict.fromkeys("xy"[:desks], desk),
    }
    for seed in SEEDS:
        journeys = agree(build(sound(document), "baseline"), seed)
        assert (journeys.events.contact == WAITING).sum() > 64


# --- what is made of the logs -----------------------------------------------------------------------------------------


def test_measures_and_documents_are_equal(drawn: Any) -> None:
    """Result documents as JSON, for one replication and for several."""

    def told(scenario: Scenario, engine: str, **options: Any) -> str:
        return json.dumps(run(scenario, engine=engine, **options).document())

    first = load(FIRST)
    for replications in (1, 3):
        options = {"customers": 300, "replications": replications}
        assert told(first, "compiled", **options) == told(first, "simpy", **options)
    for network, customers in drawn[::20]:
        options = {"customers": customers, "replications": 2, "seed": 3}
        assert told(network.scenario, "compiled", **options) == told(network.scenario, "simpy", **options)


def test_two_workers_give_the_logs_of_the_other_engine() -> None:
    first = load(FIRST)
    options: dict[str, Any] = {"customers": 300, "replications": 2, "keep": True}
    shared = run(first, workers=2, **options).outcomes
    for name, outcome in run(first, engine="simpy", **options).outcomes.items():
        for one, other in zip(outcome.journeys, shared[name].journeys, strict=True):
            assert differing(one, other) == []


def test_customers_shared_by_workers_give_the_same_log(drawn: Any, monkeypatch: Any) -> None:
    """One replication, everybody alone: W1, invitees, and the drawn scenarios that nothing couples."""
    from sojourn.sim import compiled, sharing

    monkeypatch.setattr(sharing, "FEWEST", 2)
    monkeypatch.setattr(compiled, "CHUNK", 150)
    monkeypatch.setattr(compiled, "PILOT", 50)  # so that room runs out, too
    named = [(build(sound(benchmark(False, 5000)), "baseline"), 5000), (build(sound(crowded({})), "baseline"), None)]
    alone = [case for case in (*named, *drawn) if not case[0].coupled]
    assert len(alone) >= 40
    for network, customers in alone:
        for seed in SEEDS:
            one = simulate(network, seed=seed, customers=customers)
            for workers in (2, 3):
                assert differing(one, simulate(network, seed=seed, customers=customers, workers=workers)) == []
