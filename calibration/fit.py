"""A fit: everything a scenario needs, estimated from one log. It stands alone, and writes itself as a scenario."""

from dataclasses import dataclass, field

import numpy as np

from sojourn.calibration.arrivals import ArrivalsFit, fit_arrivals
from sojourn.calibration.beginnings import startable
from sojourn.calibration.contracts import ContractFit, fit_contract
from sojourn.calibration.differing import too_steep
from sojourn.calibration.drift import Drift, drifts
from sojourn.calibration.exits import StageFit, fit_stage
from sojourn.calibration.histories import histories_of
from sojourn.calibration.loads import Loads
from sojourn.calibration.logs import Log
from sojourn.calibration.scenario import scenario_text
from sojourn.calibration.shared import with_loads
from sojourn.calibration.silent import REGULAR, SilentFit, fit_silent
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.brief import brief, listed
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import loads
from sojourn.scenarios.model import Scenario
from sojourn.scenarios.plurals import plural


@dataclass(frozen=True)
class Fit:
    """Laws of all stages, where customers start, which segments they are of, and how they arrive.

    Attributes:
        log: the log fitted to.
        stages: the fits, by name, of the stages that are no ends and in which somebody was seen.
        starts: share of customers whose journey begins in a stage, by its name.
        shares: share of customers in each segment, by its name.
        arrivals: how customers arrive.
        notes: what a reader should know, in sentences.
        silent: the models of the stages that customers leave unseen, by name; they are not among `stages`.
        contracts: the models of the stages under contract, by name; neither are they.
        loads: one trait of customers that loads on several exits, where the mapping asks for it; their laws are in `stages`.
        drift: what differs between the first and the second half of the log beyond chance.
    """

    log: Log
    stages: dict[str, StageFit]
    starts: dict[str, float]
    shares: dict[str, float]
    arrivals: ArrivalsFit
    notes: tuple[str, ...]
    silent: dict[str, SilentFit] = field(default_factory=dict)
    contracts: dict[str, ContractFit] = field(default_factory=dict)
    drift: tuple[Drift, ...] = ()
    loads: Loads | None = None

    def __repr__(self) -> str:
        return brief(self, self.log.source, plural(self.log.counts["customers"], "customer"), listed(self.stages))

    @property
    def absorbing(self) -> tuple[str, ...]:
        """Stages that somebody entered and nobody was seen to leave, and the ends of the mapping that were reached."""
        log = self.log
        reached = [log.stages[k] for k in np.flatnonzero(np.bincount(log.stays.stage)) if log.ends[k]]
        return (*(name for name, stage in self.stages.items() if not stage.exits), *reached)

    def scenario_text(self, title: str = "") -> str:
        """The fit as a scenario file (TOML) that runs as it is, with counts and standard errors beside every law."""
        return scenario_text(
            self.log,
            self.stages,
            self.starts,
            self.shares,
            self.arrivals,
            self.notes,
            title,
            self.silent,
            self.contracts,
            self.loads,
        )

    def scenario(self) -> Scenario:
        """The fit as a scenario, read back from its text."""
        return loads(self.scenario_text(), f"scenario of {self.log.source}")


@checked_arguments
def fit(log: Log, like: Fit | None = None) -> Fit:
    """Fit every stage of a log.

    `like` is a fit to more of the same customers: what the laws are made of is then as it is there, and only their numbers
    and the choice between smooth laws are new. Customers who cannot start anywhere are left out (see `beginnings`).

    Raises:
        Faults: where nobody is seen to move, and for a covariate in units too large for its effects to be written.
    """
    log = startable(log)
    known_since = log.stays.stage if log.late is None else log.stays.stage[~np.isnan(log.late)]
    seen = np.flatnonzero(np.bincount(known_since, minlength=len(log.stages)))
    known = like.stages if like is not None else {}
    stages = {
        log.stages[k]: fit_stage(log, int(k), known.get(log.stages[k]))
        for k in seen
        if not log.ends[k] and log.stages[k] not in {*log.silent, *log.contracts}
    }
    if like is None and (faults := too_steep(log, stages)):
        raise Faults(faults)
    stages, loads, told = with_loads(log, stages)
    unseen = {name: kind for name, kind in log.silent.items() if log.stages.index(name) in seen}
    steps = {name: one.k for name, one in like.silent.items()} if like is not None else {}
    silent = {
        name: fit_silent(histories_of(log.begun, name, times=kind in REGULAR), kind, steps.get(name), even_if_none=True)
        for name, kind in unseen.items()
    }
    came = log.begun
    first = came.stays.stage[came.first[:-1]]
    counts = np.bincount(first, minlength=len(log.stages))
    starts = {log.stages[k]: float(counts[k] / first.size) for k in np.flatnonzero(counts)}
    sizes = np.bincount(came.segment, minlength=len(log.segments))
    shares = {name: float(sizes[k] / came.segment.size) for k, name in enumerate(log.segments) if sizes[k]}
    notes = [*log.notes, *told]
    differ = [name for name, stage in stages.items() if stage.differ.speeds or stage.differ.chance is not None]
    moved = drifts(log, differ) if like is None else ()
    notes += [one.sentence for one in moved]
    if moved:
        notes.append(
            "The scenario holds the mean of both halves and goes on with it. For what comes next, fit the later part of the log "
            "alone, or try both as variants."
        )
    notes += [note for stage in stages.values() for note in stage.warnings]
    agreed = {name: end for name, end in log.contracts.items() if log.stages.index(name) in seen}
    contracts = {name: fit_contract(log.begun, name, end) for name, end in agreed.items()}
    notes += [one.said(name) for name, one in contracts.items()]
    notes += [
        note for name, one in silent.items() for note in (one.said(name), *one.notes, *one.rounded(log.resolution))
    ]
    for name, stage in stages.items():
        if not stage.exits:
            stays = "1 stay" if stage.entries == 1 else f"{stage.entries:,} stays"
            notes.append(
                f"Nobody was seen to leave {name} ({stays}): it is written as an end. If customers do leave it, map the "
                "event that tells."
            )
    missing = [name for k, name in enumerate(log.stages) if k not in seen and name not in log.unstarted]
    if missing:
        notes.append(f"The log never shows {', '.join(missing)}: left out of the scenario.")
    pooled = [
        name for name, stage in stages.items() if stage.exits and not (stage.by_segment or stage.choice_by_segment)
    ]
    if len(shares) > 1 and pooled:
        notes.append(f"Segments do not differ, as far as the data tell, in how they leave {', '.join(pooled)}.")
    arrivals = fit_arrivals(log)
    if log.outlasted and arrivals.cohort is None:
        notes.append(
            f"The scenario lasts {log.horizon:,.0f} days and the log {log.span:,.0f}: after it {arrivals.afterwards}. How "
            "stays that are longer than the log end, no data tell."
        )
    return Fit(
        log=log,
        stages=stages,
        starts=starts,
        shares=shares,
        arrivals=arrivals,
        notes=tuple(notes),
        silent=silent,
        contracts=contracts,
        drift=moved,
        loads=loads,
    )
