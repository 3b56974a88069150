"""How long it takes from the command to the first chart: `python tests/benchmarks/time_to_first_chart.py`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser import Lab
from desk import open_chromium, serve_desk


def stopwatch() -> Callable[[str], None]:
    """Return what prints the seconds since it was last asked, and since the beginning."""
    times = [perf_counter()]

    def lap(what: str) -> None:
        times.append(perf_counter())
        print(f"{what:38} {times[-1] - times[-2]:6.2f} s {times[-1] - times[0]:6.2f} s")

    return lap


def main() -> None:
    """Start, read the start page, open the first notebook, run it, and look at its chart."""
    with tempfile.TemporaryDirectory() as home, open_chromium(Path(home, "profile")) as chromium:
        lap = stopwatch()
        with serve_desk(Path(home, "home")) as desk:
            lap("bulkkit lab: JupyterLab answers")
            lab = Lab(chromium.pages[0], desk, "unused")
            lab.visit()
            link = lab.page.locator(".jp-RenderedMarkdown a", has_text="Explore a list")
            link.wait_for()
            lap("the browser shows the start page")
            link.click()
            lab.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            lab.wait_until_idle()
            lap("the first notebook and its kernel")
            lab.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
            lab.page.locator(".jp-OutputArea-output table").first.wait_for()
            lap("Run All: the first table")
            lab.page.locator(".js-plotly-plot svg.main-svg").first.wait_for()
            lap("the first chart")


if __name__ == "__main__":
    main()
