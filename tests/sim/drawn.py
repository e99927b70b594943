"""Scenarios drawn over the whole format, small and full of ties: whole days, zero dwells, cohorts, callers out of patience."""

from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

Document = dict[str, Any]
MIDDLE = ("a", "b", "c", "d", "e")  # stages in order; each leads to the next, some back; "gone" and "done" are ends
SPLITS: dict[int, list[tuple[float, ...]]] = {
    1: [(1.0,)],
    2: [(0.6, 0.4), (0.5, 0.5), (0.9, 0.1), (1.0, 0.0)],
    3: [(0.5, 0.2, 0.3), (0.4, 0.4, 0.2), (0.7, 0.3, 0.0)],
}
SHARES = ((), (1.0,), (0.7, 0.3), (0.5, 0.3, 0.2))
TABLES = (  # empirical laws: with jumps, from zero, with those who never leave
    {"share": [0, 0.25, 1], "days": [1, 1, 3]},
    {"share": [0, 0.5, 0.9], "days": [0, 4, 30], "never": 0.1},
    {"share": [0, 0.3, 0.7, 1], "days": [0, 0, 2, 2]},
)
WORDS = ("free", "basic", "pro")
BELOW_ZERO = {"law": "quantiles", "share": [0, 0.4, 0.4, 1], "value": [-3, -1, 0, 2.5]}


