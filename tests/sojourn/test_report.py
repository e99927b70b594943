"""The report: answer first, everything inside the file, every name escaped, written whole or not at all."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sojourn import paper
from sojourn.experiments.compare import Comparison, compare
from sojourn.paper import Cell
from sojourn.plots.words import minus
from sojourn.report import figures, write
from sojourn.scenarios.faults import Faults
from sojourn.scenarios.files import load, loads
from sojourn.sim.estimates import Band, Estimate

FIRST = Path(__file__).parents[1] / "scenarios" / "first.toml"
VOID = {"meta", "img"}


class Reader(HTMLParser):
    """The page as tags in balance, text, and pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(load(str(FIRST)), replications=3, customers=400, seed=1)


@pytest.fixture(scope="module")
def page(found: Comparison, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write(tmp_path_factory.mktemp("report") / "report.html", comparison=found, notes=["A <note> & more."])
    return path.read_text(encoding="utf-8")


def check() -> Any:
    x = np.linspace(0, 100, 20)
    band = Band(x, x / 200, x / 210, x / 190)
    quantity = SimpleNamespace(
        name="dwell.targeted",
        unit="days, of the first 90 days",
        observed=Estimate(40.0, 36.0, 44.0),
        simulated=Estimate(41.0, 38.0, 43.0),
        naive=20.0,
        n=900,
        inside=True,
    )
    return SimpleNamespace(
        quantities=(quantity,),
        curves=(SimpleNamespace(title="Share who have reached shopped", observed=band, simulated=band),),
        customers_fitted=2000,
        customers_held_out=900,
        inside=1,
        sentence="1 of 1 figures of 900 customers held out lie in the model's 90 % prediction interval.",
    )


def calibration() -> Any:
    law = SimpleNamespace(law="weibull", mean=88.1, mean_error=3.0, naive_mean=36.1, never=0.0)
    right = SimpleNamespace(law="exponential", mean=20.0, mean_error=1.0, naive_mean=19.5, never=0.0)
    long = SimpleNamespace(law="lognormal", mean=4000.0, mean_error=900.0, naive_mean=40.0, never=0.0)

    def stage(entries: int, still_open: int, dwell: Any, reached: bool = True) -> Any:
        return SimpleNamespace(
            entries=entries,
            still_open=still_open,
            dwell=dwell,
            mean_within_reach=reached and dwell is not None,
            longest=365.0,
        )

    stages = {
        "retention": stage(1000, 700, law),
        "awareness": stage(6000, 60, right),
        "advocacy": stage(100, 90, long, reached=False),
        "never_left": stage(5, 5, None),
    }
    return SimpleNamespace(stages=stages, notes=("Segments do not differ.",), log=SimpleNamespace(source="log <1>.csv"))


def test_the_answer_comes_first_and_then_what_carries_it(page: str, found: Comparison) -> None:
    text = Reader(page).text
    answer = minus(found.verdict.sentence).replace("_", " ")
    order = ["A first journey", answer, "What changes", "How far to trust this", "Pictures", "The strategies"]
    order += ["What the numbers rest on", "Not measured", "To run it again"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_one_file_that_loads_nothing_and_runs_nothing(page: str) -> None:
    read = Reader(page)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "iframe", "object", "base", "form", "svg"}
    assert not re.search(r"https?://|url\(|@import|file:", page)
    assert "default-src 'none'" in page
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)


def test_every_picture_is_inside_with_words_for_those_who_cannot_see_it(page: str) -> None:
    images = Reader(page).all("img")
    assert len(images) == 4 + 3 * 3
    for image in images:
        kind, _, data = str(image["src"]).partition(",")
        assert kind == "data:image/png;base64"
        png = base64.b64decode(data, validate=True)
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20], "big") == int(str(image["width"]))
        wide, tall = (float(v) for v in str(image["style"]).removeprefix("aspect-ratio: ").split(" / "))
        titled = int.from_bytes(png[20:24], "big") - tall / wide * int(str(image["width"]))
        assert 40 < titled < 120  # the strip with the title, which the heading says, is not shown
        assert len(str(image["alt"])) > 20
    assert page.count("<figcaption>") == len(images)


