"""Networks are named by who runs the mail servers, each domain asked about once, and for nothing but the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nameserver import NameServer, Zone
from rehearsal import FAST, START, campaign, people
from servers import MailServer

from bulkkit.dispatch import Plan, plan
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import HOUR, Limit, Throttle
from bulkkit.verification import Resolver, verify

HERE = ["127.0.0.1"]
ZONE: Zone = {
    "gmail.com": {"MX": ["5 gmail-smtp-in.l.google.com."]},
    "workspace.com": {"MX": ["1 aspmx.l.google.com."]},
    "firm.com": {"MX": ["10 mx.hoster.net."]},
    "shop.hoster.net": {"MX": ["10 mx2.hoster.net."]},
    "gone.com": {"how": "SERVFAIL"},
    "null.com": {"MX": ["0 ."]},
    "gmail-smtp-in.l.google.com": {"A": HERE},
    "aspmx.l.google.com": {"A": HERE},
    "mx.hoster.net": {"A": HERE},
    "mx2.hoster.net": {"A": HERE},
}
NETWORKS = {
    "gmail.com": "Google",
    "workspace.com": "Google",
    "firm.com": "hoster.net",
    "shop.hoster.net": "hoster.net",
    "mail.gone.com": "gone.com",
    "absent.com": "absent.com",
    "null.com": "null.com",
}
NEAR = Relay("smtp://127.0.0.1:1")
FAR = Relay("smtp+starttls://mail.company.com")


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A name server that knows who runs whose mail."""
    with NameServer(ZONE) as running:
        yield running


def asking(server: NameServer) -> Resolver:
    """Return a resolver that asks this server and keeps nothing."""
    return Resolver([server.address], timeout=1.0, cache=False)


def at(domains: Sequence[str], each: int = 1) -> pd.DataFrame:
    """Return people at these domains."""
    return pd.concat([people(each, domain) for domain in domains], ignore_index=True)


def drafted(path: Path, audience: pd.DataFrame, relay: Relay = NEAR, **options: Any) -> Plan:
    """Return a plan by one relay."""
    return plan(campaign(audience), [relay], ledger=path, **options)


def test_a_network_is_who_runs_the_mail_servers(path: Path, server: NameServer) -> None:
    """A Workspace domain is Google and a customer its hoster; what DNS does not answer is the registrable domain."""
    planned = drafted(path, at(list(NETWORKS)), resolver=asking(server))
    assert planned.network.tolist() == list(NETWORKS.values())
    assert dict(zip(planned.eta["network"], planned.eta["recipients"], strict=True))["Google"] == 2


def test_dns_excludes_nobody_and_changes_no_verdict(path: Path, server: NameServer) -> None:
    """Domains that do not exist, that take no mail, and whose servers fail stay in, with the verdicts that they had."""
    audience = verify(at(list(NETWORKS)))
    without, asked = drafted(path, audience), drafted(path, audience, resolver=asking(server))
    pd.testing.assert_series_equal(without.fate, asked.fate)
    pd.testing.assert_frame_equal(without.checked, asked.checked)
    pd.testing.assert_frame_equal(without.waterfall, asked.waterfall)
    assert without.network.tolist() == ["gmail.com", "workspace.com", "firm.com", "hoster.net", "gone.com",
                                        "absent.com", "null.com"]  # fmt: skip


def test_each_domain_is_asked_about_once(path: Path) -> None:
    """However many people there are at a domain, in whichever spelling, its MX is one question."""
    audience = at(["gmail.com", "GMAIL.com ", "firm.com"], each=40)
    audience["email"] = [f"p{number}{email[email.index('@') :]}" for number, email in enumerate(audience["email"])]
    with NameServer(ZONE) as server:
        drafted(path, audience, resolver=asking(server))
        assert server.asked["gmail.com", "MX"] == server.asked["firm.com", "MX"] == 1


