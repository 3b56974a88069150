"""Everything that bulkkit raises on purpose.

BulkkitError
├── InputError            (ValueError)       a file, frame, column or argument cannot be used as it is
│   └── AddressError                         an address cannot be written to a mail server
├── TemplateError         (ValueError)       a token or a tag of the template cannot be rendered
├── PreflightError                           the plan has findings that block the send
│   └── ConfirmationError                    the number confirmed is not the number of recipients
├── LedgerError           (OSError)          the ledger cannot be read, written or trusted
│   └── LeaseError                           another process is sending from this ledger
└── RelayError            (ConnectionError)  a relay refuses, is not there, or may not be used for this
    ├── ConfigurationError                   the relay's address or options make no sense
    └── StoppedError                         the answers say that going on with this send does harm

Each message says what was wrong, where, and what to do about it.
"""

from __future__ import annotations


class BulkkitError(Exception):
    """The root: `except BulkkitError` catches whatever bulkkit raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows of it: the sentence, which says what to do; the calls in between help nobody."""
        return [f"{type(self).__name__}: {self}"]


class InputError(BulkkitError, ValueError):
    """A file, frame, column or argument cannot be used as it is."""


class AddressError(InputError):
    """An address cannot be written to a mail server."""


class TemplateError(BulkkitError, ValueError):
    """A token or a tag of the template cannot be rendered."""


class PreflightError(BulkkitError):
    """The plan has findings that block the send."""


class ConfirmationError(PreflightError):
    """The number confirmed is not the number of recipients."""


class LedgerError(BulkkitError, OSError):
    """The ledger cannot be read, written or trusted."""


class LeaseError(LedgerError):
    """Another process is sending from this ledger."""


class RelayError(BulkkitError, ConnectionError):
    """A relay refuses, is not there, or may not be used for this send."""


class ConfigurationError(RelayError):
    """The relay's address or options make no sense."""


class StoppedError(RelayError):
    """The answers say that going on with this send does harm; what was not sent is queued still."""


def explained(error: BaseException) -> str:
    """Return what a person reads of an error: its sentence, and its kind where it is not one of bulkkit's own."""
    return str(error) if isinstance(error, BulkkitError) else f"{type(error).__name__}: {error}"
