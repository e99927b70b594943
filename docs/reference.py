"""Writes the tables of keys in format.md from the model: `python docs/reference.py`. A test keeps the two the same."""

import sys
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sojourn.scenarios import dwell, history, levers, model, plans, service, stages, surveys, targets, traits

PAGE = Path(__file__).parent / "format.md"
BEGIN, END = "<!-- keys: written by reference.py -->", "<!-- end of keys -->"

TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("the file", model.Scenario),
    ("[scenario]", model.About),
    ("[arrivals]", model.Arrivals),
    ("[market]", model.Market),
    ("[segments.NAME]", model.Segment),
    ("[frailty]", model.Frailty),
    ("[traits] a number of any size", traits.Quantiles),
    ("[traits] what each stay has", traits.ByStay),
    ("[history]", history.History),
    ("[history] effects", history.HistoryEffect),
    ("[stages.NAME]", stages.Stage),
    ("[stages.NAME] exits.TO", stages.Exit),
    ("[stages.NAME] touchpoint", stages.Touchpoint),
    ("[stages.NAME] desk", stages.DeskUse),
    ("[stages.NAME] referrals", stages.Referrals),
    ("law = \"exponential\"", dwell.Exponential),
    ("law = \"weibull\"", dwell.Weibull),
    ("law = \"lognormal\"", dwell.Lognormal),
    ("law = \"loglogistic\"", dwell.Loglogistic),
    ("law = \"gamma\"", dwell.Gamma),
    ("law = \"deterministic\"", dwell.Deterministic),
    ("law = \"empirical\"", dwell.Empirical),
    ("law = \"deadline\"", dwell.Deadline),
    ("[satisfaction]", service.Satisfaction),
    ("[satisfaction] start, expectation", service.Normal),
    ("[satisfaction] nps", service.Nps),
    ("[satisfaction] effects", service.SatisfactionEffect),
    ("[desks.NAME]", service.Desk),
    ("[desks.NAME] effects", service.DeskEffect),
    ("[surveys.NAME]", surveys.Survey),
    ("[value]", model.Value),
    ("[levers.NAME]", levers.Lever),
    ("[levers.NAME] cost", levers.LeverCost),
    ("[levers.NAME] response", levers.Response),
    ("[[levers.NAME.effects]]", levers.Effect),
    ("a number with an interval", levers.Range),
    ("[strategies.NAME] LEVER = { level, when }", plans.ConstantPlan),
    ("[strategies.NAME] LEVER = { steps, when }", plans.SteppedPlan),
    ("[strategies.NAME] LEVER = [ steps ]", plans.Step),
    ("[[sources]]", model.Source),
    ("[variants.NAME]", model.Variant),
    ("[[targets]]", targets.Target),
)  # fmt: skip


def keys() -> str:
    """Return one table of keys for each table of the file, in Markdown."""
    parts = []
    for title, table in TABLES:
        said = (table.__doc__ or "").strip().splitlines()[0]
        rows = [f"| `{field.alias or name}` | {_cell(field)} | {_default(field)} |" for name, field in _fields(table)]
        parts.append(
            "\n".join([f"### `{title}`", "", said, "", "| key | meaning | if left out |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Return the page with its tables of keys written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{keys()}\n\n{END}{after}"


def _fields(table: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return list(table.model_fields.items())


def _cell(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|").replace("*", "\\*")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return "nothing"
    if value in (None, "", (), {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
