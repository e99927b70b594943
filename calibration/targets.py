"""Numbers of a scenario chosen so that the simulation meets its targets: one verb, `fit_targets`.

Every trial has the same customers with the same draws (common random numbers), so that a misfit moves with the numbers and not
with luck. Replications grow as the misfit shrinks. In the end the numbers found are judged on fresh seeds, so that the
luck of the seed that they were found with is not taken for a fit.
"""

from collections.abc import Mapping

import numpy as np

from sojourn.calibration.apart import Direction, learn
from sojourn.calibration.attempts import News, Stand, Trials
from sojourn.calibration.fitted import Number, TargetFit, Undecided
from sojourn.calibration.free import Bounds, Free, changes, free_numbers, moved, tidy
from sojourn.calibration.search import FEWER, WEIGHT, Box, Floats, Search, Stuck, told
from sojourn.experiments.attained import Evaluation
from sojourn.experiments.targets import check_measures, versions
from sojourn.scenarios.arguments import checked_arguments
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.model import Scenario
from sojourn.sim.estimates import LEVEL
from sojourn.sim.estimating import student

FIRST = 6  # replications of the first trials
GROWTH = 4
FEWEST, MOST = 20, 160  # replications of the last ones, unless asked for
WORTH = 0.1  # share of the squared misfits that must be gained for numbers to be moved along faint slopes
STRONGER = 10  # times the pull along them
SHARP = 2.0  # the simulation error of the last trials is to be this many times smaller than the tolerance


@checked_arguments
def fit_targets(
    scenario: Scenario,
    free: Mapping[str, Bounds | None] | None = None,
    *,
    customers: int | None = None,
    replications: int | None = None,
    seed: int = 1,
    news: News | None = None,
) -> TargetFit:
    """Choose numbers of a scenario so that its targets are met by simulation.

    Where the file's own numbers meet all targets already, nothing is moved. Else what is made small is the sum of squares of
    misfits, each in units of its tolerance; where the targets cannot tell the numbers apart, a weak pull to the file's own
    numbers is added, so that the answer is the least change.

    Args:
        scenario: the file as a whole, with targets.
        free: which numbers may move: (low, high) by path, or None for default bounds; left out, the file's
            table `[free]`, or else what the targets name as `tuned`.
        customers: exactly so many a replication, in place of the scenario's own arrivals.
        replications: of the last trials and of the check on fresh seeds; left out, so many that the simulation error is
            half of the tolerances (20 to 160).
        seed: of the trials; the check has the next one.
        news: called after each simulation.

    Raises:
        Faults: no targets, no number that may move, or a target that is undefined with the numbers of the file.
    """
    about = scenario.about.name
    if not scenario.targets:
        remedy = "add [[targets]] with measure, value and tolerance"
        raise Faults([Fault(about, "targets", "", "states no targets, so there is nothing to meet", remedy)])
    if replications is not None and replications < 2:
        remedy = "give 2 or more, so that there is a simulation error"
        raise Faults([Fault(about, "replications", str(replications), "one replication tells no error", remedy)])
    check_measures(scenario, versions(scenario))
    numbers = free_numbers(scenario, free)
    trials = Trials(scenario, numbers, seed, customers, news)
    already = _already(scenario, trials, numbers, replications)
    if already is not None:
        return already
    search, last = _searched(scenario, trials, _box(numbers), replications)
    values = [tidy(one, value) for one, value in zip(numbers, trials.values(search.z), strict=True)]
    search.z = np.array([one.scale.inner(value) for one, value in zip(numbers, values, strict=True)])
    before = trials.evaluation([one.value for one in numbers], last, trials.fresh)
    after = trials.evaluation(values, last, trials.fresh)
    assert before is not None
    assert after is not None
    knowledge = learn(trials.misfit, trials.afresh, search, last, _chance(after))
    changed = changes(scenario.document(), numbers, values)
    followed = {i for one in knowledge.directions for i in (one.moving, *one.following)}
    moving = tuple(
        Number(
            one,
            value,
            _error(one, value, knowledge.errors[i]),
            _outer(one, knowledge.ranges[i]),
            i in followed,
            knowledge.stops[i],
        )
        for i, (one, value) in enumerate(zip(numbers, values, strict=True))
    )
    return TargetFit(
        scenario=scenario,
        fitted=moved(scenario, changed),
        numbers=moving,
        changes=changed,
        before=before,
        after=after,
        undecided=tuple(_undecided(one, numbers, values, len(scenario.targets)) for one in knowledge.directions),
        reached=bool(np.all(np.abs(search.r) <= 1)),
        pull=search.pull,
        seed=seed,
        simulations=len(trials.known),
    )


def _already(
    scenario: Scenario, trials: Trials, numbers: tuple[Free, ...], replications: int | None
) -> TargetFit | None:
    """The fit where the file's own numbers meet all targets, with the customers of the trials and with fresh ones."""
    values = [one.value for one in numbers]
    effort = min(FIRST, replications or FIRST)
    found = trials.evaluation(values, effort, trials.seed)
    if found is None or any(one.met is False or one.misfit.mean is None for one in found.attained):
        return None
    enough = replications or _enough(found, effort)
    for seed in (trials.seed, trials.fresh):
        found = trials.evaluation(values, enough, seed)
        if found is None or any(one.met is not True or one.within != "tolerance" for one in found.attained):
            return None
    return TargetFit(
        scenario=scenario,
        fitted=scenario,
        numbers=tuple(Number(one, one.value, None, None, False, "") for one in numbers),
        changes={},
        before=found,
        after=found,
        undecided=(),
        reached=True,
        pull=0.0,
        seed=trials.seed,
        simulations=len(trials.known),
        already=True,
    )


