"""The report panel: rates of what is chosen, the people behind a mark, and nobody named in the saved notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from panels import click, press, saved
from shipped_sample import NOW, shipped

import bulkkit as bk
from bulkkit.addresses import mailbox_keys
from bulkkit.outcomes import KEY
from bulkkit.vocabulary import Rate
from bulkkit.waiting import waiting
from bulkkit.widgets import ReportPanel
from bulkkit.widgets.comparing import first_pair
from bulkkit.widgets.readings import Told
from bulkkit.widgets.report_panel import _toggled

CHOSEN = ["back-to-school", "spring"]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> bk.Ledger:
    """A ledger with the sample's history."""
    ledger = bk.Ledger(tmp_path_factory.mktemp("ledger") / "sample.db")
    ledger.add_campaigns(shipped()["campaigns"])
    ledger.add_events(shipped()["events"])
    return ledger


@pytest.fixture(scope="module")
def contacts() -> pd.DataFrame:
    """The sample's list."""
    return bk.verify(shipped()["contacts"].drop(columns="key"), as_of=NOW)


@pytest.fixture(scope="module")
def panel(ledger: bk.Ledger, contacts: pd.DataFrame) -> ReportPanel:
    """A panel that shows two campaigns."""
    panel = ReportPanel(ledger, contacts)
    panel._worker.settle()
    choose(panel, "spring")
    return panel


@pytest.fixture(autouse=True)
def _as_new(panel: ReportPanel) -> None:
    """Bring the panel that tests share back to its beginning."""
    panel.section.value, panel.by.value, panel.counts.value = "Rates", "campaign", "range"
    panel._change()
    panel._worker.settle()


def choose(panel: ReportPanel, name: str) -> None:
    """Click the chip of a campaign."""
    press(panel._chips.view, "choose", str([told.name for told in panel._reading.campaigns].index(name)))
    panel._worker.settle()


def set_to(panel: ReportPanel, **fields: Any) -> None:
    """Set fields, and wait for what follows."""
    for name, value in fields.items():
        getattr(panel, name).value = value
    panel._worker.settle()


def marks(panel: ReportPanel) -> list[tuple[int, int]]:
    """Each mark of the chart that can be clicked."""
    panel._worker.settle()
    traces = panel._figure.figure.data
    return [
        (curve, point)
        for curve, trace in enumerate(traces)
        if trace.type == "bar" or trace.mode == "markers"
        for point in range(len(trace.x))
        if trace.type != "bar" or trace.orientation != "h" or trace.x[point] > 0
    ]


@pytest.mark.parametrize(("by", "counts"), [("campaign", "range"), ("campaign", "all"), ("segment", "human")])
def test_a_dot_shows_as_many_people_as_it_counts(panel: ReportPanel, by: str, counts: str) -> None:
    """Behind each dot of the rates stand the people of its numerator."""
    set_to(panel, by=by, counts=counts)
    rates = bk.rates(shipped()["events"], contacts=panel._contacts, by=["campaign", by] if by != "campaign" else by)
    rates = rates[rates["campaign"].isin(CHOSEN)].groupby([by, "rate", "counts"])["numerator"].sum()
    seen = set()
    for curve, point in marks(panel):
        click(panel._figure, curve, point)
        rows, found = panel.rows.frame, panel._behind
        seen.add((found.group, found.what, found.counts))
        assert len(rows) == rates[found.group, found.what, found.counts]
        assert set(rows["campaign"]) <= ({found.group} if by == "campaign" else set(CHOSEN))
    assert {what for _, what, _ in seen} == set(Rate)
    assert len(seen) == len(marks(panel))
    assert {how for *_, how in seen} == ({"human", "all"} if counts != "all" else {"all"})


def test_a_bar_of_the_funnel_shows_its_people(panel: ReportPanel) -> None:
    """Behind each bar of the funnel stand as many messages as it is long."""
    set_to(panel, section="Funnel")
    assert len(marks(panel)) == 16
    for curve, point in marks(panel):
        length = panel._figure.figure.data[curve].x[point]
        click(panel._figure, curve, point)
        assert len(panel.rows.frame) == length


