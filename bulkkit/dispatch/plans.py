"""A plan: a send that has not begun."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.utils import make_msgid
from os import PathLike
from typing import Any

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.campaign import Campaign
from bulkkit.dispatch.merge import merge_fields, merge_json, tracked, trial_recipients
from bulkkit.dispatch.route import Route, existing_ledger
from bulkkit.dispatch.timetable import Behaviour, simulated
from bulkkit.errors import ConfirmationError, InputError, PreflightError
from bulkkit.ledger import Ledger
from bulkkit.message.compiled import CompiledMessage, Preview, compile_message
from bulkkit.preflight.findings import Reach, Severity
from bulkkit.sending.password import password_for
from bulkkit.sending.planning import RECIPIENT
from bulkkit.sending.send import Send
from bulkkit.sending.trial import check_relays, send_trial
from bulkkit.transitions import CampaignRecord, Recipient


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gets the message, who does not and why, how long it takes, and what to look at first.

    Attributes
    ----------
    waterfall
        Columns step, rows, remaining: how the list becomes the recipients.
    findings
        Columns rule, severity, concerns, finding, fix, source; errors block the send.
    eta
        Columns network, recipients, per_hour, connections, finishes_after
        (a timedelta from the start), the slowest network first: foretold by the
        send's own policies, with as many put off and sent again as in earlier sends.
    fate
        For each row of the audience the step that leaves it out, or `recipient`.
    reach
        How far the send goes beside the list and earlier sends (`findings.Reach`).
    """

    campaign: Campaign
    ledger: str | PathLike[str] | Ledger
    route: Route = field(repr=False)
    message: CompiledMessage = field(repr=False)
    checked: pd.DataFrame = field(repr=False)
    fate: pd.Series[Any] = field(repr=False)
    network: pd.Series[Any] = field(repr=False)
    waterfall: pd.DataFrame = field(repr=False)
    findings: pd.DataFrame = field(repr=False)
    eta: pd.DataFrame = field(repr=False)
    reach: Reach = field(repr=False)
    consent: str | None = None

    @property
    def recipients(self) -> int:
        """How many messages will be sent."""
        return int((self.fate == RECIPIENT).sum())

    @property
    def finishes_after(self) -> timedelta:
        """How long the whole send takes: as long as its slowest network."""
        return timedelta(0) if self.eta.empty else pd.Timedelta(self.eta["finishes_after"].max()).to_pytimedelta()

    def __repr__(self) -> str:
        blocking = int((self.findings["severity"] == Severity.ERROR).sum())
        stop = f", {blocking} blocking findings" if blocking else ""
        return f"<Plan {self.campaign.name}: {self.recipients:,} recipients, done after {self.finishes_after}{stop}>"

    def rows(self, step: str) -> pd.DataFrame:
        """Return the rows of the verified list behind a step of the waterfall; `recipients` are those who get it.

        `read` is the whole list.

        Raises
        ------
        InputError
            Where the waterfall has no such step.
        """
        if step not in {RECIPIENT, *self.waterfall["step"]}:
            raise InputError(f"{step!r} is no step of the waterfall; it has {', '.join(self.waterfall['step'])}.")
        if step == "read":
            return self.checked
        return self.checked[self.fate == (RECIPIENT if step == "recipients" else step)]

    def preview(self, number: int = 0) -> Preview:
        """Return the message as recipient `number` would get it, counted from 0.

        Raises
        ------
        InputError
            Where there are not so many recipients.
        """
        if not 0 <= number < self.recipients:
            raise InputError(f"There is no recipient {number}; they are counted from 0 to {self.recipients - 1}.")
        rows = self.rows("recipients").iloc[number : number + 1]
        return self.message.preview(
            trial_recipients(self.campaign.name, rows, self.message, self._now())[0], self._now()
        )

    def simulate(self, behaviour: Behaviour = None) -> pd.DataFrame:
        """Return what would become of this send, step by step, without sending anything.

        Throttle, retry, slow-down, breaker and stop are those of the real send,
        asked with a simulated clock. `bulkkit.charts.simulation` draws it.

        Parameters
        ----------
        behaviour
            How the networks behave: `"well"`, `"greylisting"`, `"hourly_cap"`,
            `"storm"` (421 for two hours), `"block"`, or a
            `bulkkit.sending.provider.Provider` with numbers of its own; for all
            networks, or by network as a mapping, the others as they usually do.

        Returns
        -------
        pandas.DataFrame
            Columns time (a timedelta from the start), network, accepted, deferred,
            refused, expired (counts of the step) and waiting (left after it); its
            `attrs` say `stopped`, why the send stopped itself, and `barred`, the
            networks that got nothing more.

        Raises
        ------
        InputError
            Where a behaviour is not known, or a network is none of the plan's.
        """
        return simulated(self.network, self.route, existing_ledger(self.ledger), behaviour)

    def test_to(self, email: str) -> str:
        """Send one test mail, filled in with the first recipient's data, to `email`; return the relay's answer.

        It stands in no ledger and counts nothing; its way out is a mail to the sender.

        Raises
        ------
        RelayError
            Where the relay does not take it.
        """
        # Under a name of its own, so that no report takes it for one of the campaign's messages.
        plain = compile_message(f"test of {self.campaign.name}", self.campaign.message, self.campaign.sender, None)
        fields = next(merge_fields(self.rows("recipients").iloc[:1], plain), {})
        message_id = make_msgid(domain=self.campaign.sender.domain)
        recipient = Recipient(0, self.campaign.name, email, message_id, False, self._now(), 0, fields)
        relay = self.route.relays[0]
        message, signer = plain.write(recipient, self._now()), self.route.signer()
        message = message if signer is None else signer.signed(message)
        return send_trial(relay, password_for(relay), self.campaign.sender.address, email, message)

    def send(self, confirm: int | None = None, at: datetime | None = None) -> Send:
        """Store the campaign with all its messages in one transaction, then start; return the running `Send`.

        Parameters
        ----------
        confirm
            The number of recipients, typed by whoever sends; it may be left out
            for the sandbox's relays only.
        at
            When to start (a moment with a time zone), by default now.

        Raises
        ------
        ConfirmationError
            Where `confirm` is not the number of recipients.
        PreflightError
            Where findings block the send.
        RelayError
            Where a relay cannot be used.
        LeaseError, LedgerError
            Where the ledger is in use or damaged. In all these cases nothing is sent.
        """
        self._check(confirm, at)
        job = self.route.job(self.message)
        check_relays(job)
        ledger = self._opened()
        # Whoever sends already is met before anything is stored.
        with ledger.lease(self.campaign.name):
            self._store(ledger, at)
        return Send(job, ledger)

    def queue(self, confirm: int | None = None, at: datetime | None = None) -> None:
        """Store the campaign with all its messages and start nothing; `bulkkit.resume` sends it.

        Takes and raises what `send` does, but asks nothing of the relays.
        """
        self._check(confirm, at)
        self._store(self._opened(), at)

    def _check(self, confirm: int | None, at: datetime | None) -> None:
        if at is not None and at.tzinfo is None:
            raise InputError(f"at={at} has no time zone; give datetime(…, tzinfo=…).")
        if confirm is None and not self.route.is_sandbox:
            raise ConfirmationError(f"Say how many people this goes to: confirm={self.recipients}.")
        if confirm is not None and confirm != self.recipients:
            raise ConfirmationError(
                f"confirm={confirm}, but the plan has {self.recipients:,} recipients. Nothing was sent or stored; "
                "look at plan.waterfall, then confirm the number that you mean."
            )
        errors = self.findings[self.findings["severity"] == Severity.ERROR]
        if not errors.empty:
            listed = "\n".join(f"- {row.finding} {row.fix} ({row.source})" for row in errors.itertuples())
            raise PreflightError(f"{self.campaign.name!r} was not sent, and nothing was stored:\n{listed}")

    def _opened(self) -> Ledger:
        return self.ledger if isinstance(self.ledger, Ledger) else Ledger(self.ledger)

    def _store(self, ledger: Ledger, at: datetime | None) -> None:
        rows = self.rows("recipients")
        stored = pd.DataFrame(
            {
                "email": rows["email"].str.strip(),
                "mailbox": mailbox_keys(rows["email"]),
                "network": self.network[self.fate == RECIPIENT],
                "tracked": tracked(rows, self.message),
                "fields": merge_json(rows, self.message),
            }
        )
        kept_out = self.rows("holdout")["email"]
        held_out = pd.DataFrame({"email": kept_out.str.strip(), "mailbox": mailbox_keys(kept_out)})
        self.route.check_ledger(ledger)
        ledger.store(self._record(at), stored, held_out)
        if self.route.links is not None:
            self.route.links.follow(ledger.path)

    def _record(self, at: datetime | None) -> CampaignRecord:
        sender, links, dkim = self.campaign.sender, self.route.links, self.route.dkim
        spec = {
            "message": self.campaign.message.spec(),
            "sender": asdict(sender),
            "throttle": self.route.throttle.spec(),
            "retry": self.route.retry.spec(),
            "links": links and {"base_url": links.base_url, "fingerprint": links.fingerprint},
            "dkim": dkim and {"domain": dkim.domain, "selector": dkim.selector},
            "consent": self.consent,
            "waterfall": self.waterfall.to_dict("records"),
        }
        return CampaignRecord(
            campaign=self.campaign.name,
            kind=self.campaign.kind,
            purpose=self.campaign.purpose,
            created_at=self._now(),
            sender=sender.mailbox,
            sender_domain=sender.domain,
            subject=self.campaign.message.subject,
            clock=self.route.clock.name,
            spec=spec,
            link_urls=self.message.link_urls if links else (),
            start_at=at,
        )

    def _now(self) -> datetime:
        return self.route.clock.now()
