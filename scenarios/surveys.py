"""Surveys: who is asked how they feel, when, and who answers. They measure the journey and never change it."""

from typing import Annotated

from pydantic import Field

from sojourn.scenarios.base import DaysOrNone, LogOdds, Name, Part


class Survey(Part):
    """A survey of satisfaction: it measures what those who answer say, beside the truth about all who are asked."""

    stage: Name = Field(description="who enters this stage is asked, at each entry")
    lag_days: DaysOrNone = Field(
        0.0, description="asked so many days after the entry, wherever they are then, unless lost"
    )
    response: Annotated[float, Field(gt=0, le=1)] = Field(
        description="share who answer at the start mean of satisfaction"
    )
    log_odds_per_10_points: LogOdds = Field(
        0.0,
        description="log-odds of answering per 10 points of satisfaction; above 0 the satisfied answer more readily",
    )
