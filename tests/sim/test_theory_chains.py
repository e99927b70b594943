"""Absorbing chains against the fundamental matrix, and the Markov model of customer value (Pfeifer and Carraway 2000)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sojourn.sim.measures import measure
from sojourn.sim.network import build

DAY = '{ law = "deterministic", value = 1.0 }'


def chain_text(moves: Any, ends: Any, dwell: Any = DAY) -> Any:
    """Stages of a chain: `moves[a] = {b: probability}`; one day a step unless said otherwise."""
    lines = []
    for name, exits in moves.items():
        shares = ", ".join(f"{to} = {share!r}" for to, share in exits.items())
        lines.append(f"[stages.{name}]\ndwell = {dwell}\nexits = {{ {shares} }}")
    lines += [f"[stages.{name}]\nend = true" for name in ends]
    return "\n".join(lines)


def fundamental(moves: Any, ends: Any) -> Any:
    """N, t and B of an absorbing chain (Kemeny and Snell 1960)."""
    names = list(moves)
    transient = np.array([[moves[a].get(b, 0.0) for b in names] for a in names])
    absorbing = np.array([[moves[a].get(b, 0.0) for b in ends] for a in names])
    n = np.linalg.inv(np.eye(len(names)) - transient)
    return n, n.sum(axis=1), n @ absorbing


def visits(journeys: Any, names: Any) -> Any:
    """How often each customer was in each stage; (customers, stages)."""
    index = [journeys.stages.index(name) for name in names]
    counts = np.zeros((journeys.customers.customer.size, len(journeys.stages)))
    np.add.at(counts, (journeys.who, journeys.events.stage), 1.0)
    return counts[:, index]


def within(sample: Any, mean: Any, alarm: Any) -> Any:
    """Whether a sample's mean lies within the two-sided fence of a false-alarm rate (Student t)."""
    spread = sample.std(ddof=1) / np.sqrt(sample.size)
    if spread == 0.0:
        return sample.mean() == pytest.approx(mean, abs=1e-12)
    return abs(sample.mean() - mean) <= stats.t.isf(alarm / 2.0, sample.size - 1) * spread


DRUNKARD = {"one": {"home": 0.5, "two": 0.5}, "two": {"one": 0.5, "three": 0.5}, "three": {"two": 0.5, "bar": 0.5}}


def test_the_drunkards_walk_is_the_book_s() -> None:
    n, t, b = fundamental(DRUNKARD, ["home", "bar"])
    assert n == pytest.approx(np.array([[1.5, 1, 0.5], [1, 2, 1], [0.5, 1, 1.5]]))
    assert t == pytest.approx(np.array([3.0, 4.0, 3.0]))
    assert b == pytest.approx(np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]))


@pytest.mark.parametrize("start", ["one", "two", "three"])
def test_the_drunkards_walk(scenario: Any, live: Any, start: Any) -> None:
    """Visits, absorption and time of 2,000 walks. False-alarm rate 1e-4 over the five figures of each start."""
    n, t, b = fundamental(DRUNKARD, ["home", "bar"])
    row = list(DRUNKARD).index(start)
    journeys = live(scenario(chain_text(DRUNKARD, ["home", "bar"]), start=start, arrivals="cohort = 2000"), seed=3)
    found = visits(journeys, [*DRUNKARD, "home", "bar"])
    for column, expected in enumerate([*n[row], b[row, 0]]):
        assert within(found[:, column], expected, 1e-4 / 5)
    assert within(journeys.events.time[journeys.last], t[row], 1e-4 / 5)
    assert (found[:, 3:].sum(axis=1) == 1.0).all()


@st.composite
def chains(draw: Any) -> Any:
    """A random absorbing chain of up to five stages and two ends, each stage with an exit to an end."""
    size = draw(st.integers(1, 5))
    names = [f"s{k}" for k in range(size)]
    moves = {}
    for name in names:
        others = draw(st.lists(st.sampled_from(names), min_size=1, max_size=size, unique=True))
        raw = {to: draw(st.integers(1, 9)) for to in others}
        raw |= {end: draw(st.integers(1, 9)) for end in draw(st.sampled_from([["won"], ["lost"], ["won", "lost"]]))}
        total = sum(raw.values())
        moves[name] = {to: part / total for to, part in raw.items()}
    reached, waiting = set(), ["s0"]
    while waiting:
        name = waiting.pop()
        if name in moves and name not in reached:
            reached.add(name)
            waiting += moves[name]
    moves = {name: exits for name, exits in moves.items() if name in reached}
    ends = [end for end in ("won", "lost") if any(end in exits for exits in moves.values())]
    return moves, ends


@settings(max_examples=25)
@given(chains(), st.integers(0, 1000))
def test_random_chains(scenario: Any, live: Any, case: Any, seed: Any) -> None:
    """Visits, absorption and time of 300 walks from each chain, with exponential stays of mean 2 days: at most 8 figures of
    25 chains, 200 fences of six standard errors: false-alarm rate below 1e-4 over all (4e-7 were the means normal; visits are
    skewed, hence six and not five).
    """
    moves, ends = case
    n, t, b = fundamental(moves, ends)
    text = chain_text(moves, ends, '{ law = "exponential", mean = 2 }')
    journeys = live(scenario(text, start="s0", arrivals="cohort = 300"), seed=seed)
    found = visits(journeys, [*moves, *ends])
    for column, expected in enumerate([*n[0], *b[0]]):
        assert abs(found[:, column].mean() - expected) < 6.0 * np.sqrt(variance(n, b, column, 0) / 300) + 1e-9
    time = journeys.events.time[journeys.last]
    # E T^2 of a sum of N exponentials with mean 2: var = 4 (E N + var N).
    var_steps = ((2.0 * n - np.eye(len(n))) @ t - t**2)[0]
    assert abs(time.mean() - 2.0 * t[0]) < 6.0 * np.sqrt(4.0 * (t[0] + var_steps) / 300)