def test_pictures_drawn_before_are_taken_as_they_are(page: str, found: Comparison, tmp_path: Path) -> None:
    drawn = figures(found, None)
    ready = write(tmp_path / "r.html", comparison=found, notes=["A <note> & more."], pictures=drawn)
    assert ready.read_text(encoding="utf-8") == page
    alone = write(tmp_path / "few.html", comparison=found, pictures=drawn[:1]).read_text(encoding="utf-8")
    assert len(Reader(alone).all("img")) == 1
    assert base64.b64encode(drawn[0].png).decode("ascii") in alone


def test_the_measure_of_the_verdict_comes_first(tmp_path: Path) -> None:
    found = compare(load(str(FIRST)), measure="nps", replications=2, customers=200)
    drawn = figures(found, None)
    page = write(tmp_path / "r.html", comparison=found, pictures=[]).read_text(encoding="utf-8")
    assert re.findall(r'<th scope="row">([^<]*)', page)[0].strip() == "Net Promoter Score of customers not lost"
    assert drawn[0].figure.axes[0].child_axes[0].texts[-1].get_text().startswith("Net Promoter Score")


def test_eight_measures_at_most_and_all_of_them_to_unfold(page: str, found: Comparison) -> None:
    top, _, rest = page.partition("<details>")
    assert 1 <= top.count('<th scope="row">') <= 8
    everything = rest.partition("</details>")[0]
    assert everything.count('<th scope="row">') == len(found.result.outcomes["today"].measures)


def test_what_spans_0_is_grey_and_the_rest_better_or_worse(page: str) -> None:
    top = page.partition("<details>")[0]
    cells = re.findall(r'<td data-head="[^"]* − today"( class="\w+")?>(.*?)</td>', top)
    assert cells
    for kind, cell in cells:
        bounds = re.search(r"\[([−+\d.,]+), ([−+\d.,]+)\]", cell)
        if bounds is None:
            continue
        low, high = (float(v.replace("−", "-").replace(",", "")) for v in bounds.groups())
        if low < 0 < high:
            assert "unsure" in kind
            assert "(" in cell
        elif low * high > 0:
            assert "unsure" not in kind
            assert ("better" in kind) == cell.endswith("better")


def test_trust_names_replications_and_assumed_numbers(page: str) -> None:
    text = Reader(page).text
    assert "3 paired replications" in text
    assert "Rests on assumed effects" in text
    assert "A <note> & more." in text
    assert "no credible public estimate found" in text
    assert "rising from day 60 to 90 % on day 90" in text
    assert "for customers with segment == premium and purchases >= 2" in text


def test_what_is_needed_to_run_it_again(page: str, found: Comparison) -> None:
    text = Reader(page).text
    for fact in (found.result.scenario.digest, "seed 1", "engine compiled", "replications 3", "customers 400"):
        assert fact in text


def test_the_fit_and_what_the_shortcut_would_have_said(tmp_path: Path) -> None:
    path = write(tmp_path / "r.html", title="A demo", check=check(), calibration=calibration())
    text = Reader(path.read_text(encoding="utf-8")).text
    assert "Fit: 1 of 1 figures of 900 customers held out" in text
    assert "Leaving unfinished stays out would have said 36 days in retention, not 88 days." in text
    assert "Observed beside simulated" in text
    assert "log <1>.csv" in text
    assert "88.1 ± 4.9" in text
    assert "more than 365, the longest watched" in text
    assert "A demo" in text[:40]
    path = write(tmp_path / "observed.html", check=check())
    text = Reader(path.read_text(encoding="utf-8")).text
    assert "would have said 20 days in targeted, not 40 days (of the first 90 days)." in text


def test_a_run_without_a_comparison_a_check_alone_and_nothing(tmp_path: Path, found: Comparison) -> None:
    text = Reader(write(tmp_path / "a.html", result=found.result).read_text(encoding="utf-8")).text
    assert "Profit over 365 days" in text
    assert "What each strategy gives" in text
    text = Reader(write(tmp_path / "b.html", check=check()).read_text(encoding="utf-8")).text
    assert check().sentence in text
    assert "nothing to report" in Reader(write(tmp_path / "c.html").read_text(encoding="utf-8")).text


