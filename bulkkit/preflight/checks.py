"""What must be looked at before a message leaves: findings, each with the rule that it comes from.

Errors block the send. A finding that could not be looked into is `unknown` and
blocks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import pandas as pd

from bulkkit.addresses import domain_of
from bulkkit.contacts.tracking import may_track
from bulkkit.contacts.values import bases
from bulkkit.errors import InputError, TemplateError
from bulkkit.preflight import fitness
from bulkkit.preflight.findings import Finding, Severity, Situation
from bulkkit.sending.planning import networks
from bulkkit.vocabulary import ConsentBasis, Purpose

SMALL: Final = 10
"""Below this a message is a note to people one knows, and better written to each."""
BULK_A_DAY: Final = 5000
"""Gmail's and Yahoo's bulk sender (support.google.com/a/answer/81126, 2026-11)."""
LONG_SUBJECT: Final = 78
"""RFC 5322 §2.1.1: the length that lines should keep to."""

_FALSE_REPLY: Final = re.compile(r"^\s*(re|fwd?|aw|wg|antw)\s*:", re.IGNORECASE)
_RESERVED: Final = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$")
"""Domains that never receive mail (RFC 2606, RFC 6761)."""


def preflight(situation: Situation) -> tuple[Finding, ...]:
    """Return the findings, the gravest first."""
    order = list(Severity)
    found = [finding for rule in RULES for finding in rule(situation)]
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _postal_address(at: Situation) -> Iterator[Finding]:
    shown = at.campaign.message.footer or "postal_address" in at.message.always_there
    if not at.campaign.sender.postal_address.strip() or not shown:
        yield Finding(
            "postal_address",
            Severity.ERROR,
            "sender" if shown else "body",
            "The message shows no postal address of the sender.",
            "Give Sender(…, postal_address=…), and keep the footer or write {{ postal_address }}.",
            "CAN-SPAM, 15 U.S.C. § 7704(a)(5)(A)(iii)",
        )


def _way_out(at: Situation) -> Iterator[Finding]:
    if not at.campaign.message.footer and "unsubscribe_url" not in at.message.always_there:
        yield Finding(
            "way_out",
            Severity.ERROR,
            "body",
            "The message tells nobody how to unsubscribe.",
            "Keep the footer, or write {{ unsubscribe_url }} into the body.",
            "CAN-SPAM, 15 U.S.C. § 7704(a)(3); GDPR Art. 7(3)",
        )
    if not at.message.measures:
        yield Finding(
            "untracked",
            Severity.INFO,
            "links",
            "No opens and no clicks are measured; without links= the way out is a mail to the sender.",
            "Pass links= with a Markdown or HTML body to measure them and to offer one-click unsubscribe.",
            "RFC 2369 §3.2",
        )


def _one_click(at: Situation) -> Iterator[Finding]:
    if at.message.links is None or at.only_loopback:
        return
    if urlsplit(at.message.links.base_url).scheme != "https":
        yield Finding(
            "one_click_https",
            Severity.ERROR,
            "links",
            f"{at.message.links.base_url} is no HTTPS address, so mail programs offer no one-click unsubscribe.",
            "Serve the tracker under https://.",
            "RFC 8058 §3.1; Gmail and Yahoo sender rules",
        )


def _tokens(at: Situation) -> Iterator[Finding]:
    for token in sorted(at.message.tokens - set(at.columns)):
        yield Finding(
            "unknown_token",
            Severity.ERROR,
            "template",
            f"No column is called {token!r}, which the message fills in.",
            f"Write one of {', '.join(at.columns[:12])}, or add the column.",
            "the template",
        )


def _empty_tokens(at: Situation) -> Iterator[Finding]:
    for token in sorted(at.message.bare & set(at.recipients.columns)):
        empty = int(_is_empty(at.recipients[token]).sum())
        if empty:
            yield Finding(
                "empty_token",
                Severity.WARNING,
                "template",
                f"{empty:,} of {len(at.recipients):,} recipients have no {token!r}.",
                f'Write {{{{ {token} | default("…") }}}}, or see how the gap reads.',
                "the template",
            )


def _is_empty(column: pd.Series[str]) -> pd.Series[bool]:
    return column.isna() | (column.astype("str").str.strip() == "")


def _renders(at: Situation) -> Iterator[Finding]:
    for number, recipient in enumerate(at.trial):
        try:
            at.message.write(recipient, recipient.queued_at)
        except (TemplateError, InputError) as error:
            finding = f"For recipient {number}, counted from 0: {error}"
            fix = "Change the template, then plan again."
            yield Finding("rendering", Severity.ERROR, "template", finding, fix, "the template")
            return


def _subject(at: Situation) -> Iterator[Finding]:
    subject = at.campaign.message.subject
    honest = "CAN-SPAM, 15 U.S.C. § 7704(a)(2)"
    if not subject.strip():
        yield Finding("subject", Severity.ERROR, "subject", "The subject is empty.", "Say what it is about.", honest)
    if _FALSE_REPLY.match(subject):
        finding = f"The subject begins with {subject.split(':')[0]!r}, as if it were an answer."
        yield Finding("subject", Severity.WARNING, "subject", finding, "Take it out: a subject must be honest.", honest)
    if len(subject) > LONG_SUBJECT:
        finding = f"The subject has {len(subject)} characters; most mail programs show about 60."
        yield Finding("subject", Severity.INFO, "subject", finding, "Shorten it.", "RFC 5322 §2.1.1")


def _recipients(at: Situation) -> Iterator[Finding]:
    count = len(at.recipients)
    if count == 0:
        finding = "Nobody is left to send to."
        yield Finding("recipients", Severity.ERROR, "audience", finding, "The waterfall says why.", "the list")
    elif count < SMALL:
        people = "1 recipient is" if count == 1 else f"{count} recipients are"
        finding = f"{people} no mass mailing: a note to each is read more."
        yield Finding("small_note", Severity.INFO, "audience", finding, "Write to each of them.", "the rule of reach")
    elif count >= BULK_A_DAY:
        finding = f"{count:,} recipients: in a day to one provider that makes a bulk sender."
        fix = "Set up SPF, DKIM and DMARC for the sender's domain and spread the send over days."
        yield Finding("bulk_sender", Severity.INFO, "audience", finding, fix, "Gmail and Yahoo sender rules (2026-11)")


def _consent(at: Situation) -> Iterator[Finding]:
    law = "GDPR Art. 6 and 7; CASL s. 6"
    if at.bought:
        finding = f"{at.bought:,} addresses of the list were bought. They are left out: nobody of them asked for mail."
        yield Finding("bought", Severity.WARNING, "audience", finding, "Delete them from the list.", law)
    if at.consent:
        finding = f"The list itself does not say who agreed; where that is kept: {at.consent}."
        yield Finding("solicited", Severity.INFO, "audience", finding, "Keep that record as long as the list.", law)
    basis = at.recipients.get("consent_basis")
    customers = 0 if basis is None else int(bases(basis).eq(ConsentBasis.CUSTOMER).sum())
    if customers and at.campaign.purpose == Purpose.MARKETING:
        finding = f"{customers:,} recipients are customers who did not opt in to marketing."
        fix = "Write to them about what they bought only, or ask them first."
        yield Finding("solicited", Severity.WARNING, "audience", finding, fix, "ePrivacy Directive Art. 13(2)")


def _tracking(at: Situation) -> Iterator[Finding]:
    if not at.message.measures or at.recipients.empty:
        return
    agreed = int(may_track(at.recipients).sum())
    if agreed < len(at.recipients):
        yield Finding(
            "tracking_consent",
            Severity.INFO,
            "links",
            f"{agreed:,} of {len(at.recipients):,} recipients agreed to being measured; the others get no pixel and no "
            "tracked link, and open and click rates are about those who did.",
            "Ask for tracking_consent where people sign up.",
            "ePrivacy Directive Art. 5(3); CNIL 2026-042",
        )


def _reserved(at: Situation) -> Iterator[Finding]:
    if at.only_loopback or at.recipients.empty:
        return
    reserved = int(domain_of(at.recipients["email"]).str.contains(_RESERVED, na=False).sum())
    if reserved:
        yield Finding(
            "reserved_domain",
            Severity.ERROR,
            "audience",
            f"{reserved:,} recipients are at names reserved for examples, as in the sample; no mail can reach them.",
            "Take them out; send the sample to the sandbox or another loopback relay only.",
            "RFC 2606, RFC 6761",
        )


def _authentication(at: Situation) -> Iterator[Finding]:
    if not at.only_loopback:
        yield Finding(
            "authentication",
            Severity.UNKNOWN,
            "sender",
            f"Whether {at.campaign.sender.domain} has SPF, DKIM and DMARC was not looked up.",
            "Ask the relay's operator, or send a test mail and read its Authentication-Results.",
            "Gmail, Yahoo and Outlook sender rules (2026-11); RFC 9989",
        )


def _signature(at: Situation) -> Iterator[Finding]:
    if at.dkim is None:
        return
    signs, sends = networks(pd.Series([f"x@{at.dkim.domain}", f"x@{at.campaign.sender.domain}"]))
    if signs != sends:
        yield Finding(
            "alignment",
            Severity.ERROR,
            "sender",
            f"The signature is by {at.dkim.domain}, which does not speak for {at.campaign.sender.domain}.",
            f"Sign with a key of {sends}, or send from an address of {signs}.",
            "DMARC, RFC 9989: identifier alignment",
        )
    elif not at.only_loopback:
        finding = f"Whether {at.dkim.record} has the public key of the signature was not looked up."
        fix = "Publish it there before the send, and look at a test mail's Authentication-Results: dkim=pass."
        yield Finding("signature", Severity.UNKNOWN, "sender", finding, fix, "RFC 6376 §3.6.2")


RULES: Final[tuple[Callable[[Situation], Iterator[Finding]], ...]] = (
    _recipients,
    _reserved,
    _tokens,
    _renders,
    _postal_address,
    _way_out,
    _one_click,
    _subject,
    _consent,
    _empty_tokens,
    _tracking,
    _authentication,
    _signature,
    *fitness.RULES,
)