class Case(NamedTuple):
    """A scenario as tables and lists, and how many candidates are asked for."""

    document: Document
    customers: int | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Valid scenarios, of some 10 to 400 customers and 6 to 45 days."""
    return _Author(draw).case()


def acts_on_all(lever: Document) -> bool:
    """Whether a lever acts on what cannot depend on one customer."""
    return any("arrivals" in effect or "agents" in effect for effect in lever["effects"])


class _Author:
    """Writes one scenario, part by part; what stands later knows what stands before."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.names = MIDDLE[: draw(st.integers(1, 5))]
        self.choices: list[str] = []  # exits of choice stages
        self.hazards: list[str] = []  # exits of race stages whose law varies, so that ratios mean something
        self.races: list[str] = []
        self.stages: dict[str, Document] = {}
        self.desks: dict[str, Document] = {}

    def one(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def often(self, tenths: int) -> bool:
        return bool(self.draw(st.integers(0, 9)) >= 10 - tenths)

    def maybe(self, tenths: int, **entries: Any) -> Document:
        return entries if self.often(tenths) else {}

    def case(self) -> Case:
        self.satisfied = self.often(5)
        self.valued = self.often(3)
        self.gathering = self.often(3)
        self.desks = {name: {} for name in ("help", "till")[: self.one(0, 0, 1, 1, 1, 2)]}
        self.market = self.one(None, None, None, 30, 100, 300)
        horizon = self.one(6, 10, 20, 45)
        for k, name in enumerate(self.names):
            self.stages[name] = self.stage(k)
        satisfaction = {"satisfaction": self.satisfaction()} if self.satisfied else {}
        segments = self.one((), ("all",), ("plain", "keen"), ("plain", "keen", "rare"))
        self.segments = dict(zip(segments, SHARES[len(segments)], strict=True))
        for name in self.desks:
            self.desks[name] = self.desk()
        levers = {f"lever{k}": self.lever() for k in range(self.one(0, 1, 2, 3))}
        start = {self.names[0]: 0.5, self.names[-1]: 0.5} if len(self.names) > 1 and self.often(3) else self.names[0]
        loads = {exit: self.one(-0.5, 0.4, 1.5) for exit in self.exits() if self.often(3)}
        frailty = {
            **({"loads": loads} if loads and self.often(6) else {}),
            **self.maybe(5, gamma={exit: self.one(0.05, 0.3, 2) for exit in self.hazards if self.often(5)}),
            **self.maybe(5, beta=self.own_chances()),
        }
        document: Document = {
            "format": 1,
            "scenario": {"name": "drawn", "start": start, "horizon_days": horizon},
            "arrivals": self.arrivals(horizon),
            **({"market": {"size": self.market}} if self.market is not None else {}),
            **({"frailty": frailty} if frailty else {}),
            **({"value": {"sigma": self.one(0, 0.8)}} if self.valued else {}),
            "stages": {**self.stages, "gone": {"end": True, "role": "lost"}, "done": {"end": True}},
            **satisfaction,
            **({"desks": self.desks} if self.desks else {}),
            **({"levers": levers} if levers else {}),
        }
        document["segments"] = {name: self.segment(share, levers) for name, share in self.segments.items()}
        if levers:
            strategies = ("one", "two")[: self.one(1, 2)]
            document["strategies"] = {
                name: {lever: self.plan(what) for lever, what in levers.items() if self.often(8)} for name in strategies
            }
        past = self.past()
        for segment in document["segments"].values():
            own = self.own_traits(past.get("traits", {})) if self.often(4) else {}
            if own:
                segment["override"] = segment.get("override", {}) | own
        document |= past
        if "failures >= 1" in repr(document) and not any("failure_days" in desk for desk in self.desks.values()):
            next(iter(self.desks.values()))["failure_days"] = 5.5
        customers = self.one(None, None, None, 40, 120)
        still = [exit for exit in self.races if exit not in frailty.get("gamma", {})]
        speed = {exit: self.one(0.05, 0.3, 2) for exit in still if self.often(5)} if self.often(4) else {}
        if speed:
            document["frailty"] = {**frailty, "speed": speed}
        return Case(document, customers)

    # --- time ------------------------------------------------------------------------------------------------

    def law(self, *, moves: bool = False, varies: bool = False, plain: bool = False) -> Document:
        """A law: one that takes time, that is no single value, that is no deadline."""
        kind = self.one(
            *(() if varies else ("deterministic", "deterministic", "deterministic")),
            "empirical", "exponential", "weibull", "lognormal", "loglogistic", "gamma",
            *(() if plain else ("deadline", "deadline")),
        )  # fmt: skip
        if kind == "deterministic":
            return {"law": kind, "value": self.one(1, 2, 3, 5) if moves else self.one(0, 1, 2, 0.5)}
        if kind == "empirical":
            return {"law": kind, **self.one(*TABLES[: 2 if moves else 3])}
        if kind == "deadline":
            share = self.one(0.3, 0.6) if varies else self.one(0.3, 1.0, 0.0)
            otherwise = self.law(moves=True, varies=varies, plain=True)
            return {
                "law": kind,
                "day": self.one(1, 3) if moves else self.one(0, 2),
                "share": share,
                "otherwise": otherwise,
            }
        form = {"exponential": {}, "lognormal": {"sigma": self.one(0.3, 1.2)}}.get(kind, {"shape": self.one(1.3, 2, 4)})
        return {"law": kind, self.one("mean", "median"): self.one(1, 2.5, 6, 15), **form}

    # --- stages ----------------------------------------------------------------------------------------------

    def stage(self, k: int) -> Document:
        name = self.names[k]
        back = self.names[self.draw(st.integers(0, k))] if self.often(3) else None
        ahead = self.names[k + 1] if k + 1 < len(self.names) else "done"
        ways = self.draw(
            st.permutations([ahead, *(["gone"] if k == 0 or self.often(6) else []), *([back] if back else [])])
        )
        if self.often(5):
            race = {to: self.law(moves=to == back, varies=self.often(7)) for to in ways}
            stage: Document = {"race": race}
            self.races += [f"{name} -> {to}" for to in ways]
            self.hazards += [
                f"{name} -> {to}"
                for to, law in race.items()
                if law["law"] != "deterministic" and law.get("share") not in (0.0, 1.0)
            ]
        else:
            split = [
                max(share, 0.05) if to != back else share
                for to, share in zip(ways, self.one(*SPLITS[len(ways)]), strict=True)
            ]
            split = [share / sum(split) for share in split]
            stage = {"dwell": self.law(moves=back is not None), "exits": dict(zip(ways, split, strict=True))}
            for to in ways:
                if self.often(3):
                    law = self.law(moves=to == back)
                    stage["exits"][to] = {"probability": stage["exits"][to], "dwell": law}
            self.choices += [f"{name} -> {to}" for to in ways]
        if self.desks and self.often(7):
            stage["desk"] = {"name": self.one(*self.desks), "probability": self.one(1.0, 1.0, 0.5, 0.0)}
        if self.satisfied and ("desk" in stage or self.often(5)):
            stage["touchpoint"] = {"performance": self.one(40, 70, 95), "sd": self.one(0, 12)}
        if self.gathering and (name == self.names[0] or self.often(4)):
            stage["gathers"] = self.one(0, 0.3, 0.8, 1)
        if self.often(4):
            # Only a market that can run dry bears much word of mouth.
            rate = self.one(0.01, 0.03) if self.market is None else self.one(0.03, 0.3, 1.0)
            stage["referrals"] = {"rate_per_day": rate, "enters": self.one(*self.names)}
        return stage | {
            **self.maybe(5, role=self.one("purchase", "purchase", "loyal")),
            **self.maybe(
                4, revenue=self.one(10, 0, {"law": "gamma", "mean": 80, "shape": 2}, {"law": "empirical", **TABLES[0]})
            ),
            **self.maybe(3, cost=self.one(3.5, {"law": "lognormal", "median": 4, "sigma": 1})),
            **self.maybe(2, cost_per_day=0.25),
            **self.maybe(2, acquisition_cost=5),
        }

    def own_chances(self) -> Document:
        """For some choice stages, one exit whose probability is the customer's own."""
        own = {}
        for name, stage in self.stages.items():
            chances = {
                to: way["probability"] if isinstance(way, dict) else way for to, way in stage.get("exits", {}).items()
            }
            open_ = [to for to, chance in chances.items() if 0 < chance < 1]
            if open_ and self.often(6):
                own[f"{name} -> {self.one(*open_)}"] = self.one(0.3, 1, 3, 40)
        return own

    def past(self) -> Document:
        """What visits, purchases, days and traits do to exits."""
        size = self.one(
            {"law": "gamma", "mean": 3, "shape": 2},
            {"law": "deterministic", "value": 2},
            {"law": "empirical", **TABLES[2]},
        )
        traits = {"size": size, "age": {"law": "empirical", **TABLES[0]}} if self.often(4) else {}
        traits |= self.below_zero_and_words() if self.often(5) else {}
        asked = [f"{name} == {self.one(*WORDS)}" if name in ("plan", "channel") else name for name in traits]
        effects = []
        for exit in self.exits():
            if self.often(3):
                # Without a limit a hazard that grows with every visit would have endless visits in no time.
                per = self.one("visits", "purchases", "days_since_first", *asked)
                days = per == "days_since_first"
                shift = self.shift(exit, "", 0.02 if days else 0.2)
                limit = self.maybe(5, up_to=5) if days else {"up_to": self.one(0, 2, 3.5)}
                counts = {**limit, **self.maybe(3, around=self.one(1, 4))} if "==" not in per else {}
                effects.append({"exit": exit, "per": per, **shift, **counts})
        return {"traits": traits, "history": {"effects": effects}} if effects and self.often(7) else {}

    def below_zero_and_words(self) -> Document:
        """Traits below zero, words, and what is drawn anew at each stay: in all stages, or by stage."""
        basket = {"each_stay": self.one({"law": "exponential", "mean": 2}, BELOW_ZERO)}
        channel = {"in_stage": {name: self.shares() for name in self.names}}
        return {"score": BELOW_ZERO, "plan": self.shares(), "basket": basket, "channel": channel}

    def shares(self) -> Document:
        return dict(zip(WORDS, self.one((0.5, 0.3, 0.2), (0.0, 0.4, 0.6), (0.9, 0.1, 0.0)), strict=True))

    def own_traits(self, traits: Document) -> Document:
        """Of a segment: other shares and laws of what customers have."""
        own = {
            "size": {"law": "deterministic", "value": 1},
            "score": {"law": "quantiles", "share": [0, 1], "value": [-1, -1]},
            "plan": dict(zip(reversed(WORDS), (0.7, 0.2, 0.1), strict=True)),
            "basket": {"each_stay": {"law": "deterministic", "value": 3}},
        }
        return {f"traits.{name}": own[name] for name in own if name in traits and self.often(5)}

    def exits(self) -> list[str]:
        return [*self.choices, *self.hazards]

    def arrivals(self, horizon: int) -> Document:
        most = self.one(15, 60, 150)
        kind = self.one("cohort", "cohort", "rate_per_day", "daily", "impressions_per_day")
        if kind == "cohort":
            return {kind: most}
        rate = most / horizon
        until = self.maybe(4, until_day=self.one(5, 9.5, horizon))
        if kind == "daily":
            return {kind: [0, 2 * rate, rate], **until}
        if kind == "rate_per_day":
            return {kind: rate, **until}
        return {kind: 50 * rate, "click_through": 0.02, **until}

    # --- customers and desks -----------------------------------------------------------------------------------

    def segment(self, share: float, levers: dict[str, Document]) -> Document:
        override: Document = {}
        if self.often(5):
            name = self.one(*self.names)
            stage = self.stages[name]
            if "dwell" in stage:
                override[f"stages.{name}.dwell"] = self.law(moves=True)
            hazards = [exit for exit in self.hazards if exit.startswith(f"{name} ->")]
            for exit in hazards:
                override[f"stages.{name}.race.{exit.split(' -> ')[1]}"] = self.law(moves=True, varies=True)
            if "desk" in stage and self.often(5):
                override[f"stages.{name}.desk.probability"] = self.one(1.0, 0.3)
            if "touchpoint" in stage and self.often(5):
                override[f"stages.{name}.touchpoint.performance"] = 55
        if self.satisfied and self.often(3):
            override["satisfaction"] = {"gain": 0.8, "start": {"mean": 50}}
        for desk in self.desks:
            if self.often(2):
                override[f"desks.{desk}.handle"] = self.law()
            if "patience" in self.desks[desk] and self.often(2):
                override[f"desks.{desk}.patience"] = self.law()
        for name, lever in levers.items():
            if self.often(2) and not acts_on_all(lever):
                override[f"levers.{name}.response"] = {"half": 0.3, "slope": 3.0}
        ratio = self.maybe(3, spend_ratio=self.one(0, 2.5))
        return {"share": share, **ratio, **({"override": override} if override else {})}

    def satisfaction(self) -> Document:
        normal = [{"mean": self.one(60, 75), "sd": self.one(0, 15)} for _ in range(2)]
        return {
            "start": normal[0], "expectation": normal[1],
            "gain": self.one(0.3, 1.0), "learning": self.one(0, 0.4), "recovery": self.one(0, 0.2),
            **self.maybe(3, loss_aversion=1),
            "effects": [
                {"exit": exit, **self.shift(exit, "", 0.3)} for exit in self.exits() if self.often(4)
            ],
        }  # fmt: skip

    def shift(self, exit: str, how: str, size: float) -> Document:
        """The same shift on the scale of the exit."""
        eta = self.one(-1, 1, 2) * size
        return {f"log_odds{how}": eta} if exit in self.choices else {f"hazard_ratio{how}": 2.718281828**eta}

    def desk(self) -> Document:
        name = next(name for name, desk in self.desks.items() if not desk)
        users = [stage for stage, what in self.stages.items() if what.get("desk", {}).get("name") == name]
        of_users = [exit for exit in self.exits() if exit.split(" -> ")[0] in users]
        effects = [{"exit": exit, **self.shift(exit, "_per_day_waited", 0.5)} for exit in of_users if self.often(3)]
        failures = self.maybe(6, failure_days=self.one(2, 5.5, 40))
        if failures:
            effects += [
                {"exit": exit, **self.shift(exit, "_per_failure", 0.8)} for exit in self.exits() if self.often(5)
            ]
        whole = {"law": "deterministic", "value": self.one(0, 0.5, 1, 1, 2)}
        return {
            "agents": self.one(1, 1, 2, 3.7, 0),
            "handle": self.one(whole, whole, self.law()),
            **self.maybe(7, patience=self.one({"law": "deterministic", "value": self.one(0, 1, 2, 3)}, self.law())),
            **self.maybe(4, tolerance=self.one(0.01, 1)),
            **(self.maybe(5, points_per_day_waited=4, failure_points=15) if self.satisfied else {}),
            **self.maybe(3, cost_per_contact=6, revenue_per_contact=2, cost_per_agent_day=100),
            **self.maybe(5, priority=[self.condition() for _ in range(self.one(1, 2))]),
            **failures,
            **self.maybe(5, unresolved=self.one(0.2, 0.6)),
            "effects": effects,
        }

    def condition(self) -> str:
        """For whom."""
        known = [
            f"stage == {self.one(*self.names)}", "source == referral", "purchases >= 1", "spend > 20",
            *([f"satisfaction < {self.one(60, 75)}"] if self.satisfied else []),
            *(["failures >= 1"] if self.desks else []),
            *(["value >= 0.7"] if self.valued else []),
            *(["information > 0.5"] if self.gathering else []),
            *(["segment == keen", "segment != plain"] if "keen" in self.segments else []),
        ]  # fmt: skip
        one, other = self.one(*known), self.one(*known)
        return str(self.one(one, f"not {one}", f"{one} and {other}", f"({one} or {other}) and purchases < 2"))

    # --- levers ------------------------------------------------------------------------------------------------

    def lever(self) -> Document:
        cost = self.maybe(6, cost={"per_day": 3, "per_customer": 0.5, "per_customer_day": 0.1, "per_referral": 2})
        response = self.maybe(4, response={"half": 0.5, "slope": self.one(1, 2.5)})
        return {**cost, **response, "effects": [self.effect() for _ in range(self.one(1, 2, 3))]}

    def effect(self) -> Document:
        effect = self.effect_of_all()
        if self.gathering and not acts_on_all({"effects": [effect]}) and self.often(4):
            effect["informed"] = self.one(0.5, 1)
        return effect

    def effect_of_all(self) -> Document:
        stages = self.stages.items()
        targets: dict[str, list[Any]] = {
            "choice": self.choices,
            "hazard": self.hazards,
            "window": self.hazards,
            "dwell": [*self.names, *self.choices, *self.races],
            "touchpoint": [name for name, stage in stages if "touchpoint" in stage],
            "agents": [*self.desks],
            "handle": [*self.desks],
            "referrals": [name for name, stage in stages if "referrals" in stage],
            "spend": [name for name, stage in stages if "revenue" in stage],
            "demand": [name for name, stage in stages if "desk" in stage],
            "arrivals": [True],
            "information": [name for name, stage in stages if "gathers" in stage],
        }
        kind = self.one(
            *(kind for kind, names in targets.items() if names), *(["agents", "agents"] if self.desks else [])
        )
        target, ratio = self.one(*targets[kind]), self.one(0.4, 1.7, 3.0)
        match kind:
            case "choice":
                return {"exit": target, "log_odds": self.one(-1.5, 0.5, {"central": 1.0, "low": 0.2, "high": 2.0})}
            case "hazard":
                return {"exit": target, "hazard_ratio": ratio}
            case "window":
                days = [self.one(0, 1), self.one(2, 5.5, 12)]
                return {"exit": target, "hazard_ratio": ratio, "since": self.one(*self.names), "days": days}
            case "dwell":
                return {kind: target, "time_ratio": self.one(0.5, 2.0)}
            case "touchpoint":
                return {kind: target, "points": self.one(-20, 15)}
            case "agents":
                return {"desk": target, "agents": self.one(-2, -1, 1, 2, 2.5)}
            case "handle":
                return {"desk": target, "handle_ratio": self.one(0.5, 2.0)}
            case "demand" | "information":
                return {kind: target, "log_odds": self.one(-1, 2)}
        return {kind: target, "rate_ratio": ratio}

    def plan(self, lever: Document) -> Any:
        """A level for good, or steps and ramps; for some customers only, where that means something."""
        when = {} if acts_on_all(lever) else self.maybe(5, when=self.condition())
        if not any("agents" in effect for effect in lever["effects"]) and self.often(3):
            level = self.one(0.4, 1.0)
            return {"level": level, **when} if when else level
        days = sorted(self.draw(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True)))
        gaps = [*(later - day for day, later in pairwise(days)), 6]
        steps = [
            {"day": day, "level": self.one(1.0, 0.5, 0.0), "ramp_days": gap * self.one(0, 0.5, 1)}
            for day, gap in zip(days, gaps, strict=True)
        ]
        return {"steps": steps, **when} if when else steps
