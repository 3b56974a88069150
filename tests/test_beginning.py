"""A plan begun or gone on with: whatever is pressed or run again, nobody is mailed twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsal import MESSAGE, SENDER, campaign, people, relay
from servers import MailServer

from bulkkit.dispatch import Plan, begin, plan, resume
from bulkkit.errors import ConfirmationError, InputError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle
from bulkkit.transitions import Claim


def drafted(path: Path, relays: list[Relay], count: int = 5, **changes: object) -> Plan:
    """Return a plan without a limit."""
    return plan(campaign(people(count), **changes), relays, throttle=Throttle.unlimited(), ledger=path)


def test_begun_twice_is_sent_once(path: Path, serve: Callable[..., MailServer]) -> None:
    """Beginning a plan again, after it was finished, sends nothing and gives a finished send."""
    server = serve()
    first = begin(drafted(path, [relay(server.port)])).wait()
    again = begin(drafted(path, [relay(server.port)])).wait()
    assert (first.accepted, again.accepted, len(server.mail)) == (5, 5, 5)


def test_what_was_only_stored_goes_on(path: Path, serve: Callable[..., MailServer]) -> None:
    """A plan that was stored and not started goes on to the people who were stored then."""
    server = serve()
    drafted(path, [relay(server.port)]).queue()
    progress = begin(drafted(path, [relay(server.port)], count=9)).wait()
    assert (progress.accepted, len(server.mail)) == (5, 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"message": Message("Another", markdown="text")}, "another message"),
        ({"message": replace(MESSAGE, footer=False)}, "another message"),
        ({"sender": Sender("other@example.org", postal_address="1 High St")}, "another sender"),
        ({"sender": replace(SENDER, reply_to="answers@example.org")}, "another sender"),
    ],
)
def test_another_campaign_of_that_name_is_refused(
    path: Path, serve: Callable[..., MailServer], changes: dict[str, object], said: str
) -> None:
    """A name in the ledger stands for one message and one sender; the refusal says what differs and what to do."""
    server = serve()
    drafted(path, [relay(server.port)]).queue()
    with pytest.raises(InputError, match=f"{said}.*another name"):
        begin(drafted(path, [relay(server.port)], **changes))
    assert server.mail == []


def test_a_campaign_sent_elsewhere_is_refused(path: Path) -> None:
    """Of a campaign that only has its events here nothing can go on."""
    ledger = Ledger(path)
    planned = drafted(path, [relay(1)])
    planned.queue()
    row = ledger.campaigns()
    ledger = Ledger(other := path.with_name("other.db"))
    ledger.add_campaigns(row)
    with pytest.raises(InputError, match="sent elsewhere"):
        begin(drafted(other, [relay(1)]))


def test_real_relays_go_on_only_with_a_number(path: Path, serve: Callable[..., MailServer]) -> None:
    """Whether begun or gone on with, a real relay wants the number that was confirmed; none else will do."""
    server = serve()
    real = Relay(f"smtp://127.0.0.1:{server.port}")
    with pytest.raises(ConfirmationError, match="confirm=5"):
        begin(drafted(path, [real]))
    drafted(path, [real]).queue(confirm=5)
    with pytest.raises(ConfirmationError, match="confirm=5"):
        begin(drafted(path, [real]))
    with pytest.raises(ConfirmationError, match="confirmed for 5"):
        begin(drafted(path, [real]), confirm=4)
    assert server.mail == []
    assert begin(drafted(path, [real]), confirm=5).wait().accepted == 5
    assert begin(drafted(path, [real])).wait().accepted == len(server.mail) == 5


def test_what_a_dead_process_claimed_wants_the_number_too(path: Path, serve: Callable[..., MailServer]) -> None:
    """Messages that were claimed and never sent go out again, so going on with them is asked about as well."""
    server = serve()
    real = Relay(f"smtp://127.0.0.1:{server.port}")
    drafted(path, [real]).queue(confirm=5)
    ledger = Ledger(path)
    ledger.write([Claim(number, real.name, real.clock.stamp()) for number in range(1, 6)])
    with pytest.raises(ConfirmationError, match="confirm=5"):
        begin(drafted(path, [real]))
    with pytest.raises(RelayError, match="nothing listens there"):
        resume("office-move", path, [Relay("smtp://127.0.0.1:1")])
    assert server.mail == []
    assert begin(drafted(path, [real]), confirm=5).wait().accepted == 5


def test_the_number_of_another_audience_is_no_confirmation(path: Path, serve: Callable[..., MailServer]) -> None:
    """Going on reaches those who were stored; the number of those whom the plan would reach now does not count."""
    server = serve()
    real = Relay(f"smtp://127.0.0.1:{server.port}")
    drafted(path, [real], count=9).queue(confirm=9)
    with pytest.raises(ConfirmationError, match="confirmed for 9"):
        begin(drafted(path, [real], count=5), confirm=5)
    assert server.mail == []
