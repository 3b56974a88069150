"""How long people wait after a click, in a real browser on the sample: seconds from the click to the frame it shows in.

Run `python tests/benchmarks/clicks.py`; it needs chromium, and two idle cores.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser import Lab
from desk import open_chromium, serve_desk

ROUNDS = 3


def changed(lab: Lab, selector: str) -> str:
    """Return a condition: an element reads otherwise than now."""
    now = lab.page.locator(selector).first.text_content()
    return f"() => document.querySelector({selector!r})?.textContent !== {now!r}"


def composer(lab: Lab) -> Iterator[tuple[str, float]]:
    """Click through the composer of the second notebook, before anything is sent."""
    lab.open("2_announcement.ipynb")
    for number in (1, 2, 4, 5):
        lab.run_cell(number)
    page = lab.page
    lab.wait_for_text("This goes to")
    for _ in range(ROUNDS):
        yield "next recipient", lab.seconds(page.locator("[title='The next recipient']"), changed(lab, ".compose-head"))
    for width in ("Desktop", "Plain text", "Phone"):
        wanted = {"Desktop": "640px", "Phone": "360px"}.get(width)
        frame = f"() => document.querySelector('.bulkkit-frame')?.style.width === {wanted!r}"
        condition = frame if wanted else "() => document.querySelector('pre.compose-text')"
        yield f"preview: {width}", lab.seconds(page.get_by_role("button", name=width), condition)


def health(lab: Lab) -> Iterator[tuple[str, float]]:
    """Click through the parts of the list in the first notebook."""
    lab.open("1_list_health.ipynb")
    lab.run_all()
    panel = lab.page.locator(".bulkkit-panel")
    panel.locator("select").first.select_option("segment")
    chips = panel.locator("button[data-do='choose']")
    chips.nth(1).wait_for()
    for number in (1, 2, 0):
        yield "part of the list", lab.seconds(chips.nth(number), changed(lab, ".bulkkit-facts"))


def report(lab: Lab) -> Iterator[tuple[str, float]]:
    """Click through the campaigns and sections of the third notebook."""
    lab.open("3_report.ipynb")
    lab.run_all()
    panel = lab.page.locator(".bulkkit-panel")
    for section in ("Funnel", "Timeline", "Comparison", "Figures", "Rates"):
        yield (
            f"section: {section}",
            lab.seconds(panel.get_by_role("button", name=section), changed(lab, ".bulkkit-panel")),
        )


def main() -> None:
    """Print each click with the seconds it took."""
    with serve_desk(Path(tempfile.mkdtemp())) as desk, open_chromium(Path(tempfile.mkdtemp())) as chromium:
        page = chromium.new_page()
        for walk in (composer, health, report):
            lab = Lab(page, desk, walk.__name__)
            for name, seconds in walk(lab):
                print(f"{name:24} {seconds:6.3f} s")
            lab.leave()
            desk.end_kernels()


if __name__ == "__main__":
    main()
