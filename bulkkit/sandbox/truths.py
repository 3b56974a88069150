"""What the sandbox asks about a mailbox; `bulkkit.sample` has the answers for everybody."""

from __future__ import annotations

from typing import Protocol


class Truth(Protocol):
    """What one mailbox does with each message, and its person."""

    @property
    def mailbox(self) -> str:
        """How its server answers, such as `accept` or `unknown_user`."""

    @property
    def p_open(self) -> float:
        """The chance that its person opens."""

    @property
    def p_click(self) -> float:
        """The chance that its person clicks; everyone who clicks has opened."""

    @property
    def p_unsubscribe(self) -> float:
        """The chance that its person unsubscribes."""

    @property
    def p_complain(self) -> float:
        """The chance that its person complains."""

    @property
    def machine_opens(self) -> bool:
        """Whether a privacy proxy loads each message's pictures."""

    @property
    def scanner(self) -> bool:
        """Whether a gateway follows each message's links."""


class Truths(Protocol):
    """The truth about every mailbox."""

    def of(self, key: str) -> Truth:
        """Return what the mailbox `key` (see `addresses.mailbox_key`) does."""
