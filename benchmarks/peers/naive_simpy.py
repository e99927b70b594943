"""SimPy as a newcomer would write it from SimPy's own pages: a process for each customer, a `Resource` for the desk."""

import math
import random
from collections import Counter
from collections.abc import Generator
from typing import Any

import simpy

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import HORIZON, NAMES, START, UNTIL_DAY, Desk, Stage, Workload

Steps = Generator[simpy.Event, Any, Any]


class Company:
    """Stages, a desk if there is one, and a log of (customer, stage, time)."""

    def __init__(self, env: simpy.Environment, workload: Workload, customers: int, seed: int) -> None:
        self.env = env
        self.random = random.Random(seed)
        self.stages = workload.stages
        self.customers = customers
        self.log: list[tuple[int, str, float]] = []
        self.desk = workload.desk
        if self.desk is not None:
            self.agents = simpy.Resource(env, capacity=self.desk.agents)
            self.mean = self.desk.days(customers)

    def arrivals(self) -> Steps:
        """Customers come as a Poisson process."""
        for customer in range(self.customers):
            yield self.env.timeout(self.random.expovariate(self.customers / UNTIL_DAY))
            self.env.process(self.journey(customer))

    def journey(self, customer: int) -> Steps:
        """One customer from stage to stage, until lost."""
        name = START
        while True:
            self.log.append((customer, name, self.env.now))
            stage = self.stages[name]
            if not stage.exits:
                return
            names, chances = list(stage.exits), list(stage.exits.values())
            if self.desk is not None and name == self.desk.stage and self.random.random() < self.desk.asks:
                waited = yield from self.contact()
                loyal = self.loyal(self.desk, waited)
                chances = [loyal, 1.0 - loyal]
            yield self.env.timeout(self.dwell(stage))
            name = self.random.choices(names, chances)[0]

    def dwell(self, stage: Stage) -> float:
        """Days in a stage."""
        if stage.law == "lognormal":
            return self.random.lognormvariate(math.log(stage.first), stage.sigma)
        return self.random.expovariate(1.0 / stage.first)

    def contact(self) -> Steps:
        """Ask the desk, wait, be served or give up; returns the days waited."""
        asked = self.env.now
        with self.agents.request() as request:
            patience = self.env.timeout(self.random.expovariate(1.0 / self.mean))
            results = yield request | patience
            waited = self.env.now - asked
            if request in results:
                yield self.env.timeout(self.random.expovariate(1.0 / self.mean))
        return waited

    def loyal(self, desk: Desk, waited: float) -> float:
        """The chance of becoming loyal, which falls with waiting."""
        chance = self.stages[desk.stage].exits[desk.loyal]
        logit = math.log(chance / (1.0 - chance)) + desk.per_mean_handle_waited * waited / self.mean
        return 1.0 / (1.0 + math.exp(-logit))


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication."""
    with Clock() as clock:
        env = simpy.Environment()
        company = Company(env, workload, customers, seed)
        env.process(company.arrivals())
        env.run(until=HORIZON)
    visits = Counter(name for _, name, _ in company.log)
    return Outcome({name: visits[name] for name in NAMES}, clock.seconds, len(company.log))
