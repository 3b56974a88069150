from . import charts, widgets
from .campaign import Campaign
from .comparison import Comparison, compare
from .contacts import read_contacts
from .dispatch import Plan, plan, resume
from .errors import (
    AddressError,
    BulkkitError,
    ConfigurationError,
    ConfirmationError,
    InputError,
    LeaseError,
    LedgerError,
    PreflightError,
    RelayError,
    StoppedError,
    TemplateError,
)
from .events import read_events
from .ledger import Ledger
from .message.dkim import Dkim
from .message.links import Links
from .message.message import Message
from .message.sender import Sender
from .metrics import rates
from .metrics.contrasts import against_rest
from .reporting import report
from .sandbox import Sandbox
from .scoring import Health, health
from .segmentation import segment
from .sending.relay import Relay
from .sending.retry import Retry
from .sending.send import Send
from .sending.throttle import Limit, Throttle
from .trials import Design, design
from .verification import Verdict, verify, verify_address

__version__: str

__all__ = [
    "AddressError",
    "BulkkitError",
    "Campaign",
    "Comparison",
    "ConfigurationError",
    "ConfirmationError",
    "Design",
    "Dkim",
    "Health",
    "InputError",
    "LeaseError",
    "Ledger",
    "LedgerError",
    "Limit",
    "Links",
    "Message",
    "Plan",
    "PreflightError",
    "Relay",
    "RelayError",
    "Retry",
    "Sandbox",
    "Send",
    "Sender",
    "StoppedError",
    "TemplateError",
    "Throttle",
    "Verdict",
    "against_rest",
    "charts",
    "compare",
    "design",
    "health",
    "plan",
    "rates",
    "read_contacts",
    "read_events",
    "report",
    "resume",
    "segment",
    "verify",
    "verify_address",
    "widgets",
]
