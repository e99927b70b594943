"""Writes a fit as a scenario file: the same fit gives the same text, and the text runs as it is."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from sojourn.calibration.arrivals import ArrivalsFit
from sojourn.calibration.bgnbd import BgNbd
from sojourn.calibration.candidates import CANDIDATES, Candidate
from sojourn.calibration.choices import ChoiceFit
from sojourn.calibration.compounds import of_all, share_of
from sojourn.calibration.contracts import ContractFit
from sojourn.calibration.curves import jumping, quantiles
from sojourn.calibration.differing import own_draws, past_effects
from sojourn.calibration.durations import LawFit, percent
from sojourn.calibration.exits import StageFit
from sojourn.calibration.loads import Loads
from sojourn.calibration.logs import Log
from sojourn.calibration.mapping import parts_of
from sojourn.calibration.silent import SilentFit
from sojourn.calibration.spells import Floats
from sojourn.calibration.written import comment
from sojourn.calibration.written import key as key
from sojourn.calibration.written import number as number
from sojourn.calibration.written import plain as plain
from sojourn.calibration.written import text as text
from sojourn.scenarios.plurals import plural


def scenario_text(
    log: Log,
    stages: Mapping[str, StageFit],
    starts: Mapping[str, float],
    shares: Mapping[str, float],
    arrivals: ArrivalsFit,
    notes: Iterable[str],
    title: str = "",
    silent: Mapping[str, SilentFit] | None = None,
    contracts: Mapping[str, ContractFit] | None = None,
    loads: Loads | None = None,
) -> str:
    """The scenario in TOML. Counts and standard errors stand beside each law and again under [[sources]]."""
    lines = [*_head(log, notes), "format = 1", "", *_about(log, starts, title), "", *_arrivals(arrivals, log.horizon)]
    lines += _segments(log, stages, shares)
    unseen, agreed = silent or {}, contracts or {}
    lines += own_draws(unseen, agreed, stages, loads)
    lines += past_effects(log, stages)
    for stage in stages.values():
        lines += ["", *_stage(stage, log.roles.get(stage.stage))]
    for name, found in unseen.items():
        lines += ["", *silent_stages(name, found, log.roles.get(name))]
    for name, contract in agreed.items():
        lines += ["", *contract_stage(name, contract, log.roles.get(name))]
    reached = [
        *(to for stage in stages.values() for to in stage.exits),
        *(contract.end for contract in agreed.values()),
    ]
    for name in dict.fromkeys(reached):
        if name not in stages and name not in unseen and name not in agreed:
            lines += ["", f"[stages.{key(name)}]", "end = true", *_role(log.roles.get(name))]
    lines += _sources(log, stages, arrivals)
    for name in agreed:
        said = f"{log.source}: shifted beta-geometric, maximum likelihood; length of terms as seen"
        lines += _source([f"stages.{name}", "frailty.beta"], said)
    differ = [name for name, stage in stages.items() if stage.differ.speeds or stage.differ.chance is not None]
    if loads is not None:
        differ += sorted({name.split(" -> ")[0] for name in loads.names})
    if differ and not unseen:
        said = f"{log.source}: customers' own readiness and chances, maximum likelihood from repeats in {', '.join(differ)}"
        lines += _source(["frailty"], said)
    if any(stage.differ.effects for stage in stages.values()):
        paths = ["history", *(["traits"] if log.covariates else [])]
        lines += _source(
            paths, f"{log.source}: regression on hazards and odds, maximum likelihood, columns of the mapping"
        )
    if unseen:
        paths = ["frailty", *(f"stages.{part}" for name in unseen for part in parts_of(name))]
        lines += _source(
            paths, f"{log.source}: {'; '.join(found.model.title for found in unseen.values())}, maximum likelihood"
        )
    return "\n".join(lines) + "\n"


def law_text(law: LawFit) -> str:
    """A law as the scenario file writes it, on one line."""
    if law.further and law.maximum is not None:
        (shares, at), never = jumping(*heaps_of(law, law.maximum[0]))
        rest = f", never = {never!r}" if never > 0.0 else ""
        told = (", ".join(repr(value) for value in values) for values in (shares, at))
        return '{{ law = "empirical", share = [{}], days = [{}]{} }}'.format(*told, rest)
    within = _law_within(law)
    if law.deadline is None:
        return within
    day, share = law.deadline
    return f'{{ law = "deadline", day = {number(day)}, share = {number(share)}, otherwise = {within} }}'


def heaps_of(law: LawFit, theta: Floats) -> tuple[Candidate, Floats, list[float], list[float], float]:
    """A law with several deadlines as `jumping` takes it, at numbers on the scale that it was fitted in."""
    candidate = CANDIDATES[law.law]
    base = len(candidate.parameters)
    never = share_of(theta[base]) if law.never > 0.0 else 0.0
    first = base + (law.never > 0.0)
    days = [one.day for one in (law.deadline, *law.further) if one is not None]
    return candidate, theta[:base], days, of_all([share_of(one) for one in theta[first:]]), never


def _law_within(law: LawFit) -> str:
    """The law but for a deadline. A share that never leaves is written as quantiles of the fitted law with `never`."""
    curve, never = law.curve, law.never
    if curve is None and never > 0.0 and law.maximum is not None:
        candidate = CANDIDATES[law.law]
        curve, never = quantiles(candidate, law.maximum[0][: len(candidate.parameters)], never)
    if curve is not None:
        shares, ages = (", ".join(repr(value) for value in values) for values in curve)
        rest = f", never = {never!r}" if never > 0.0 else ""
        return f'{{ law = "empirical", share = [{shares}], days = [{ages}]{rest} }}'
    numbers = "".join(f", {name} = {number(value)}" for name, value in law.parameters.items())
    return f'{{ law = "{law.law}"{numbers} }}'


def days(mean: float, error: float | None = None) -> str:
    """A number of days for people, with its standard error where there is one."""
    told = f"{mean:.1f} days" if mean < 100 else f"{mean:,.0f} days"
    return f"{told} (standard error {error:.2g})" if error is not None and math.isfinite(error) else told


def lasting(stage: StageFit) -> str:
    """How long a stay lasts in the mean, for people; where no law can tell, within the days that were watched."""
    dwell = stage.dwell
    if dwell is not None and (dwell.curve is not None or dwell.never > 0.0):
        return f"lasts {days(*stage.restricted)} in the mean of the first {stage.longest:,.0f}"
    if dwell is not None and stage.mean_within_reach:
        return f"lasts {days(dwell.mean, dwell.mean_error)} in the mean"
    return f"lasts longer in the mean than anybody was watched ({days(stage.longest)})"


def seen(law: LawFit, others: str = "ended otherwise or still open") -> str:
    """Counts and standard errors of a law, for people."""
    finished = f"{law.complete:,} seen, {law.censored:,} {others}"
    errors = ", ".join(f"{name} {value:.2g}" for name, value in law.errors.items())
    if law.curve is not None:
        return f"{finished}; read from the data (Kaplan-Meier)"
    told = f"{finished}; standard error: {errors}" if errors else f"{finished}; all of one length"
    if law.never > 0.0:
        numbers = ", ".join(f"{name} {number(value)}" for name, value in law.parameters.items())
        told += f"; quantiles of the {law.law} law fitted to those who leave ({numbers})"
        told += f" beside {percent(law.never, 1)} who never do"
    return told


def _head(log: Log, notes: Iterable[str]) -> Iterator[str]:
    counts = log.counts
    yield from comment(
        f"Calibrated by Sojourn from {log.source}: {plural(counts['customers'], 'customer')}, {plural(counts['stays'], 'stay')}, "
        f"{counts['stays still open']:,} of them still open when the watching ended."
    )
    yield from comment(
        "Every law is fitted to all stays of its stage: one that ended otherwise or was still open says that this exit "
        "took longer."
    )
    for note in notes:
        yield from comment(f"- {note}")


def _about(log: Log, starts: Mapping[str, float], title: str) -> Iterator[str]:
    stem = PurePath(log.source).stem
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:60] or "journey"
    clock = f"day 0 is {log.clock} UTC" if log.clock and log.calendar else "day 0 is the first event"
    if not log.calendar:
        clock = "day 0 is each customer's first event"
    yield "[scenario]"
    yield f"name = {text(name)}"
    yield f"title = {text(title or f'Journey of {stem}')}"
    yield f"source = {text(f'calibrated from {log.source}; {clock}')}"
    if len(starts) == 1:
        yield f"start = {text(next(iter(starts)))}"
    else:
        table = ", ".join(
            f"{key(name)} = {share}" for name, share in zip(starts, _shares(starts.values()), strict=True)
        )
        yield f"start = {{ {table} }}"
    yield f"horizon_days = {number(log.horizon)}"


def _arrivals(arrivals: ArrivalsFit, horizon: float) -> Iterator[str]:
    yield "[arrivals]"
    yield from comment(arrivals.said)
    if arrivals.cohort is not None:
        yield f"cohort = {arrivals.cohort}"
    elif arrivals.rate_per_day is not None:
        yield f"rate_per_day = {number(arrivals.rate_per_day)}"
    else:
        daily = [number(rate).removesuffix(".0") for rate in arrivals.written]
        yield "daily = ["
        for k in range(0, len(daily), 20):
            yield f"  {', '.join(daily[k : k + 20])},"
        yield "]"
    if arrivals.until_day is not None and arrivals.until_day < horizon:
        yield f"until_day = {number(arrivals.until_day)}"


def _shares(shares: Iterable[float]) -> list[str]:
    """Shares with six digits that add up to 1."""
    rounded = [round(share * 1_000_000) for share in shares]
    rounded[rounded.index(max(rounded))] += 1_000_000 - sum(rounded)
    return [repr(share / 1_000_000) for share in rounded]


def _segments(log: Log, stages: Mapping[str, StageFit], shares: Mapping[str, float]) -> Iterator[str]:
    if len(log.segments) < 2 and log.segments == ("all",):
        return
    for name, share in zip(shares, _shares(shares.values()), strict=True):
        yield ""
        yield f"[segments.{key(name)}]"
        yield from comment(f"customers with {log.labels[log.segments.index(name)]}")
        yield f"share = {share}"
        own = [(stage, to, laws[name]) for stage in stages.values() for to, laws in stage.by_segment.items()]
        choices = [(stage, stage.choice_by_segment[name]) for stage in stages.values() if stage.choice_by_segment]
        if own or choices:
            yield f"[segments.{key(name)}.override]"
        for stage, to, law in own:
            yield f"{text(f'stages.{stage.stage}.race.{to}')} = {law_text(law)}"
            yield from comment(seen(law))
        for stage, choice in choices:
            ways = ", ".join(f"{key(to)} = {way}" for to, way in _ways(choice))
            yield f"{text(f'stages.{stage.stage}.exits')} = {{ {ways} }}"
            for to in choice.laws:
                yield from comment(f"{to}: {chosen(choice, to)}")


def _ways(choice: ChoiceFit) -> Iterator[tuple[str, str]]:
    """The exits of a choice, as the scenario file writes them."""
    for (to, law), share in zip(choice.laws.items(), _shares(choice.probabilities.values()), strict=True):
        yield to, f"{{ probability = {share}, dwell = {law_text(law)} }}"


def chosen(choice: ChoiceFit, to: str) -> str:
    """Counts and standard errors of one exit of a choice, for people."""
    law = choice.laws[to]
    return (
        f"probability {choice.probabilities[to]:.4f}, standard error {choice.errors[to]:.2g}; {seen(law, 'still open')}"
    )


def _role(role: str | None) -> Iterator[str]:
    if role:
        yield f"role = {text(role)}"


def _stage(stage: StageFit, role: str | None) -> Iterator[str]:
    yield f"[stages.{key(stage.stage)}]"
    yield from comment(f"{plural(stage.entries, 'stay')}, {stage.still_open:,} still open")
    if not stage.exits:
        yield from comment("nobody was seen to leave: an end, as far as the log tells")
        yield "end = true"
    elif stage.dwell is not None:
        dwell = stage.dwell
        naive = f"; the finished stays alone would say {days(dwell.naive_mean)}" if dwell.naive_mean is not None else ""
        lasts = lasting(stage)
        yield from comment(f"a stay {lasts}{naive}")
    yield from _role(role)
    if stage.choice is not None:
        for to, way in _ways(stage.choice):
            yield f"exits.{key(to)} = {way}"
            yield from comment(chosen(stage.choice, to))
        return
    for to, law in stage.exits.items():
        yield f"race.{key(to)} = {law_text(law)}"
        yield from comment(seen(law))


def _source(paths: Sequence[str], said: str) -> Iterator[str]:
    yield ""
    yield "[[sources]]"
    yield f"paths = [{', '.join(text(path) for path in paths)}]"
    yield 'evidence = "measured"'
    yield f"source = {text(said)}"


def _sources(log: Log, stages: Mapping[str, StageFit], arrivals: ArrivalsFit) -> Iterator[str]:
    yield from _source(["arrivals", "scenario.start"], f"{log.source}: {arrivals.said}")
    if log.segments != ("all",):
        yield from _source(["segments.*.share"], f"{log.source}: {plural(log.customers.size, 'customer')}")
    for stage in stages.values():
        if stage.choice is not None:
            for to in stage.choice.laws:
                yield from _source([f"stages.{stage.stage}.exits.{to}"], f"{log.source}: {chosen(stage.choice, to)}")
            continue
        for to, law in stage.exits.items():
            yield from _source([f"stages.{stage.stage}.race.{to}"], f"{log.source}: {seen(law)}")


def silent_stages(name: str, found: SilentFit, role: str | None) -> Iterator[str]:
    """The stages that stand for one that is left unseen: a first purchase, waiting, later purchases, and gone."""
    first, waiting, again, over = parts_of(name)
    p, model = found.parameters, found.model
    at_once = 'dwell = { law = "deterministic", value = 0.0 }'
    yield f"[stages.{key(first)}]"
    steps = f", k = {found.k}" if "k" in p else ""
    yield from comment(f"{model.title}{steps}, log-likelihood {found.log_likelihood:.2f}")
    yield from (*_role(role), at_once, f"exits = {{ {key(waiting)} = 1.0 }}")
    yield from ("", f"[stages.{key(waiting)}]")
    law = '"exponential"' if found.k == 1 else '"gamma"'
    regular = "" if found.k == 1 else f", shape = {number(float(found.k))}"
    yield f"race.{key(again)} = {{ law = {law}, mean = {number(p['alpha'] / p['r'])}{regular} }}"
    onward = f"exits = {{ {key(waiting)} = 1.0 }}"
    if isinstance(model, BgNbd):
        onward = leaving(waiting, over, model.a / (model.a + model.b))
    else:
        yield f'race.{key(over)} = {{ law = "exponential", mean = {number(model.beta / model.s)} }}'
    yield from ("", f"[stages.{key(again)}]", *_role(role), at_once, onward)
    yield from ("", f"[stages.{key(over)}]", "end = true", 'role = "lost"')


def contract_stage(name: str, found: ContractFit, role: str | None) -> Iterator[str]:
    """A stage under contract: a choice at the end of each term."""
    model = found.chances.model
    yield f"[stages.{key(name)}]"
    yield from comment(f"a term: {seen(found.term)}")
    yield from (*_role(role), f"dwell = {law_text(found.term)}")
    yield leaving(name, found.end, model.alpha / (model.alpha + model.beta))


def leaving(stays: str, leaves: str, chance: float) -> str:
    """Two exits whose probabilities add up to 1, neither of them certain."""
    chance = round(min(max(chance, 1e-6), 1.0 - 1e-6), 6)
    return f"exits = {{ {key(stays)} = {1.0 - chance:.6f}, {key(leaves)} = {chance:.6f} }}"
