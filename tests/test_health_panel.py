"""The health panel: parts of a list, the rows behind a bar, and nothing of a person in the saved notebook."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from panels import click, press, saved
from shipped_sample import NOW, shipped

import bulkkit as bk
from bulkkit.drilling.parts import dividing, labels, parts
from bulkkit.errors import InputError
from bulkkit.widgets import HealthPanel
from bulkkit.widgets.health_words import costliest
from bulkkit.widgets.pages import COLUMNS, ROWS, page


@cache
def checked() -> pd.DataFrame:
    """The sample's list."""
    return bk.verify(shipped()["contacts"].drop(columns="key"), as_of=NOW)


@cache
def health() -> bk.Health:
    """Its health, with its history."""
    return bk.health(checked(), shipped()["events"], as_of=NOW)


def choose(panel: HealthPanel, name: str) -> None:
    """Click the chip of a part."""
    assert panel._worker.settle(20)
    press(panel._chips.view, "choose", str([part.name for part in panel._offered].index(name)))


@pytest.mark.parametrize("row", range(11))
def test_a_bar_shows_its_rows(row: int) -> None:
    """A click on either bar of a component shows the rows that `Health.rows` gives for it."""
    name = costliest(health().components)["component"].iloc[row]
    for curve in (0, 1):
        panel = HealthPanel(health())
        assert panel.rows.frame.empty
        click(panel._figure, curve, row)
        pd.testing.assert_frame_equal(panel.rows.frame, health().rows(name))
        assert panel.component.value == name


def test_a_part_is_as_healthy_as_its_rows() -> None:
    """Choosing a segment shows the health of its rows; the component that was asked for stays."""
    panel = HealthPanel(health(), by="segment")
    panel.component.value = "consent"
    choose(panel, "partners")
    rows = checked()[checked()["segment"] == "partners"]
    alone = health().of(rows)
    pd.testing.assert_frame_equal(panel.health.components, alone.components)
    pd.testing.assert_frame_equal(panel.rows.frame, alone.rows("consent"))
    assert f"{alone.score:.0f}</b>" in panel._summary.told
    choose(panel, "whole list")
    assert panel.health is health()


def test_another_column_begins_with_the_whole_list() -> None:
    """Dividing by another column shows its parts and the whole list again."""
    panel = HealthPanel(health(), by="segment")
    choose(panel, "partners")
    panel.column.value = "provider"
    assert panel.health is health()
    assert "Northmail" in panel._chips.view.told
    assert "partners" not in panel._chips.view.told


