"""The probe's rules without a network: what an answer means, what a yes is worth, where nobody is asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.probing.answers import Heard, Step, probed
from bulkkit.probing.conduct import domains_to_try, settled
from bulkkit.probing.preflight import Standing, findings, is_lent
from bulkkit.verification.probed import Probed, Target
from bulkkit.verification.weights import STATUSES
from bulkkit.vocabulary import Reason, Status

ANSWERS = [Reason.ACCEPTED_EMAIL, Reason.MAILBOX_NOT_FOUND, Reason.GREYLISTED, Reason.PROBE_BLOCKED]


def test_a_closed_port_and_a_hidden_address_are_found() -> None:
    """Pure: what is known of the machine goes in, what speaks against it comes out."""
    well = Standing("a.example", 25, ("mx.example",), ("mx.example",), "192.0.2.7", ("a.example",), ("192.0.2.7",),
                    ("192.0.2.7",))  # fmt: skip
    public = Standing("a.example", 25, ("m",), ("m",), "8.8.4.4", ("a.example",), ("8.8.4.4",), ("8.8.4.4",))
    assert findings(public) == []
    assert "Port 25 cannot be reached at mx.example" in findings(Standing("a.example", 25, ("mx.example",), ()))[0]
    assert "address=" in findings(Standing("a.example", 25, ("m",), ("m",), "10.0.0.5"))[0]
    assert "address=" in findings(well)[0]


@pytest.mark.parametrize(
    ("name", "lent"),
    [
        ("mail.acme.example", False),
        ("smtp-out1.acme.example", False),
        ("mx.homestead.example", False),
        ("p5b-dsl.isp.example", True),
        ("dynamic.isp.example", True),
        ("7-113-0-203.isp.example", True),
        ("ec2-203-0-113-7.compute.example", True),
        ("ip203.0.113.7.isp.example", True),
        ("203000113007.isp.example", True),
    ],
)
def test_a_made_up_name_is_known(name: str, lent: bool) -> None:
    """Names with the address in them, or with the words of access providers."""
    assert is_lent(name, "203.0.113.7") is lent


def test_an_address_is_not_what_the_server_says() -> None:
    """A mailbox called blocked is not a block."""
    heard = Heard(Step.RCPT, 550, "5.1.1 <blocked@spamhaus.example>: User unknown")
    assert probed(heard).reason is Reason.MAILBOX_NOT_FOUND


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(Step)), st.integers(100, 699) | st.none(),
    st.text(max_size=60) | st.sampled_from(["5.1.1 User unknown", "5.7.1 denied", "4.2.2 full", "2.1.5 Ok"]),
)  # fmt: skip
def test_only_a_no_to_rcpt_condemns(step: Step, code: int | None, text: str) -> None:
    """Whatever is said: only 5xx at RCPT makes a mailbox undeliverable, and only 2xx deliverable; never a block."""
    heard = probed(Heard(step, code, text))
    status = STATUSES[heard.reason]
    assert status is not Status.UNDELIVERABLE or (step is Step.RCPT and code is not None and 500 <= code < 600)
    assert status is not Status.DELIVERABLE or (code is not None and 200 <= code < 300)
    assert status is not Status.UNDELIVERABLE or "blocked" not in text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ANSWERS)), max_size=8), st.dictionaries(
    st.sampled_from("abc"), st.sampled_from(ANSWERS)))  # fmt: skip
def test_deliverable_means_that_somebody_was_refused(
    heard: list[tuple[str, Reason]], strangers: dict[str, Reason]
) -> None:
    """The law of a yes: it makes deliverable only where the same domain is known not to take any name."""
    targets = [Target(f"u{n}@{domain}", domain, (domain,), domain) for n, (domain, _) in enumerate(heard)]
    said = {target.address: Probed(reason) for target, (_, reason) in zip(targets, heard, strict=True)}
    found = settled(targets, said, {domain: Probed(reason) for domain, reason in strangers.items()})
    refusing = {domain for domain, reason in [*heard, *strangers.items()] if reason is Reason.MAILBOX_NOT_FOUND}
    for target in targets:
        if found[target.address].reason is Reason.ACCEPTED_EMAIL:
            assert target.domain in refusing


@pytest.mark.parametrize(("hosts", "asked"), [
    (("mx.acme.example",), True), (("mx.acme.example", "acme-example.mail.protection.outlook.com"), False),
    (("mta5.am0.yahoodns.net",), False),
])  # fmt: skip
def test_a_stranger_is_asked_about_where_no_server_takes_harm(hosts: tuple[str, ...], asked: bool) -> None:
    """Microsoft's and Yahoo's servers are spared as the second choice of a domain too."""
    target = Target("ana@acme.example", "acme.example", hosts, "acme.example")
    said = {target.address: Probed(Reason.ACCEPTED_EMAIL)}
    assert domains_to_try([target], said) == (["acme.example"] if asked else [])