def variance(n: Any, b: Any, column: Any, row: Any) -> Any:
    """Variance of visits to a stage, N (2 N_dg - I) - N_sq (Kemeny and Snell), or of absorption in an end."""
    size = len(n)
    if column >= size:
        share = b[row, column - size]
        return max(share * (1.0 - share), 0.0)
    return max(n[row, column] * (2.0 * n[column, column] - 1.0) - n[row, column] ** 2, 0.0)


# --- Pfeifer and Carraway: a customer buys after recency r with probability p_r, else recency grows; then is given up -----
YEAR = '{ law = "deterministic", value = 365.0 }'
MODELS = {
    "M3": ((0.3, 0.2, 0.05), (49.40, 2.69, -1.98)),
    "M4": ((0.3, 0.2, 0.15, 0.05), (50.115, 4.220, 0.592, -1.980)),
}
MARGIN, MAILING, RATE, HORIZON = 40.0, 4.0, 0.2, 4


def value_of(chances: Any, years: Any = HORIZON) -> Any:
    """V = sum over t = 0..T of [P / (1 + d)]^t R, from each recency; recency 1 has just bought (40 - 4), others cost 4."""
    size = len(chances) + 1
    moves = np.zeros((size, size))
    for r, chance in enumerate(chances):
        moves[r, 0], moves[r, r + 1] = chance, 1.0 - chance
    moves[-1, -1] = 1.0
    gain = np.array([MARGIN - MAILING, *[-MAILING] * (size - 2), 0.0])
    power, total = np.eye(size), np.zeros(size)
    for year in range(years + 1):
        total += power @ gain / (1.0 + RATE) ** year
        power = power @ moves
    return total, np.linalg.matrix_power(moves, years)


def recency_text(chances: Any) -> Any:
    names = [f"r{k + 1}" for k in range(len(chances))]
    lines = []
    for k, (name, chance) in enumerate(zip(names, chances, strict=True)):
        later = names[k + 1] if k + 1 < len(names) else "former"
        lines.append(
            f"[stages.{name}]\ndwell = {YEAR}\nexits = {{ r1 = {chance}, {later} = {1.0 - chance!r} }}\ncost = {MAILING}"
        )
        if k == 0:
            lines.append(f'revenue = {MARGIN}\nrole = "purchase"')
    return "\n".join([*lines, '[stages.former]\nend = true\nrole = "lost"'])


@pytest.mark.parametrize("model", MODELS)
def test_the_published_values_follow_from_the_matrix(model: Any) -> None:
    chances, published = MODELS[model]
    assert value_of(chances)[0][:-1] == pytest.approx(published, abs=6e-3)


def test_the_published_power_of_the_matrix() -> None:
    rows = [(0.0823, 0.0973, 0.1288, 0.6916), (0.037, 0.0406, 0.056, 0.8664), (0.00695, 0.00805, 0.0084, 0.9766)]
    assert value_of(MODELS["M3"][0])[1][:3] == pytest.approx(np.array(rows), abs=5e-5)


def test_the_value_over_an_endless_horizon() -> None:
    endless = value_of(MODELS["M4"][0], 400)[0]
    assert endless[:-1] == pytest.approx((52.320, 5.554, 1.251, -1.820), abs=6e-4)


@pytest.mark.parametrize(("model", "start"), [("M3", 1), ("M3", 2), ("M4", 1), ("M4", 3)])
def test_simulated_customers_are_worth_what_the_chain_says(scenario: Any, live: Any, model: Any, start: Any) -> None:
    """CLV of 2,500 customers, payments at the start of years 0 to 4. False-alarm rate 1e-4 two-sided for each of four."""
    chances = MODELS[model][0]
    built = scenario(
        recency_text(chances),
        start=f"r{start}",
        horizon=365.0 * (HORIZON + 0.5),
        arrivals="cohort = 2500",
        about=f"annual_discount_rate = {RATE}",
    )
    journeys = live(built, seed=2)
    discount = (1.0 + RATE) ** (-journeys.events.time / 365.0)
    worth = np.bincount(journeys.who, (journeys.events.revenue - journeys.events.cost) * discount)
    expected = value_of(chances)[0][start - 1]
    assert within(worth, expected, 1e-4)
    # The measures say the same of these customers: profit is their sum, for all came on day 0.
    parts = measure(journeys, build(built, "baseline"))
    assert parts["profit"].value == pytest.approx(worth.sum(), rel=1e-9)


def test_the_states_after_four_years(scenario: Any, live: Any) -> None:
    """Shares by recency against the row of P^4, chi-square. False-alarm rate 1e-4."""
    chances = MODELS["M3"][0]
    built = scenario(recency_text(chances), start="r1", horizon=365.0 * 4.5, arrivals="cohort = 3000")
    journeys = live(built, seed=4)
    counts = np.bincount(journeys.events.stage[journeys.last], minlength=4)
    assert stats.chisquare(counts, value_of(chances)[1][0] * 3000).pvalue > 1e-4