def test_names_and_words_of_a_scenario_are_never_markup(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script><img src=x onerror=y> & \\\"quotes\\\""
    body = f"""format = 1
[scenario]
name = "evil"
title = "{evil}"
description = "{evil}"
source = "{evil}"
start = "a"
horizon_days = 10
currency = "<b>"
arrivals = {{ cohort = 20 }}
[stages.a]
dwell = {{ law = "exponential", mean = 2.0 }}
exits = {{ b = 1.0 }}
revenue = 3.0
[stages.b]
end = true
""".replace("arrivals = { cohort = 20 }\n", "")
    body = body.replace("[stages.a]", "[arrivals]\ncohort = 20\n[stages.a]", 1)
    body += f'[[sources]]\npaths = ["stages.*"]\nevidence = "assumed"\nsource = "{evil}"\n'
    body += '[levers.l]\n[[levers.l.effects]]\ndwell = "a"\ntime_ratio = 0.5\n'
    body += f'source = "{evil}"\n[strategies.one]\n[strategies.two]\nl = 1.0\n'
    found = compare(loads(body), replications=2)
    page = write(tmp_path / "r.html", comparison=found, notes=[evil], title=evil).read_text(encoding="utf-8")
    read = Reader(page)
    assert not read.all("script")
    assert not read.all("b")
    assert all(str(image["src"]).startswith("data:") for image in read.all("img"))
    assert read.text.count("<script>alert") >= 5


def test_written_whole_or_not_at_all(tmp_path: Path, found: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("the old one", encoding="utf-8")
    monkeypatch.setattr("sojourn.plots.style.png", lambda figure, title: (_ for _ in ()).throw(RuntimeError("stopped")))
    with pytest.raises(RuntimeError, match="stopped"):
        write(path, comparison=found)
    assert path.read_text(encoding="utf-8") == "the old one"
    monkeypatch.undo()
    with pytest.raises(Faults, match="is a folder"):
        write(tmp_path, check=check())
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, check=check()).read_bytes() for name in ("a.html", "b.html"))
    assert one == other


def test_many_strategies_stand_under_each_other_in_tables_no_wider_than_the_page(tmp_path: Path) -> None:
    levers = "".join(f"[strategies.option_{k}]\nloyalty_perks = 0.{k}\n" for k in range(1, 8))
    many = compare(loads(FIRST.read_text(encoding="utf-8") + levers), replications=2, customers=60, seed=1)
    page = write(tmp_path / "many.html", comparison=many, pictures=[]).read_text(encoding="utf-8")
    changes = page[page.index("<h2>What changes</h2>") : page.index("<h2>How far to trust this</h2>")]
    for row in re.findall(r"<tr>.*?</tr>", changes):
        assert len(re.findall(r"<t[hd]\b", row)) <= 5
    for k in range(1, 8):
        assert f'<th scope="row">option {k} − today</th>' in changes
    assert 'aria-label="strategy"' in changes


def test_a_table_scrolls_in_a_box_of_its_own_and_shrinks_on_paper(page: str) -> None:
    assert page.count("<table>") == page.count('<div class="wide" tabindex="0" role="region"') > 0
    assert ".wide { overflow-x: auto;" in page
    assert ".wide { overflow: visible; }" in page[page.index("@media print") :]


def test_a_command_in_a_sentence_is_set_as_one_and_names_stay_text() -> None:
    told = paper.bullets(["Nothing: `sojourn worth` says `<b>`.", "a lone ` stays"])
    assert "<code>sojourn worth</code>" in told
    assert "<code>&lt;b&gt;</code>" in told
    assert "a lone ` stays" in told


def test_an_empty_cell_has_no_heading_of_its_own_on_a_narrow_page() -> None:
    told = paper.table(["number", "break-even"], [(("price", ""), [Cell("")]), (("pace", ""), [Cell("1.2")])])
    assert told.count('data-head="break-even"') == 1
