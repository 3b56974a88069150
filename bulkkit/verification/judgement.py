"""Judging a whole list by syntax, lists and likely misspellings: each domain once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.segmentation import moment
from bulkkit.verification.anatomy import anatomy
from bulkkit.verification.depths import SYNTAX, require_offered
from bulkkit.verification.domain_table import domain_table
from bulkkit.verification.domains import Domains, as_resolver
from bulkkit.verification.history import with_history
from bulkkit.verification.lists import Lists
from bulkkit.verification.partition import own_columns, verdicts
from bulkkit.verification.past import AnyLedger, Past
from bulkkit.verification.probed import Prober, with_probe


def verify(
    contacts: pd.DataFrame,
    depth: str = SYNTAX,
    as_of: date | str | None = None,
    lists: Lists | None = None,
    *,
    events: IntoFrame | None = None,
    ledger: AnyLedger | None = None,
    resolver: Any = None,
    probe: Prober | None = None,
) -> pd.DataFrame:
    """Judge each address of a list: by its syntax, by lists and for likely misspellings, then as far as `depth` says.

    Parameters
    ----------
    contacts : pandas.DataFrame
        A frame with a column `email`; see `read_contacts`.
    depth : {"syntax", "dns", "probe"}
        How far to look: at the address alone, without any network; at each
        domain in DNS, once; at each mailbox, which asks the mail servers.
    as_of : date, str or datetime, optional
        The moment that `checked_at` says; UTC where it has no zone. Default now.
    lists : Lists, optional
        What is disposable, a role, free or a privacy relay. Default
        `Lists.default()`.
    events : frame, optional
        What happened to earlier mail, before `as_of`: any frame that Narwhals
        knows, with columns `kind, campaign, email, at`. See `history.with_history`.
    ledger : Ledger or path, optional
        A ledger, whose events and suppressions count as `events` do.
    resolver : Resolver, str, sequence of str, or dnspython's resolver, optional
        The name servers to ask: `bulkkit.verification.Resolver`, with how many
        questions at once and where answers are kept, or addresses such as
        `127.0.0.1:5353`. Default this machine's.
    probe : Probe, optional
        Who asks the mail servers, for depth "probe" only: `bulkkit.probing.Probe`.

    Returns
    -------
    pandas.DataFrame
        The caller's columns as they are, on the same index, then those of
        `vocabulary.VERDICT_DTYPES`. Each row has a `status`, one primary
        `reason` and an `action`:

        - `undeliverable`, `failed_syntax_check`, suppress: email-validator
          refuses it; its message is the `diagnostic`;
        - `risky`, review: `possible_typo`, `disposable`, `role_based` or
          `privacy_relay`, in this order;
        - `unknown`, `not_probed`, send: nothing speaks against it. Without a
          probe or a delivery no address is `deliverable`;
        - with a history `risky`, `suppressed` (bounced for good, complained,
          unsubscribed), `risky`, `inactive`, and `deliverable`,
          `delivered_before`, send; the `diagnostic` says which event and when;
        - with DNS `undeliverable`, `no_dns_entries` (the name does not exist, or
          nothing takes its mail) and `does_not_accept_mail` (null MX, RFC 7505);
          `risky`, `accept_all`, where a domain is parked; `unknown`, `dns_error`,
          retry, where a server failed or did not answer, which is never a fact;
        - with a probe what `bulkkit.probing.Probe` tells. `depth` says how far
          each row was looked at.

        `disposable`, `role`, `free` and `privacy_relay` are flags of their own,
        and missing where the address has no domain; `listed_by` names the lists
        behind them; `did_you_mean` is a whole address, also where the syntax
        failed; `normalized` is the address in its normal form (the domain in
        lower case and Unicode), missing where the syntax failed; `has_mx` is
        known from DNS, `accept_all`, `smtp_code` and `enhanced_code` from a probe;
        with DNS the `provider` is who runs the mail servers. The
        verdict columns of a frame that was verified before are replaced.

    Raises
    ------
    InputError
        There is no column `email`, another depth is asked for, or a column of
        the caller's has the name of a verdict column.
    LedgerError
        There is no ledger at the path.
    PreflightError
        This machine may not probe; nobody was asked.

    Notes
    -----
    The vocabulary is the one that Kickbox and Bouncer share. Parts of a list that
    are too big for one frame are judged by `partition.judge`. How a domain that
    is frequent in the list itself is treated is told by `typos.suggestions`.
    """
    require_offered(depth, probe)
    own = own_columns(contacts)
    domains = None if depth == SYNTAX else Domains(as_resolver(resolver))
    checked = own.assign(**judgement(own["email"], as_of, lists, domains))
    past = None if events is None and ledger is None else Past.of(moment(as_of), events, ledger)
    if probe is not None and domains is not None:
        decided = checked if past is None else with_history(checked, past)
        checked = with_probe(checked, decided, lambda targets: probe.ask(targets, domains.resolver), domains)
    return checked if past is None else with_history(checked, past)


def judgement(
    column: pd.Series[Any], as_of: date | str | None, lists: Lists | None, domains: Domains | None = None
) -> dict[str, Any]:
    """Return the columns of the verdict on a whole column of addresses; `domains` asks DNS."""
    parts = anatomy(column)
    answers = None if domains is None else domains(parts.domains)
    return verdicts(parts, lambda: domain_table(parts.rows, lists, answers), as_of, lists)
