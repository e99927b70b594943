"""What checks share: the scenario, how each segment sees it, and the findings so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sojourn.scenarios.faults import Fault, clipped, dotted, nearest, quoted, shown
from sojourn.scenarios.model import Scenario, Stage
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.translation import Trouble

NAMED = frozenset(
    {"segments", "stages", "desks", "surveys", "levers", "strategies", "variants"}
)  # tables of named things

MOST_NAMES = 50


def unit(place: Place) -> Place:
    """Return the part of the file that a place belongs to: a stage, a lever, ..., or a whole table."""
    return place[:2] if place and place[0] in NAMED else place[:1]


@dataclass
class Inquiry:
    """One scenario under examination. Parts with mistakes of form (`tainted`) draw no further findings."""

    scenario: Scenario
    file: str
    tainted: frozenset[Place] = frozenset()
    views: tuple[Scenario, ...] = ()
    faults: list[Trouble] = field(default_factory=list)
    warnings: list[Trouble] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Stages that contradict themselves, so that nothing more can be said about their exits."""
    missing: dict[tuple[str, str], int] = field(default_factory=dict)
    """Index in `faults` of each (table, name) that does not exist: a name is one mistake, wherever it is used."""

    def fault(self, place: Place, message: str, remedy: str, value: object = None, about: Iterable[Place] = ()) -> None:
        """Note a mistake at a place; `about` names other parts without which there would be none."""
        self._note(self.faults, place, message, remedy, value, about)

    def warn(self, place: Place, message: str, remedy: str, value: object = None, about: Iterable[Place] = ()) -> None:
        """Note something that is allowed but probably not meant."""
        self._note(self.warnings, place, message, remedy, value, about)

    def is_tainted(self, place: Place) -> bool:
        """Tell whether a part, or the table that it is in, has a mistake of form; of a table: whether any part has."""
        if len(place) == 1:
            return any(part[0] == place[0] for part in self.tainted)
        return unit(place) in self.tainted or place[:1] in self.tainted

    @property
    def gathering(self) -> bool:
        """Whether any stage learns something about customers."""
        return any(stage.gathers is not None for stage in self.scenario.stages.values())

    @property
    def feeling(self) -> bool:
        """Whether a desk's failures are felt for some days, by anybody."""
        overridden = (key for segment in self.scenario.segments.values() for key in segment.override)
        return any(desk.failure_days for desk in self.scenario.desks.values()) or any(
            key.endswith(".failure_days") for key in overridden
        )

    @property
    def stages_are_sound(self) -> bool:
        """Whether no stage has a mistake of form, so that the journey as a whole can be judged."""
        return not any(place[0] in ("stages", "format") for place in self.tainted)

    def names(self, table: str) -> list[str]:
        """Return the names in a table of named things, such as "stages", those with mistakes of form included."""
        names = list(getattr(self.scenario, table))
        return [
            *names,
            *(str(part[1]) for part in self.tainted if part[0] == table and part[1:] and part[1] not in names),
        ]

    def known(self, table: str, name: str, place: Place) -> bool:
        """Tell whether a table has a name; note a fault where the file does not say it at all."""
        if name in getattr(self.scenario, table):
            return True
        names = self.names(table)
        if name in names or (table,) in self.tainted:
            return False
        if (table, name) in self.missing:
            self._again(self.missing[table, name])
            return False
        noted = len(self.faults)
        if len(self.missing) >= MOST_NAMES:
            names = names[:MOST_NAMES]  # a search among thousands for each of thousands would take minutes
        remedy = nearest(name, names) if names else f"add [{table}.{clipped(name)}] to the file"
        self.fault(place, f"no {table.removesuffix('s')} named {quoted(name)}", remedy, name)
        if len(self.faults) > noted:
            self.missing[table, name] = noted
        return False

    def sights(self, stage: str) -> list[Stage]:
        """Return a stage as each segment sees it."""
        return [view.stages[stage] for view in (self.scenario, *self.views) if stage in view.stages]

    def exit(self, name: str, place: Place) -> tuple[str, str] | None:
        """Return the two stages of an exit, or None after noting that there is no such exit."""
        here, there = name.split(" -> ")
        if self.is_tainted(("stages", here)) or here in self.broken:
            return None
        if not self.known("stages", here, place) or not self.known("stages", there, place):
            return None
        exits = list(dict.fromkeys(to for sight in self.sights(here) for to in sight.exit_names))
        if there in exits:
            return here, there
        if any(to not in self.scenario.stages for to in exits):
            return None  # an exit is misspelt, and reported as such
        if not exits:
            remedy = (
                "it is an end; name an exit of another stage" if self.scenario.stages[here].end else "add exits to it"
            )
        else:
            remedy = nearest(name, [f"{here} -> {to}" for to in exits])
        about = [("stages", here), ("stages", there)]
        self.fault(place, f"{here} has no exit to {quoted(there)}", remedy, name, about=about)
        return None

    def _again(self, index: int) -> None:
        place, fault = self.faults[index]
        message, _, times = fault.message.partition(" (named in ")
        count = int(times.split()[0]) + 1 if times else 2
        self.faults[index] = Trouble(place, replace(fault, message=f"{message} (named in {count} places)"))

    def _note(
        self, to: list[Trouble], place: Place, message: str, remedy: str, value: object, about: Iterable[Place]
    ) -> None:
        if any(self.is_tainted(part) for part in (place, *about)):
            return
        text = "" if value is None else shown(value)
        to.append(Trouble(place, Fault(self.file, dotted(place), text, message, remedy.removeprefix("; "))))
