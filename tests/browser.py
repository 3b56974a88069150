"""What people do in JupyterLab, and what they get to see: open, run, press, look, save."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import nbformat
from desk import WIDTHS, Desk

from bulkkit.lab import copy_files

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page

_OURS: Final = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost):\d+/|data:|blob:|about:")
_LABS_OWN: Final = "Could not restore the debugger state: Canceled future"
"""What JupyterLab says of itself when a kernel or a tab goes while its debugger asks after it."""

_FRONT: Final = "jupyterapp.shell.currentWidget"
_IDLE: Final = f"window.jupyterapp && {_FRONT}?.sessionContext?.session?.kernel?.status === 'idle'"
_ALONE: Final = "window.jupyterapp?.shell.mode === 'single-document'"
_STATE: Final = "application/vnd.jupyter.widget-state+json"
_TALLEST: Final = 12_000

_BEGIN: Final = """promise => {
    window.outcome = null;
    eval(promise).then(() => { window.outcome = "done"; }, error => { window.outcome = String(error); });
}"""

_CHOOSE: Final = f"number => {{ {_FRONT}.content.activeCellIndex = number; }}"

_APPEND: Final = f"""source => {{
    const notebook = {_FRONT}.content;
    const end = notebook.widgets.length;
    notebook.model.sharedModel.insertCell(end, {{ cell_type: "code", source }});
    return end;
}}"""

_STOPWATCH: Final = """([event, condition]) => {
    window.took = null;
    const holds = eval(condition);
    document.addEventListener(event, ({ timeStamp }) => {
        const look = now => { if (holds()) window.took = now - timeStamp; else requestAnimationFrame(look); };
        requestAnimationFrame(look);
    }, { capture: true, once: true });
}"""

_HIDDEN_HEIGHT: Final = """async () => {
    const panes = ".lm-DockPanel-widget:not(.lm-mod-hidden) :is(.jp-WindowedPanel-outer, .jp-RenderedMarkdown)";
    const hidden = () => Math.max(0, ...[...document.querySelectorAll(panes)].map(pane => {
        pane.scrollTop = 0;
        return pane.scrollHeight - pane.clientHeight;
    }));
    let now = hidden();
    for (let frames = 0, still = 0; frames < 300 && still < 20; frames++) {
        await new Promise(requestAnimationFrame);
        still = hidden() === now ? still + 1 : 0;
        now = hidden();
    }
    return now;
}"""
"""How many pixels of the page are scrolled out of sight, once twenty frames in a row say the same."""

_CLOSE_ALL: Final = """() => {
    for (const widget of [...jupyterapp.shell.widgets("main")]) {
        if (widget.context) widget.context.model.dirty = false;
        widget.close();
    }
}"""
"""Documents without changes close without a question."""


@dataclass
class Lab:
    """One page of the browser, with a folder of its own that holds the notebooks and the sample."""

    page: Page
    desk: Desk
    name: str
    screenshots: Path | None = None
    complaints: list[str] = field(default_factory=list)
    """Errors on the page's console, and requests to anybody but this machine."""

    def __post_init__(self) -> None:
        self._listeners: dict[str, Callable[[Any], None]] = {
            "console": self._said,
            "pageerror": lambda error: self.complaints.append(str(error)),
            "request": lambda request: self._asked(request.url),
            "websocket": lambda socket: self._asked(socket.url),
        }
        self._listen()

    def _listen(self) -> None:
        for event, listener in self._listeners.items():
            self.page.on(event, listener)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_LABS_OWN):
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        if not _OURS.match(url):
            self.complaints.append(f"asked for {url}")

    def leave(self) -> None:
        """Close the documents, saved or not; an empty JupyterLab stays in the window for whoever comes next."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        if self.page.evaluate(_ALONE):
            self.page.evaluate(_CLOSE_ALL)
        else:
            self.page.goto("about:blank")

    def reopen(self) -> None:
        """Close the tab; open the same notebook in a new one, and wait for its kernel."""
        path, context = self.page.evaluate(f"{_FRONT}.context.path"), self.page.context
        self.page.close()
        self.page = context.new_page()
        self._listen()
        self.visit(f"doc/tree/{path}")
        self.wait_until_idle()

    @cached_property
    def folder(self) -> Path:
        """Where this page's notebooks and data lie; nobody else uses it."""
        folder = self.desk.folder / self.name
        copy_files(folder)
        return folder

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook of these cells of code beside the three."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook = nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / "notebooks" / name)

    def visit(self, path: str = "") -> None:
        """Go where `bulkkit lab` sends the browser, or to another page of the server."""
        self.page.goto(self.desk.address(path))

    def open(self, name: str) -> None:
        """Open one of this folder's notebooks alone in the window, and wait for its kernel."""
        path = (self.folder / "notebooks" / name).relative_to(self.desk.folder).as_posix()
        if self.page.evaluate(_ALONE):
            self.finish(f"jupyterapp.commands.execute('docmanager:open', {{ path: '{path}' }})")
        else:
            self.visit(f"doc/tree/{path}?reset")
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait for the kernel of the notebook in front."""
        self.page.wait_for_function(_IDLE)

    def command(self, name: str) -> None:
        """Give one of JupyterLab's commands, and wait until it is done."""
        self.finish(f"jupyterapp.commands.execute('{name}')")

    def finish(self, promise: str) -> None:
        """Wait for a promise (JavaScript) with a time limit, which playwright's own `evaluate` lacks."""
        self.page.evaluate(_BEGIN, promise)
        outcome = self.page.wait_for_function("window.outcome").json_value()
        assert outcome == "done", outcome

    def run_all(self) -> None:
        """Run the notebook from top to bottom, and wait for its end."""
        self.command("notebook:run-all-cells")

    def run_cell(self, number: int) -> None:
        """Run one cell, counted from 0 with those of text, and wait for its end."""
        self.page.evaluate(_CHOOSE, number)
        self.command("notebook:run-cell")

    def append(self, source: str) -> None:
        """Write a cell of code at the notebook's end, run it, and wait for its end."""
        self.run_cell(self.page.evaluate(_APPEND, source))

    def restart(self) -> None:
        """Restart the kernel without asking, and wait until it is there again."""
        self.finish(f"{_FRONT}.sessionContext.session.kernel.restart()")
        self.wait_until_idle()

    def output(self, text: str | None = None) -> Locator:
        """Return the outputs in which this text stands; a cell's source does not count."""
        return self.page.locator(".jp-OutputArea-output", has_text=text)

    def wait_for_text(self, text: str) -> None:
        """Wait until this text stands in an output."""
        self.output(text).first.wait_for()

    def notebook(self) -> dict[str, Any]:
        """Return the notebook as it is in the page, saved or not."""
        return dict(self.page.evaluate(f"{_FRONT}.content.model.toJSON()"))

    def errors(self) -> list[str]:
        """Return what went wrong in the cells, and what they wrote to stderr."""
        outputs = [output for cell in self.notebook()["cells"] for output in cell.get("outputs", ())]
        wrong = [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
        return [output.get("evalue") or "".join(output["text"]) for output in wrong]

    def save(self) -> dict[str, Any]:
        """Save the notebook as a click on the disk does; return what the file holds."""
        self.command("docmanager:save")
        path = self.desk.folder / self.page.evaluate(f"{_FRONT}.context.path")
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def widget_state(self) -> dict[str, dict[str, Any]]:
        """Save the notebook; return the traits that went into the file, by the widget's id."""
        models = self.save()["metadata"].get("widgets", {}).get(_STATE, {"state": {}})["state"]
        return {key: model["state"] for key, model in models.items()}

    def seconds(self, pressed: Locator, condition: str, event: str = "click") -> float:
        """Click; return the seconds from the event in the page to the frame in which a condition holds.

        The condition is a function in JavaScript, such as `() => document.querySelector("progress")`.
        """
        self.page.evaluate(_STOPWATCH, [event, condition])
        pressed.click()
        return float(self.page.wait_for_function("window.took").json_value()) / 1_000

    def shoot(self, name: str) -> None:
        """Keep pictures of the whole page in both widths, where `--screenshots` names a folder for them."""
        if self.screenshots is None:
            return
        before = self.page.viewport_size
        for width in WIDTHS:
            self._unroll(width)
            self.page.screenshot(path=self.screenshots / f"{name}_{width}.png")
        self.page.set_viewport_size(before)

    def _unroll(self, width: int) -> None:
        """Make the window as high as what it shows; what was out of sight gets its true height only once it is seen."""
        height = 900
        self.page.set_viewport_size({"width": width, "height": height})
        while (hidden := self.page.evaluate(_HIDDEN_HEIGHT)) and height < _TALLEST:
            height += hidden
            self.page.set_viewport_size({"width": width, "height": height})
