"""Plain Python: one list of events kept in order by `heapq`, no simulation library."""

import math
import random
from collections import Counter, deque
from heapq import heappop, heappush

from benchmarks.peers import Clock, Outcome
from benchmarks.workloads import HORIZON, NAMES, START, UNTIL_DAY, Workload

ENTERS, GIVES_UP, IS_SERVED = range(3)  # events
Log = list[tuple[int, str, float]]


def chosen(exits: dict[str, float], chance: float) -> str:
    """The exit into whose share a uniform falls."""
    for to, share in exits.items():
        chance -= share
        if chance < 0.0:
            return to
    return list(exits)[-1]  # shares may add up to a little less than 1


def simulate(workload: Workload, customers: int, seed: int) -> Log:
    """The log: (customer, stage, time)."""
    draw = random.Random(seed)
    stages, desk = workload.stages, workload.desk
    mean = desk.days(customers) if desk is not None else 0.0
    log: Log = []
    due: list[tuple[float, int, int, str]] = []  # time, customer, event, stage
    line: deque[int] = deque()
    asked: dict[int, float] = {}  # since when those in line wait, by customer
    waits: dict[int, float] = {}  # of those who are being served
    free = desk.agents if desk is not None else 0

    def set_off(now: float, customer: int, name: str, waited: float) -> None:
        """The dwell starts: when it ends, and where it leads."""
        _, first, sigma, exits = stages[name]
        if sigma:
            now += draw.lognormvariate(math.log(first), sigma)
        else:
            now += draw.expovariate(1.0 / first)
        if now > HORIZON:
            return
        chance = draw.random()
        if waited > 0.0 and desk is not None:
            loyal = exits[desk.loyal]
            logit = math.log(loyal / (1.0 - loyal)) + desk.per_mean_handle_waited * waited / mean
            to = desk.loyal if chance < 1.0 / (1.0 + math.exp(-logit)) else "churned"
        else:
            to = chosen(exits, chance)
        heappush(due, (now, customer, ENTERS, to))

    def serve(now: float, customer: int, name: str, waited: float) -> None:
        """Service begins."""
        waits[customer] = waited
        heappush(due, (now + draw.expovariate(1.0 / mean), customer, IS_SERVED, name))

    day = draw.expovariate(customers / UNTIL_DAY)
    arrived = 0
    while due or arrived < customers:
        if arrived < customers and (not due or day < due[0][0]):
            now, customer, event, name = day, arrived, ENTERS, START
            arrived += 1
            day += draw.expovariate(customers / UNTIL_DAY)
        else:
            now, customer, event, name = heappop(due)
        if now > HORIZON:
            break
        if event == ENTERS:
            log.append((customer, name, now))
            if not stages[name].exits:
                continue
            if desk is None or name != desk.stage or draw.random() >= desk.asks:
                set_off(now, customer, name, 0.0)
            elif free:
                free -= 1
                serve(now, customer, name, 0.0)
            else:
                line.append(customer)
                asked[customer] = now
                heappush(due, (now + draw.expovariate(1.0 / mean), customer, GIVES_UP, name))
        elif event == IS_SERVED:
            free += 1
            while line and free:
                caller = line.popleft()
                if caller in asked:
                    free -= 1
                    serve(now, caller, name, now - asked.pop(caller))
            set_off(now, customer, name, waits.pop(customer))
        elif customer in asked:  # gives up, if still in line
            set_off(now, customer, name, now - asked.pop(customer))
    return log


def run(workload: Workload, customers: int, seed: int) -> Outcome:
    """One replication."""
    with Clock() as clock:
        log = simulate(workload, customers, seed)
    visits = Counter(name for _, name, _ in log)
    return Outcome({name: visits[name] for name in NAMES}, clock.seconds, len(log))