def _chance(found: Evaluation) -> Floats:
    return np.array([(one.error or 0.0) / one.target.tolerance for one in found.attained])


def _error(one: Free, value: float, error: float | None) -> float | None:
    if error is None:
        return None
    z = one.scale.inner(value)
    return abs(one.scale.outer(z + error) - one.scale.outer(z - error)) / 2


def _outer(one: Free, ends: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if ends is None else (tidy(one, one.scale.outer(ends[0])), tidy(one, one.scale.outer(ends[1])))


def _undecided(found: Direction, numbers: tuple[Free, ...], values: list[float], targets: int) -> Undecided:
    involved = (found.moving, *found.following)
    low, high = (
        {numbers[i].path: tidy(numbers[i], numbers[i].scale.outer(float(end[i]))) for i in involved}
        for end in found.ends
    )
    return Undecided(numbers[found.moving].path, {numbers[i].path: values[i] for i in involved}, (low, high), targets)


def _box(numbers: tuple[Free, ...]) -> Box:
    def scaled(values: list[float]) -> Floats:
        return np.array([one.scale.inner(value) for one, value in zip(numbers, values, strict=True)])

    return Box(
        scaled([one.value for one in numbers]),
        scaled([one.low for one in numbers]),
        scaled([one.high for one in numbers]),
        np.array([one.scale.unit for one in numbers]),
    )


def _searched(scenario: Scenario, trials: Trials, box: Box, replications: int | None) -> tuple[Search, int]:
    """The search at its end, and the replications of the last trials: as many as told, or until chance is small enough."""
    search = Search(trials.misfit, box)
    effort = first = min(FIRST, replications or FIRST)
    noise = 0.0
    while True:
        _begin(search, effort, scenario, trials)
        if effort == first and not noise:
            _, noise = told(trials.misfit, trials.afresh, box, search.z, first)
            search.pull = WEIGHT if _open(search, noise) else 0.0
        search.least = max(1.0, noise * (first / effort) ** 0.5)
        enough = replications or _enough(trials.evaluation(trials.values(search.z), effort, trials.seed), effort)
        search.refine(effort, thorough=effort >= enough)
        if effort >= enough:
            break
        effort = min(effort * GROWTH, enough)
    if np.any(np.abs(search.r) > 1):
        _faintly(search, effort)
    return search, effort


def _faintly(search: Search, effort: int) -> None:
    """Go on along directions of little or noisy effect, under a stronger pull, and keep what is clearly nearer to the targets."""
    z, r, found, pull = search.z, search.r, search.slopes, search.pull
    few = max(effort // FEWER, min(FIRST, effort))
    search.least, search.pull = 0.0, STRONGER * WEIGHT
    search.begin(few)
    search.refine(few, thorough=True)
    search.begin(effort)
    before, after = float(r @ r), float(search.r @ search.r)
    if before - after < max(1.0, WORTH * before):
        search.z, search.r, search.slopes, search.pull = z, r, found, pull


def _enough(found: Evaluation | None, effort: int) -> int:
    """Replications with which the simulation error is small beside every tolerance, as far as these tell."""
    assert found is not None
    easing = student(LEVEL, 1000) / student(LEVEL, effort - 1)
    errors = [(one.error or 0.0) * easing / one.target.tolerance for one in found.attained]
    return int(np.clip(np.ceil(effort * (SHARP * max(errors)) ** 2), FEWEST, MOST))


def _begin(search: Search, effort: int, scenario: Scenario, trials: Trials) -> None:
    try:
        search.begin(effort)
    except Stuck as stuck:
        trouble = trials.trouble
        why = "a target is undefined then" if trouble is None else f"{trouble.path}: {trouble.message}"
        raise Faults(
            Fault(
                scenario.about.name,
                "free",
                trials.free[i].path,
                f"moving {trials.free[i].path} leaves nothing to simulate: {why}",
                "name another number",
            )
            for i in stuck.numbers
        ) from None
    except ValueError:
        found = trials.evaluation(trials.values(search.z), effort, trials.seed)
        unknown = [i for i, one in enumerate(found.attained) if one.misfit.mean is None] if found else []
        raise Faults(
            Fault(
                scenario.about.name,
                f"targets[{i}]",
                scenario.targets[i].name,
                f"{scenario.targets[i].measure} is undefined with the numbers of the file, so that no slope leads to the target",
                "begin with numbers that give a figure, or have more customers",
            )
            for i in unknown
        ) from None


def _open(search: Search, least: float) -> bool:
    """Whether the targets leave a direction open."""
    effects = search.slopes * search.box.reach
    return effects.shape[1] > effects.shape[0] or bool(np.linalg.svd(effects, compute_uv=False)[-1] < least)


__all__ = ["News", "Stand", "TargetFit", "fit_targets"]