def test_a_bar_of_the_timeline_shows_its_people(panel: ReportPanel) -> None:
    """Behind each bar stand the people of its events: fewer where somebody did it twice, and none of another day."""
    set_to(panel, section="Timeline")
    events = shipped()["events"]
    events = events[events["campaign"].isin(CHOSEN)]
    for curve, point in marks(panel):
        number = panel._figure.figure.data[curve].y[point]
        click(panel._figure, curve, point)
        found, rows = panel._behind, panel.rows.frame
        happened = events[(events["kind"] == found.what) & (events["at"] >= found.since) & (events["at"] < found.until)]
        if found.counts != "all":
            happened = happened[(happened["machine"] == False).fillna(False) == (found.counts == "human")]  # noqa: E712
        assert len(happened) == number
        assert len(rows) == len(happened.drop_duplicates(["campaign", "email"]))


def test_people_have_their_own_columns(panel: ReportPanel, contacts: pd.DataFrame) -> None:
    """Whoever unsubscribed stands there with what the list says of that mailbox."""
    set_to(panel, people="unsubscribed")
    rows = panel.rows.frame
    known = contacts.assign(key=shipped()["contacts"]["key"].to_numpy()).drop_duplicates("key").set_index("key")
    events = shipped()["events"]
    gone = events[events["kind"].eq("unsubscribed") & events["campaign"].isin(CHOSEN)]
    assert len(rows) == len(gone.drop_duplicates(["campaign", "email"]))
    expected = [known.loc[key, "segment"] for key in mailbox_keys(rows["email"])]
    assert rows["segment"].astype("str").fillna("").tolist() == pd.Series(expected).astype("str").fillna("").tolist()


def test_the_table_says_the_figures(panel: ReportPanel) -> None:
    """The table names each rate of each group with value, interval, numbers and verdict, and the chart is gone."""
    set_to(panel, section="Figures")
    assert panel._figure.figure is None
    assert panel._words.told.count("<tr>") == 2 * (11 + 1)
    row = panel._reading.messages.rates(campaigns=["spring"]).set_index(["rate", "counts"]).loc[("clicked", "human")]
    assert f"{row['value'] * 100:.1f}" in panel._words.told
    assert f"{row['denominator']:,} delivered" in panel._words.told


def test_the_comparison_is_that_of_compare(panel: ReportPanel, contacts: pd.DataFrame) -> None:
    """Two campaigns chosen are compared as `bulkkit.compare` does; one with itself is not."""
    set_to(panel, section="Comparison", treated="summer-update", control="spring")
    found = bk.compare(shipped()["events"], contacts=contacts, treated="summer-update", control="spring")
    assert found.verdict in panel._words.told
    assert panel._figure.figure.data[0].x[0] == pytest.approx(found.raw.difference)
    set_to(panel, control="summer-update")
    assert "two different campaigns" in panel._words.told
    assert panel._figure.figure is None


def test_at_first_a_blast_stands_beside_a_segmented_campaign() -> None:
    """The latest of both kinds, or else the latest two."""
    kinds = [Told("c", "blast", ""), Told("b", "blast", ""), Told("a", "segmented", "")]
    assert first_pair(kinds) == ("c", "a")
    assert first_pair(kinds[:2]) == ("c", "b")
    assert first_pair(kinds[:1]) == ("c", "c")


def test_one_campaign_at_least_stays_chosen() -> None:
    """A click takes a campaign in or out, in the order of the list; the last one stays."""
    names = ["a", "b", "c"]
    assert _toggled(names, ("c",), 0) == ("a", "c")
    assert _toggled(names, ("a", "c"), 2) == ("a",)
    assert _toggled(names, ("a",), 0) == ("a",)


def test_a_narrow_place_gets_a_narrow_chart(panel: ReportPanel) -> None:
    """In fewer pixels two panels stand side by side instead of four."""
    wide = panel._figure.figure.layout.height
    panel._figure._heard(panel._figure, {"do": "narrow", "narrow": True}, [])
    panel._worker.settle()
    assert panel._figure.figure.layout.height > wide
    panel._figure._heard(panel._figure, {"do": "narrow", "narrow": False}, [])
    panel._worker.settle()
    assert panel._figure.figure.layout.height == wide


