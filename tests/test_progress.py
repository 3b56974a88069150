"""The bar that is shown while a network is asked."""

from __future__ import annotations

import io

import pytest

from bulkkit.verification.progress import showing


def test_a_bar_is_shown_after_a_second_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before, then a bar on a terminal; nothing at all where nobody looks."""
    for is_terminal in (True, False):
        screen, moments = io.StringIO(), iter([0.0, 0.5, 1.5, 1.6])
        screen.isatty = lambda: is_terminal  # type: ignore[method-assign]  # noqa: B023
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setenv("TERM", "xterm")
        with showing("Asking DNS", 200, now=lambda: next(moments)) as show:  # noqa: B023
            show(1)
            assert screen.getvalue() == ""
            show(100)
            show(150)
        assert ("150/200" in screen.getvalue()) is is_terminal