def test_a_click_on_chips_of_the_column_before_chooses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the page still has the chips of another column, and for a number that no chip has, a click is ignored."""
    panel = HealthPanel(health(), by="segment")
    assert panel.health is health()
    old = panel._offered
    monkeypatch.setattr(panel._worker, "request", lambda _work: None)
    panel.column.value = "provider"
    for number in (1, len(old) - 1, 10_000, -1):
        press(panel._chips.view, "choose", str(number))
    monkeypatch.undo()
    panel._worker.request(panel._draw)
    assert panel.health is health()
    assert "Northmail" in panel._chips.view.told
    press(panel._chips.view, "choose", "10000")
    assert panel.health is health()


def test_a_part_is_of_its_own_column() -> None:
    """A part that is being drawn while the column changes is taken from the column that it belongs to."""
    panel = HealthPanel(health(), by="segment")
    choose(panel, "partners")
    whole = panel.health
    part = panel._chosen.part
    panel.column.value = "provider"
    assert panel.health is health()
    pd.testing.assert_frame_equal(panel._health_of(part).components, whole.components)


def test_a_list_is_divided_when_it_is_asked_for() -> None:
    """A panel that begins with the whole list shows the parts of a column once that is chosen."""
    panel = HealthPanel(health())
    assert panel.health is health()
    assert "partners" not in panel._chips.view.told
    panel.column.value = "segment"
    assert panel.health is health()
    assert "partners" in panel._chips.view.told


def test_parts_are_everybody_once() -> None:
    """The parts of each column that divides the list have as many rows as it, and no address is a part."""
    assert dividing(checked())[:2] == ["segment", "provider"]
    assert not {"email", "first_name", "did_you_mean"} & set(dividing(checked()))
    for column in dividing(checked()):
        found = parts(checked()[column])
        assert 2 <= len(found) <= 30
        assert {part.name: part.rows for part in found} == labels(checked()[column]).value_counts().to_dict()
        assert sum(part.rows for part in found) == len(checked())


def test_a_column_that_divides_nothing_is_refused() -> None:
    """`by` has to divide the list; the message says what does."""
    with pytest.raises(InputError, match="'email' divides this list into no 2 to 30 parts; use segment"):
        HealthPanel(health(), by="email")


def test_what_is_unknown_is_said() -> None:
    """Without a history the panel says what is unknown, and that nobody can be shown behind it."""
    panel = HealthPanel(bk.health(checked(), as_of=NOW))
    assert panel.health.components["value"].isna().any()
    assert "engagement" not in dict(panel.component.options).values()
    assert "Unknown here, and not scored: engagement" in panel._summary.told


def test_pages_turn_within_their_bounds() -> None:
    """50 rows a page, the last page shorter; before the first and after the last there is none."""
    panel = HealthPanel(health())
    panel.component.value = "questionable"
    total, view = len(panel.rows.frame), panel.rows.view
    last = (total - 1) // ROWS
    for _ in range(last + 3):
        press(view, "page", "1")
    assert f"{last * ROWS + 1} to {total}" in view.told
    for _ in range(last + 3):
        press(view, "page", "-1")
    assert f"1 to {ROWS}" in view.told
    assert view.told.count("<tr>") == ROWS + 1
    press(view, "page", "1")
    panel.component.value = "consent"
    assert f"1 to {ROWS}" in panel.rows.view.told


def test_a_page_shows_what_matters_first() -> None:
    """Leading columns come first, empty ones are left out, long text is cut, and hidden columns are counted."""
    wide = pd.DataFrame({f"c{n}": ["x" * 200] for n in range(30)}).assign(email="a@x.example", empty=None)
    shown = page(wide, 0, ["email", "status"])
    assert shown.headings[0] == "email"
    assert (len(shown.headings), shown.hidden) == (COLUMNS, 31 - COLUMNS)
    assert max(len(cell) for line in shown.lines for cell in line) == 90


def test_rows_are_saved_as_they_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button writes all pages into the notebook's folder and says the file's name."""
    monkeypatch.chdir(tmp_path)
    panel = HealthPanel(health(), by="segment")
    choose(panel, "members")
    panel.component.value = "engagement"
    press(panel.rows.view, "save")
    assert "engagement-members.csv" in panel.rows.view.told
    back = pd.read_csv(tmp_path / "engagement-members.csv", encoding="utf-8-sig")
    assert len(back) == len(panel.rows.frame) > ROWS


def test_no_saved_notebook_names_anybody() -> None:
    """After every kind of click the state of all widgets holds no address, name or city of anybody, and no chart."""
    panel = HealthPanel(health(), by="city")
    choose(panel, panel._chosen.parts[1].name)
    for component in ("questionable", "engagement", "duplicates"):
        panel.component.value = component
        assert not panel.rows.frame.empty
    state = saved(panel)
    people = checked()
    for column in ("email", "last_name", "city"):
        assert not [value for value in people[column].dropna().unique() if len(value) > 4 and value in state]
    assert len(state) < 20_000


def test_hostile_words_are_words() -> None:
    """Names, segments and columns that hold markup or formulas are shown literally."""
    hostile = '<script>alert(1)</script><img src="http://evil.example/x">'
    rows = checked().head(40).assign(segment=["=HYPERLINK(1)", hostile] * 20, first_name=hostile, extra=hostile)
    panel = HealthPanel(bk.health(rows.rename(columns={"extra": "<b>col</b>"}), as_of=NOW), by="segment")
    choose(panel, hostile)
    panel.component.value = "expected_bounces" if len(panel.health.rows("expected_bounces")) else "not_probed"
    panel.component.value = str(panel.health.counts["reason"].iloc[0])
    told = [panel.rows.view.told, panel._chips.view.told, panel._summary.told]
    assert all("<script" not in html and "<img" not in html and "<b>col" not in html for html in told)
    assert all("&lt;script&gt;" in html for html in told)