@pytest.mark.parametrize("counts", ["range", "human", "all"])
def test_how_long_people_took_is_a_section(panel: ReportPanel, counts: str) -> None:
    """Hours to open and click of what is chosen, counted as it is chosen, end where the rates of all that time are."""
    set_to(panel, section="Waiting", counts=counts)
    told = waiting(shipped()["events"], campaigns=CHOSEN)
    told = told if counts == "range" else told[told["counts"] == counts]
    ends = told.groupby(["campaign", "rate", "counts"])["value"].max()
    drawn = {round(max(trace.y), 9) for trace in panel._figure.figure.data if trace.hoverinfo == "text"}
    assert drawn
    assert drawn <= set(ends.round(9))
    assert panel.by.layout.display == "none"
    click(panel._figure, 0, 0)
    assert panel.rows.frame.empty


def test_no_saved_notebook_names_anybody(panel: ReportPanel, contacts: pd.DataFrame) -> None:
    """After clicks in each section the state of all widgets holds no address or name of anybody, and no chart."""
    for section in ("Rates", "Funnel", "Timeline"):
        set_to(panel, section=section)
        click(panel._figure, *marks(panel)[-1])
        assert not panel.rows.frame.empty
    state = saved(panel)
    for values in (contacts["email"], contacts["last_name"], shipped()["events"]["email"]):
        assert not [value for value in values.dropna().unique() if len(value) > 4 and value in state]
    assert len(state) < 20_000


def test_rows_and_report_are_files(panel: ReportPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both buttons write new files into the notebook's folder and say their names."""
    monkeypatch.chdir(tmp_path)
    set_to(panel, people="complained")
    press(panel.rows.view, "save")
    panel.write.click()
    panel._writer.settle()
    assert "report-back-to-school.html" in panel._said.told
    assert (tmp_path / "report-back-to-school.html").stat().st_size > 1_000_000
    back = pd.read_csv(tmp_path / "complained-back-to-school-spring.csv", encoding="utf-8-sig")
    assert len(back) == len(panel.rows.frame)


def test_a_ledger_without_messages_says_what_to_do(tmp_path: Path) -> None:
    """An empty ledger and a path without one are told in the panel; once there is something, reading again shows it."""
    panel = ReportPanel(tmp_path / "none.db")
    panel._worker.settle()
    assert "There is no ledger" in panel._said.told
    assert not (tmp_path / "none.db").exists()
    ledger = bk.Ledger(tmp_path / "none.db")
    panel.again.click()
    panel._worker.settle()
    assert "knows of no message yet" in panel._said.told
    assert panel.section.layout.display == "none"
    ledger.add_events(shipped()["events"].query("campaign == 'spring'"))
    panel.again.click()
    panel._worker.settle()
    assert "1 campaign," in panel._head.told.replace("\u00a0", " ")
    assert panel.section.layout.display is None


def test_contacts_without_addresses_are_refused(ledger: bk.Ledger) -> None:
    """The panel says that it cannot join such contacts."""
    panel = ReportPanel(ledger, pd.DataFrame({"name": ["a"]}))
    panel._worker.settle()
    assert "no column email" in panel._said.told


def test_hostile_words_are_words(tmp_path: Path) -> None:
    """Campaigns, segments and names that hold markup are shown literally, in the charts too."""
    hostile = '<img src=x onerror="alert(1)"><script>1</script>'
    ledger = bk.Ledger(tmp_path / "hostile.db")
    events = shipped()["events"].query("campaign == 'spring'").assign(campaign=hostile)
    ledger.add_events(events)
    contacts = shipped()["contacts"][["email", "first_name"]].assign(first_name=hostile)
    contacts["segment"] = ["<b>x</b>", "=1+1"] * (len(contacts) // 2)
    panel = ReportPanel(ledger, contacts)
    panel._worker.settle()
    for section in ("Rates", "Funnel", "Timeline", "Waiting", "Figures", "Comparison"):
        set_to(panel, section=section, by="segment", people="clicked")
        drawn = panel._figure._told
        told = [panel._rows.view.told, panel._chips.view.told, panel._words.told, drawn.get("words", "")]
        assert not [html for html in told if "<img" in html or "<script" in html or "<b>x" in html]
        assert "<" not in drawn["figure"]
    assert "&lt;img" in panel._chips.view.told
    assert KEY[0] not in panel.rows.frame.columns
