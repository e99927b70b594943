"""cimba: a model spawned for each customer, compiled with numba, on cimba's C engine."""

import math
from typing import Any

import cimba as cb  # type: ignore[import-not-found, import-untyped, unused-ignore]

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import HORIZON, NAMES, START, UNTIL_DAY, Workload

END, FIRST = NAMES.index("churned"), NAMES.index(START)
GIVES_UP = 7  # the signal of a caller's own timer
WARM = 50  # customers of a first run, which compiles


class Market(cb.Model):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Stages as tables, the desk, and the log."""

    customers: cb.Param[int]
    gap: cb.Param[float]  # mean days between arrivals
    desk_stage: cb.Param[int]  # -1: no desk
    asks: cb.Param[float]
    mean: cb.Param[float]  # days of handling and of patience
    logit: cb.Param[float]
    per_day: cb.Param[float]
    agents: cb.Resource
    first: cb.Array[float]
    sigma: cb.Array[float]
    shares: cb.Array[float]  # cumulative, of three exits a stage
    to: cb.Array[int]
    log_customer: cb.Array[int]
    log_stage: cb.Array[int]
    log_time: cb.Array[float]
    visits: cb.Array[int]
    rows: int = 0
    entries_0: cb.Output[float]
    entries_1: cb.Output[float]
    entries_2: cb.Output[float]
    entries_3: cb.Output[float]
    entries_4: cb.Output[float]
    entries_5: cb.Output[float]
    entries_6: cb.Output[float]

    @cb.process  # type: ignore[untyped-decorator, unused-ignore]
    def arrivals(self) -> None:
        """Customers come as a Poisson process."""
        for number in range(self.customers):
            cb.hold(cb.random.exponential(self.gap))
            cb.spawn(Customer, market=self, number=number)

    @cb.on_end  # type: ignore[untyped-decorator, unused-ignore]
    def count(self) -> None:
        """Arrays are no results, outputs are."""
        self.entries_0 = float(self.visits[0])
        self.entries_1 = float(self.visits[1])
        self.entries_2 = float(self.visits[2])
        self.entries_3 = float(self.visits[3])
        self.entries_4 = float(self.visits[4])
        self.entries_5 = float(self.visits[5])
        self.entries_6 = float(self.visits[6])


class Customer(cb.Model):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """One customer from stage to stage."""

    market: cb.Ref[Market]
    number: int

    @cb.process  # type: ignore[untyped-decorator, unused-ignore]
    def journey(self) -> None:
        """Until lost."""
        stage = FIRST
        while True:
            row = self.market.rows
            self.market.rows += 1
            self.market.log_customer[row] = self.number
            self.market.log_stage[row] = stage
            self.market.log_time[row] = cb.now()
            self.market.visits[stage] += 1
            if stage == END:
                break
            loyal = -1.0
            if stage == self.market.desk_stage and cb.random.uniform(0.0, 1.0) < self.market.asks:
                asked = cb.now()
                cb.this_process().timer_set(cb.random.exponential(self.market.mean), GIVES_UP)
                signal = self.market.agents.acquire(1)
                waited = cb.now() - asked
                cb.this_process().timers_clear()
                if signal == 0:
                    cb.hold(cb.random.exponential(self.market.mean))
                    self.market.agents.release(1)
                loyal = 1.0 / (1.0 + math.exp(-self.market.logit - self.market.per_day * waited))
            if self.market.sigma[stage] > 0.0:
                cb.hold(cb.random.lognormal(self.market.first[stage], self.market.sigma[stage]))
            else:
                cb.hold(cb.random.exponential(self.market.first[stage]))
            chance = cb.random.uniform(0.0, 1.0)
            k = 3 * stage
            if loyal >= 0.0:
                if chance >= loyal:
                    k += 1
            else:
                while chance >= self.market.shares[k]:
                    k += 1
            stage = self.market.to[k]
        cb.release(self)


def market(workload: Workload, customers: int) -> Any:
    """The model with its tables filled."""
    made = Market()
    made.customers, made.gap, made.agents = customers, UNTIL_DAY / customers, cb.Resource(capacity=1)
    made.desk_stage, made.asks, made.mean, made.logit, made.per_day = -1, 0.0, 1.0, 0.0, 0.0
    shares, to = [2.0] * (3 * len(NAMES)), [END] * (3 * len(NAMES))
    for number, stage in enumerate(workload.stages.values()):
        total = 0.0
        for k, (name, share) in enumerate(stage.exits.items()):
            total += share
            to[3 * number + k] = NAMES.index(name)
            shares[3 * number + k] = total if k + 1 < len(stage.exits) else 2.0
    stages = workload.stages.values()
    made.first = cb.Array([math.log(stage.first) if stage.sigma else stage.first for stage in stages])
    made.sigma = cb.Array([stage.sigma for stage in stages])
    made.shares, made.to, made.visits = cb.Array(shares), cb.Array(to), cb.Array(len(NAMES))
    made.log_customer, made.log_stage, made.log_time = (cb.Array(3 * customers + 64) for _ in range(3))
    desk = workload.desk
    if desk is not None:
        chance = workload.stages[desk.stage].exits[desk.loyal]
        made.agents = cb.Resource(capacity=desk.agents)
        made.desk_stage, made.asks, made.mean = NAMES.index(desk.stage), desk.asks, desk.days(customers)
        made.logit = math.log(chance / (1.0 - chance))
        made.per_day = desk.per_mean_handle_waited / desk.days(customers)
    return made


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication. Raises RuntimeError where cimba gives up."""
    window = cb.Window(duration=HORIZON)
    cb.Experiment(market(workload, WARM), window=window, seed=seed).run(workers=1)
    model = market(workload, customers)
    experiment = cb.Experiment(model, window=window, seed=seed)
    with Clock() as clock:
        results = experiment.run(workers=1)
    if results.failed.any():
        raise RuntimeError(f"cimba: {results.failure_reasons.ravel()[0]}")
    visits = {name: int(getattr(results[model], f"entries_{k}").values.ravel()[0]) for k, name in enumerate(NAMES)}
    return Outcome(visits, clock.seconds, sum(visits.values()))
