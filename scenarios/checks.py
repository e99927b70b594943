"""Everything that is checked before a run, and all mistakes at once.

First the form of each part (types, ranges, unknown keys), then what only the whole shows. A part whose form is wrong is
replaced by a stub, so that the rest can still be examined, and draws no further findings: one mistake, one fault.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from sojourn.scenarios.check_effects import check_effects
from sojourn.scenarios.check_flow import check_shut, check_stages, check_whole
from sojourn.scenarios.check_history import check_history
from sojourn.scenarios.check_names import check_names, check_stage_names
from sojourn.scenarios.check_overrides import amended, back
from sojourn.scenarios.check_pace import check_pace
from sojourn.scenarios.check_sizes import check_sizes
from sojourn.scenarios.check_surveys import check_surveys
from sojourn.scenarios.check_targets import check_targets
from sojourn.scenarios.faults import Fault
from sojourn.scenarios.inquiry import Inquiry, unit
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.overrides import Place, alone
from sojourn.scenarios.translation import Trouble, translate

MOST = 200  # findings that are told


class Examination(NamedTuple):
    """What was found: the scenario (None with faults), its faults and its warnings."""

    scenario: Scenario | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class _Form(NamedTuple):
    scenario: Scenario | None
    troubles: list[Trouble]
    tainted: frozenset[Place]


def examine(document: dict[str, Any], file: str = "<text>") -> Examination:
    """Return the scenario that a document (tables and lists) says, with all faults and warnings."""
    faults, warnings, scenario = _examine(document, file)
    found = _distinct(faults, file)
    return Examination(None if found else scenario, found, _distinct(warnings, file))


def warnings(scenario: Scenario, file: str = "") -> tuple[Fault, ...]:
    """Return what a scenario says that is allowed but probably not meant."""
    return examine(scenario.document(), file or scenario.about.name).warnings


def _distinct(troubles: Iterable[Trouble], file: str) -> tuple[Fault, ...]:
    """Return the faults, each once; beyond `MOST` only how many there are."""
    found = tuple(dict.fromkeys(trouble.fault for trouble in troubles))
    if len(found) <= MOST:
        return found
    return (*found[:MOST], Fault(file, "", "", f"and {len(found) - MOST:,} more", "mend these first"))


def _examine(document: dict[str, Any], file: str) -> tuple[list[Trouble], list[Trouble], Scenario | None]:
    base = _form(document, file)
    faults = list(base.troubles)
    if base.scenario is None:
        return faults, [], None
    inquiry = Inquiry(base.scenario, file, base.tainted)
    forms: dict[str, _Form] = {}
    paths: list[Trouble] = []
    for name, segment in base.scenario.segments.items():
        if segment.override and not inquiry.is_tainted(("segments", name)):
            changed, wrong = amended(document, ("segments", name), segment.override, file, inquiry.is_tainted)
            paths += wrong
            forms[name] = _form(changed, file)
    inquiry.views = tuple(form.scenario for form in forms.values() if form.scenario is not None)
    _check_stages(inquiry)
    check_names(inquiry)
    check_whole(inquiry)
    check_surveys(inquiry)
    check_sizes(inquiry)
    faults += inquiry.faults
    known = _marks(faults)
    for name, form in forms.items():
        seen = [trouble for trouble in form.troubles if _mark(trouble) not in known]
        if form.scenario is not None:
            view = Inquiry(form.scenario, file, form.tainted, inquiry.views)
            _check_stages(view)
            seen += [trouble for trouble in view.faults if _mark(trouble) not in known]
        override = base.scenario.segments[name].override
        paths += [back(trouble, ("segments", name), override) for trouble in seen]
    variants: dict[str, Scenario] = {}
    for name, variant in base.scenario.variants.items():
        if not inquiry.is_tainted(("variants", name)):
            changed, wrong = amended(alone(document), ("variants", name), variant.override, file, inquiry.is_tainted)
            found, _, seen_as = _examine(changed, file)
            if seen_as is not None and not found:
                variants[name] = seen_as
            seen = [trouble for trouble in found if _mark(trouble) not in _marks([*faults, *paths])]
            paths += [*wrong, *(back(trouble, ("variants", name), variant.override) for trouble in seen)]
    noted = len(inquiry.faults)
    check_shut(inquiry, variants.values())
    check_targets(inquiry, variants)
    faults += inquiry.faults[noted:]
    return [*faults, *paths], inquiry.warnings, base.scenario


def _check_stages(inquiry: Inquiry) -> None:
    check_stages(inquiry)
    check_stage_names(inquiry)
    check_effects(inquiry)
    check_history(inquiry)
    check_pace(inquiry)


def _mark(trouble: Trouble) -> tuple[str, str]:
    return trouble.fault.path, trouble.fault.message


def _marks(troubles: Iterable[Trouble]) -> set[tuple[str, str]]:
    return {_mark(trouble) for trouble in troubles}


def _form(document: dict[str, Any], file: str) -> _Form:
    """Validate the form; where parts are wrong, put stubs in their place and validate the rest."""
    troubles: list[Trouble] = []
    tainted: set[Place] = set()
    mended = dict(document)
    for _ in range(3):
        try:
            return _Form(Scenario.model_validate(mended), troubles, frozenset(tainted))
        except ValidationError as error:
            news = translate(error.errors(include_url=False), mended, file)
        except RecursionError:
            message = "tables are nested too deeply"
            return _Form(
                None, [Trouble((), Fault(file, "", "", message, "nest them only a few levels deep"))], frozenset()
            )
        troubles += news
        for trouble in news:
            for place in {unit(trouble.place), *_meant(trouble)}:
                tainted.add(place)
                _stub(mended, place)
    return _Form(None, troubles, frozenset(tainted))


def _meant(trouble: Trouble) -> list[Place]:
    """Return the table that a misspelt table name probably means, so that it does not count as missing."""
    if len(trouble.place) != 1 or not trouble.fault.remedy.startswith("did you mean"):
        return []
    return [(trouble.fault.remedy.split('"')[1],)]


def _stub(document: dict[str, Any], place: Place) -> None:
    """Replace a part by the least that is valid."""
    section = str(place[0])
    if len(place) == 2 and isinstance(document.get(section), dict):
        table = {**document[section]}
        stubs: dict[str, Any] = {
            "stages": {"end": True},
            "segments": {"share": 0.0},
            "desks": {"agents": 1, "handle": {"law": "deterministic", "value": 1}},
            "levers": {},
            "strategies": {},
        }
        name = str(place[1])
        if section in stubs and not _bad_name(name):
            table[name] = stubs[section]
        else:
            table.pop(name, None)
        document[section] = table
        return
    stages = document.get("stages")
    first = next(iter(stages), "stub") if isinstance(stages, dict) else "stub"
    required: dict[str, Any] = {
        "format": 1,
        "scenario": {"name": "stub", "start": first, "horizon_days": 1},
        "arrivals": {"rate_per_day": 1},
        "stages": {"stub": {"end": True}},
    }
    document.pop(section, None)
    if section in required:
        document[section] = required[section]


def _bad_name(name: str) -> bool:
    return not name or len(name) > 100 or not all(letter.isalnum() or letter in "_-" for letter in name)
