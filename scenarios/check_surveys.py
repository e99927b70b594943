"""Surveys: is there somebody to ask, something to measure, and time to do it?"""

from sojourn.scenarios.faults import quoted
from sojourn.scenarios.inquiry import Inquiry
from sojourn.scenarios.model import Survey
from sojourn.scenarios.overrides import Place
from sojourn.scenarios.plurals import days


def check_surveys(inquiry: Inquiry) -> None:
    """What each survey asks for: a stage from which somebody can be asked, satisfaction, a day before the horizon."""
    scenario = inquiry.scenario
    for name, survey in scenario.surveys.items():
        here: Place = ("surveys", name)
        if inquiry.known("stages", survey.stage, (*here, "stage")):
            _check_stage(inquiry, here, survey)
        if scenario.satisfaction is None:
            remedy = "add [satisfaction], or take the survey out"
            inquiry.fault(here, "asks for satisfaction, which this scenario has not", remedy, about=[("satisfaction",)])
        elif scenario.satisfaction.nps is None:
            message = "measures satisfaction only, for nothing says what answer from 0 to 10 a satisfaction gives"
            remedy = "add nps = { mean = 8, per_10_points = 0.7, sd = 1.8 } to [satisfaction]"
            inquiry.warn(here, message, remedy, about=[("satisfaction",)])
        late = survey.lag_days - scenario.about.horizon_days
        if late > 0.0 or (late == 0.0 and scenario.arrivals.cohort is None):  # a cohort is there on day 0
            message = (
                f"{survey.lag_days:g} days after an entry lie beyond the horizon of {days(scenario.about.horizon_days)}"
            )
            remedy = "make lag_days shorter or the horizon longer"
            inquiry.warn(
                (*here, "lag_days"), f"{message}, so nobody is asked", remedy, survey.lag_days, [("scenario",)]
            )
        if survey.response == 1 and survey.log_odds_per_10_points:
            message = "everybody answers, so satisfaction cannot change who does"
            remedy = "make response less than 1, or take this out"
            inquiry.warn((*here, "log_odds_per_10_points"), message, remedy, survey.log_odds_per_10_points)


def _check_stage(inquiry: Inquiry, here: Place, survey: Survey) -> None:
    stage = inquiry.scenario.stages[survey.stage]
    if stage.role == "lost" and (stage.end or survey.lag_days == 0):
        message = f"who enters {quoted(survey.stage)} is lost, and the lost are not asked"
        remedy = "name a stage that they pass before"
        inquiry.fault((*here, "stage"), message, remedy, survey.stage, [("stages", survey.stage)])
