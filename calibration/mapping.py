"""The mapping file: which columns of an event log mean what, and which events mean which stage.

```toml
customer = "household_id"      # column names
time = "when"
event = "what"
segment = "age_group"          # optional: one value a customer
person = "household_id"        # optional: who is behind several journeys; the check never splits a person
arm = "group"                  # optional: the arm of an experiment, one value a customer (see `levers`)
journey = "order_id"           # optional: a column that tells several journeys of a customer apart; or one of
# new_journey_after_days = 60  #   a new journey after so long a silence
# new_journey_on = "targeted"  #   a new journey whenever this stage is entered again
sessions = { gap_minutes = 30 } # optional: repeats within a session are one
timezone = "Europe/Berlin"     # optional: of times that name none; left out, UTC
time_format = "%d.%m.%Y"       # optional: how times are written, where not as 2017-12-31 or 2017-12-31 14:30:00
observed_from = 2017-01-01     # optional: the start of that day; or a time, a number of days, or a column
observed_until = 2017-12-31    # the end of that day; or a time, a number of days, or the name of a column
repeats = "same stay"          # or "new stay": what an event means while its customer is in that stage already
clock = "calendar"             # or "customer": all start together on their own day 0 (a cohort)
horizon_days = 365             # optional: of the scenario; left out, the span of the log
ignore = ["page_view"]         # event values that mean no stage
history = ["visits"]           # optional: what of the past acts on exits; also "purchases", "days_since_first"
already = ["was_member"]       # optional: events that tell where a customer is, and not since when
[stages]                       # stage = event values
targeted = ["campaign_start"]
redeemed = ["coupon_redeemed"]
redeemed_again = { event = "coupon_redeemed", after = "redeemed" }
viewed = { pattern = "view_*" }
large = { event = "order", where = "amount >= 100 and channel == web" }
[ends]
expired = ["campaign_end"]
[roles]                        # optional: what measures count a stage as (purchase, loyal, lost)
redeemed = "purchase"
[silent]                       # optional: stages whose event repeats and which customers leave unseen, and the model of that
redeemed = "bgnbd"             # or "paretonbd"; "bgnbd-k" and "paretonbd-k" look how regular purchases are
[contracts]                    # optional: stages whose event repeats at each renewal, and the end into which customers leave
member = "cancelled"
[doses]                        # optional, of the arms: 0 is control
nobody = 0
"5 % off" = 5
[forms]                        # optional: "choice" or "race", where the data are not to tell
targeted = "race"
[covariates]                   # optional: numbers or words by which customers differ: the first value of each
price = "price_paid"           # or { column = "price_paid", per = "stay" }: the value at the beginning of each stay
[frailty]                      # optional: what customers differ in by exit, where the data are not to tell
"redeemed -> redeemed_again" = "gamma" # a readiness of their own (race); "beta": a chance of their own (choice); "none"; or
# "normal" at several exits of races: one trait that loads on all of them
```
"""

import copy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sojourn.calibration.mapping_faults import contradictions, explained
from sojourn.calibration.mapping_form import Mapping as Mapping
from sojourn.calibration.mapping_form import history_order as history_order
from sojourn.calibration.mapping_form import parts_of as parts_of
from sojourn.calibration.misplaced import lifted, misplaced, told
from sojourn.scenarios.faults import Fault, Faults, fault
from sojourn.scenarios.syntax import tables


def load_mapping(path: str | Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        Faults: all mistakes of the file, each with its place, value and remedy.
    """
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise fault(file, "", f"cannot be read: {reason}", "give the path of a mapping file in TOML") from None
    return read_mapping(text, file)


def read_mapping(text: str, file: str = "<mapping>") -> Mapping:
    """Check a mapping given as text; `file` names it in messages. Raises Faults as `load_mapping` does."""
    document = tables(text, file, "a mapping", "there is no such day; write dates as 2017-12-31")
    if document.keys() >= {"scenario", "stages"} and "customer" not in document:
        remedy = "give a mapping: columns, events and stages; `sojourn calibrate LOG --suggest` proposes one"
        raise fault(file, "", "is a scenario, not a mapping", remedy)
    wrong = misplaced(document)
    found = list(told(wrong, file))
    document = lifted(document, wrong)
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as problem:
        raise Faults([*found, *explained(problem, document, file), *_beside(problem, document, file)]) from None
    found += contradictions(mapping, file)
    if found:
        raise Faults(found)
    return mapping


def _beside(problem: ValidationError, document: dict[str, Any], file: str) -> list[Fault]:
    """Contradictions in what is left without the entries whose form is wrong, where nothing else rests on these."""
    rest = copy.deepcopy(document)
    for error in problem.errors(include_url=False, include_context=False, include_input=False):
        key, *inside = error["loc"]
        if error["type"] == "extra_forbidden" and not inside:
            rest.pop(str(key), None)
        elif inside and key not in ("stages", "ends") and isinstance(table := rest.get(str(key)), dict):
            table.pop(str(inside[0]), None)
        else:
            return []
    try:
        mapping = Mapping.model_validate(rest)
    except ValidationError:
        return []
    return [one for one in contradictions(mapping, file) if not one.path.startswith("history")]  # a role may be missing
