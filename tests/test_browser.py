"""The start page and the notebooks in a real browser, as a visitor uses them."""

from __future__ import annotations

import re

import pytest
from browser import Lab

pytestmark = pytest.mark.slow

JOBS = {
    "Explore a list": "1_list_health.ipynb",
    "Send one announcement": "2_announcement.ipynb",
    "Report": "3_report.ipynb",
}


def test_start_page_leads_to_each_notebook(lab: Lab) -> None:
    """`bulkkit lab` opens a page with three links; each opens its notebook, and no dialog asks anything."""
    lab.visit()
    links = lab.page.locator(".jp-MarkdownViewer a", has_not_text="¶")
    links.first.wait_for()
    assert links.all_text_contents() == list(JOBS)
    lab.shoot("0_start")
    for job, notebook in JOBS.items():
        lab.page.get_by_role("tab", name="start.md").click()
        links.filter(has_text=job).click()
        lab.page.locator(".lm-TabBar-tab.jp-mod-current", has_text=notebook).wait_for()
        lab.wait_until_idle()
        assert lab.page.locator(".jp-Dialog").count() == 0


@pytest.mark.parametrize("name", ["1_list_health", "3_report"])
def test_notebook_runs_in_the_browser(lab: Lab, name: str) -> None:
    """Run All reaches the end without an error, the charts are seen, and no button uploads them."""
    lab.open(f"{name}.ipynb")
    lab.run_all()
    assert lab.errors() == []
    chart = lab.page.locator(".js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    chart.locator("svg.main-svg").first.wait_for()
    titles = [button.get_attribute("data-title") or "" for button in lab.page.locator(".modebar-btn").all()]
    assert titles
    assert [title for title in titles if re.search("share|upload|cloud|chart studio", title, re.IGNORECASE)] == []
    lab.shoot(name)


PANEL = """
import ipywidgets
field = ipywidgets.Text("written into the field")
count = ipywidgets.Button(description="Count")
shown = ipywidgets.HTML()
count.on_click(lambda button: setattr(shown, "value", "<b class='counted'>counted</b>"))
ipywidgets.VBox([field, count, shown])
"""


def test_ground_sees_what_people_see(lab: Lab) -> None:
    """A click is timed, the saved file holds the widgets' state, a new tab shows them alive, a restart forgets them."""
    lab.write("panel.ipynb", PANEL)
    lab.open("panel.ipynb")
    lab.run_cell(0)
    button = lab.page.locator(".jp-OutputArea .widget-button")
    assert 0 < lab.seconds(button, "() => document.querySelector('.counted')") < 5
    assert "written into the field" in [state.get("value") for state in lab.widget_state().values()]
    lab.reopen()
    lab.wait_for_text("counted")
    lab.append("1 / 0")
    assert lab.errors() == ["division by zero"]
    lab.restart()
    lab.append("'field' in globals()")
    lab.wait_for_text("False")


@pytest.mark.parametrize(
    ("does", "complaint"),
    [("fetch('http://images.example/pixel').catch(() => {})", "asked for http"), ("console.error('no!')", "no!")],
)
def test_ground_hears_complaints(lab: Lab, does: str, complaint: str) -> None:
    """A request to somebody outside and an error on the console are noticed, and nothing left the machine."""
    with lab.page.expect_console_message():
        lab.page.evaluate(f"() => {{ {does}; }}")
    assert any(said.startswith(complaint) for said in lab.complaints)
    lab.complaints.clear()