def test_only_recipients_are_asked_about(path: Path) -> None:
    """Domains at which nobody is written to are nobody's business."""
    audience = at(["gmail.com", "firm.com"]).assign(consent_basis=["opt_in", "bought"])
    with NameServer(ZONE) as server:
        drafted(path, audience, resolver=asking(server))
        assert {name for name, _ in server.asked} <= {"gmail.com", "gmail-smtp-in.l.google.com"}


@pytest.mark.parametrize(
    ("relay", "throttle", "is_asked"),
    [
        (FAR, Throttle.cautious(), True),
        (FAR, Throttle.unlimited(), False),
        (NEAR, Throttle.cautious(), False),
        (NEAR, Throttle.unlimited(), False),
    ],
    ids=["far", "far, unlimited", "near", "near, unlimited"],
)
def test_who_needs_no_network_asks_nobody(
    path: Path, server: NameServer, monkeypatch: pytest.MonkeyPatch, relay: Relay, throttle: Throttle, is_asked: bool
) -> None:
    """Name servers of the machine are asked for relays elsewhere with limits to keep, and for nothing else."""
    from bulkkit.dispatch import lookup

    asked: list[Any] = []

    def remembering(domains: Any, resolver: Any) -> pd.Series[Any]:
        asked.append(resolver)
        return look_up(domains, asking(server))

    look_up = lookup.mx_networks
    monkeypatch.setattr(lookup, "mx_networks", remembering)
    planned = drafted(path, at(["workspace.com"]), relay, throttle=throttle)
    assert asked == ([None] if is_asked else [])
    assert planned.network.tolist() == ["Google" if is_asked else "workspace.com"]


def test_a_machine_without_name_servers_plans_all_the_same(path: Path) -> None:
    """Where nobody can be asked, networks are registrable domains; a resolver that is none is said."""
    assert drafted(path, at(["workspace.com"]), FAR).network.tolist() == ["workspace.com"]
    with pytest.raises(InputError, match="is no resolver"):
        drafted(path, at(["workspace.com"]), FAR, resolver=7)


def test_a_limit_by_domain_that_would_not_hold_is_refused(path: Path, server: NameServer) -> None:
    """Where Google runs the servers a limit of the domain counts nothing, and says so; a looser one and Google's do."""
    presets = Throttle.cautious()
    for limits, is_refused in (
        ({"workspace.com": Limit(20)}, True),
        ({**presets.networks, "gmail.com": Limit(20)}, True),
        ({**presets.networks, "Google": Limit(20)}, False),
        ({"workspace.com": Limit(20), "Google": Limit(10)}, False),
        ({"hoster.net": Limit(1), "elsewhere.com": Limit(1)}, False),
        (presets.networks, False),
        (Throttle.providers().networks, False),
    ):
        throttle = replace(presets, networks=limits)
        with pytest.raises(InputError, match="Limit 'Google' instead") if is_refused else nullcontext():
            drafted(path, at(["gmail.com", "workspace.com"]), throttle=throttle, resolver=asking(server))


def test_25_gmail_and_a_workspace_domain_share_one_bucket(
    serve: Callable[..., MailServer], path: Path, server: NameServer
) -> None:
    """At the sink no hour has more than Google's number of both together, and the ledger calls both Google."""
    clock, most = ScaledClock(FAST, START), 4
    sink = serve(now=clock.seconds)
    throttle = Throttle(Limit(messages=50), {"Google": Limit(messages=most, connections=2)})
    audience = at(["gmail.com", "workspace.com"], each=5)
    relay = Relay(f"smtp://127.0.0.1:{sink.port}", clock=clock)
    drafted(path, audience, relay, throttle=throttle, resolver=asking(server)).send().wait(20)
    moments = sorted(taken.ended for taken in sink.mail)
    assert len(moments) == len(audience)
    assert all(later - first >= HOUR for first, later in zip(moments, moments[most:], strict=False))
    assert sink.most_open <= 2
    assert set(Ledger(path).sends()["network"]) == {"Google"}
