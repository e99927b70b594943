"""Mistakes in surveys: one fault for one mistake, with place and remedy."""

from collections.abc import Callable

import pytest

from sojourn.scenarios.checks import warnings
from sojourn.scenarios.faults import Fault, Faults
from sojourn.scenarios.files import loads

SURVEY = """
[surveys.pulse]
stage = "loyalty"
lag_days = 14
response = 0.3
log_odds_per_10_points = 0.2
"""
NPS = "nps = { mean = 8.0, per_10_points = 0.6, sd = 1.8 } "


def test_a_survey_is_what_the_file_says(first: str) -> None:
    scenario = loads(first + SURVEY)
    survey = scenario.surveys["pulse"]
    assert (survey.stage, survey.lag_days, survey.response, survey.log_odds_per_10_points) == ("loyalty", 14, 0.3, 0.2)
    least = loads(first + '[surveys.pulse]\nstage = "loyalty"\nresponse = 1\n').surveys["pulse"]
    assert (least.lag_days, least.log_odds_per_10_points) == (0, 0)
    assert loads(first).surveys == {}
    assert warnings(scenario) == warnings(loads(first))


@pytest.mark.parametrize(
    ("old", "new", "path", "message", "remedy"),
    [
        ('"loyalty"', '"loyalti"', "surveys.pulse.stage", "no stage named", 'did you mean "loyalty"?'),
        ('"loyalty"', '"churned"', "surveys.pulse.stage", "the lost are not asked", "before"),
        ("lag_days = 14", "lag_days = -1", "surveys.pulse.lag_days", "at least 0", "from 0 to"),
        ("response = 0.3", "response = 0", "surveys.pulse.response", "greater than 0", "at most 1"),
        ("response = 0.3", "response = 30", "surveys.pulse.response", "at most 1", "write 30 % as 0.3"),
        ("response = 0.3", "", "surveys.pulse.response", "is missing", "add response"),
        ("response", "respons", "surveys.pulse.respons", "unknown key", '"response"?'),
        ("log_odds_per_10_points = 0.2", "log_odds = 0.2", "surveys.pulse.log_odds", "unknown key", "stage, lag_days"),
        ("[surveys.pulse]", "[surveys.\"a b\"]", 'surveys."a b"', "cannot be a name", "letters"),
    ],
)  # fmt: skip
def test_mistakes(
    first: str, faults_of: Callable[[str], tuple[Fault, ...]], old: str, new: str, path: str, message: str, remedy: str
) -> None:
    assert SURVEY.count(old) >= 1
    found = faults_of(first + SURVEY.replace(old, new, 1))
    assert len(found) == 1, "\n".join(map(str, found))
    assert found[0].path == path
    assert message in found[0].message
    assert remedy in found[0].remedy


def test_a_survey_needs_satisfaction(faults_of: Callable[[str], tuple[Fault, ...]]) -> None:
    text = """format = 1
scenario = { name = "least", start = "a", horizon_days = 10 }
arrivals = { cohort = 5 }
[stages.a]
dwell = { law = "exponential", mean = 3 }
exits = { b = 1 }
[stages.b]
end = true
[surveys.x]
stage = "b"
response = 1
"""
    found = faults_of(text)
    assert [(fault.path, fault.remedy) for fault in found] == [
        ("surveys.x", "add [satisfaction], or take the survey out")
    ]


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        (NPS, "", "surveys.pulse", "measures satisfaction only"),
        ("lag_days = 14", "lag_days = 365", "surveys.pulse.lag_days", "nobody is asked"),
        ("response = 0.3", "response = 1", "surveys.pulse.log_odds_per_10_points", "everybody answers"),
    ],
)
def test_doubts(first: str, old: str, new: str, path: str, message: str) -> None:
    text = first + SURVEY
    assert text.count(old) == 1
    found = [fault for fault in warnings(loads(text.replace(old, new))) if fault.path.startswith("surveys")]
    assert [fault.path for fault in found] == [path]
    assert message in found[0].message
    assert found[0].remedy


def test_variants_change_surveys_and_segments_do_not(first: str, faults_of: Callable[[str], tuple[Fault, ...]]) -> None:
    shared = first.replace(
        "spend_ratio = 2.5", 'spend_ratio = 2.5\n[segments.premium.override]\n"surveys.pulse.response" = 0.5'
    )
    found = faults_of(shared + SURVEY)
    assert len(found) == 1
    assert "shared by all customers" in found[0].message
    assert "a variant can" in found[0].remedy
    loads(first + SURVEY + '[variants.keen.override]\n"surveys.pulse.response" = 0.5\n')
    with pytest.raises(Faults, match=r"surveys\.pulse\.response"):
        loads(first + SURVEY + '[variants.keen.override]\n"surveys.pulse.response" = 5\n')
    with pytest.raises(Faults, match="has no"):
        loads(first + SURVEY + '[variants.keen.override]\n"surveys.puls.response" = 0.5\n')


def test_sources_name_surveys_by_path(first: str) -> None:
    text = first + SURVEY + '[[sources]]\npaths = ["surveys.*.response"]\nevidence = "assumed"\nsource = "x"\n'
    assert warnings(loads(text)) == warnings(loads(first))
