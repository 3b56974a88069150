"""The tracker, served by a real server and asked by a real client."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pandas as pd
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkkit.errors import LedgerError
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.sending.clock import ScaledClock
from bulkkit.tracker import HEADERS, PIXEL, tracker
from bulkkit.transitions import CampaignRecord

START = datetime(2026, 10, 1, 9, tzinfo=UTC)
TARGETS = ("https://example.org/plan?a=1&b=ü", "https://example.org/map")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def stored_campaign(path: Path, emails: tuple[str, ...] = ("ana@a.example", "ben@a.example")) -> Ledger:
    """Return a ledger with one campaign, the first recipient tracked and the others not."""
    rows = pd.DataFrame({"email": emails, "mailbox": emails, "network": "a.example", "fields": "{}"})
    record = CampaignRecord("spring", "blast", "announcement", START, "n@e", "example.org", "Hi", "utc", {}, TARGETS)
    ledger = Ledger(path)
    ledger.store(record, rows.assign(tracked=[number == 0 for number in range(len(emails))]))
    return ledger


@dataclass
class Served:
    """A tracker that answers, its ledger, and a client that keeps no cookies and follows nothing."""

    ledger: Ledger
    links: Links
    client: httpx.Client
    clock: ScaledClock

    def token(self, send_id: int) -> str:
        """Return the token of a send that is in the ledger."""
        recipient = self.ledger.recipient(send_id)
        assert recipient
        return self.links.token(send_id, recipient.message_id)

    def paths(self, send_id: int) -> dict[str, str]:
        """Return the path of each link of a send."""
        token = self.token(send_id)
        return {"open": f"/o/{token}.gif", "click": f"/c/{token}/0", "leave": f"/u/{token}"}

    def recorded(self) -> pd.DataFrame:
        """Return what the tracker recorded."""
        events = self.ledger.events()
        return events[events["source"] == "tracker"].reset_index(drop=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a tracker on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ledger, links = stored_campaign(tmp_path / "bulkkit.db"), Links(base, b"k" * 32)
        clock = ScaledClock(1, START)
        server = uvicorn.Server(uvicorn.Config(tracker(ledger, links, clock), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with httpx.Client(base_url=base, headers={"User-Agent": BROWSER}) as client:
            yield Served(ledger, links, client, clock)
        server.should_exit = True
        thread.join(10)


def without_date(response: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return all of an answer that a stranger could compare."""
    return response.status_code, response.content, [pair for pair in response.headers.items() if pair[0] != "date"]


# -- laws


def test_nothing_but_a_post_unsubscribes(served: Served) -> None:
    """GET, HEAD and other methods of every link leave everybody subscribed."""
    for send_id in (1, 2):
        for path in served.paths(send_id).values():
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
                served.client.request(method, path)
    assert served.ledger.suppressions().empty
    assert set(served.recorded()["kind"]) == {"opened", "clicked"}


def test_a_head_records_nothing(served: Served) -> None:
    """HEAD is answered like GET, without a body, and no link of anybody counts it."""
    for path in served.paths(1).values():
        head, get = served.client.head(path), served.client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers.get("location") == get.headers.get("location")
    assert len(served.recorded()) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_forged_equals_unknown(served: Served, data: st.DataObject) -> None:
    """A forged token, a signed one of nobody, a wrong number and a wrong path get the very same answer."""
    token = served.token(1)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz019-_.~"))
    forged = data.draw(st.sampled_from([token[:place] + letter + token[place + 1 :], token[:place], token + letter]))
    if forged == token:
        return
    unknown = without_date(served.client.get(f"/u/{served.links.token(999, '<3e7.ab@example.org>')}"))
    assert unknown[0] == 404
    paths = [
        f"/o/{forged}.gif",
        f"/c/{forged}/0",
        f"/u/{forged}",
        f"/c/{token}/0{letter}",
        f"/{forged}",
        f"/c/{token}/9",
    ]
    assert [without_date(served.client.get(path)) for path in paths] == [unknown] * len(paths)
    assert without_date(served.client.post(f"/u/{forged}")) == unknown
    assert without_date(served.client.post(f"/o/{token}.gif")) == unknown
    assert served.recorded().empty


def test_unsubscribing_many_times_equals_once(served: Served) -> None:
    """However often it is posted, there is one event and one suppression, and each answer is the same."""
    path = served.paths(1)["leave"]
    answers = [without_date(served.client.post(path, data={"List-Unsubscribe": "One-Click"})) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert list(served.recorded()["kind"]) == ["unsubscribed"]
    assert list(served.ledger.suppressions()["email"]) == ["ana@a.example"]


def test_the_untracked_get_the_same_answers_and_leave_no_trace(served: Served) -> None:
    """For a person who did not agree to tracking nothing is recorded at the pixel and at the links."""
    agreed, not_agreed = served.paths(1), served.paths(2)
    for name in ("open", "click"):
        assert without_date(served.client.get(not_agreed[name])) == without_date(served.client.get(agreed[name]))
    assert set(served.recorded()["email"]) == {"ana@a.example"}
    served.client.post(not_agreed["leave"])
    assert set(served.ledger.suppressions()["email"]) == {"ben@a.example"}


# -- answers


def test_one_click_is_answered_as_rfc_8058_wants(served: Served) -> None:
    """POST: 200, no redirect, no cookie; the page of GET holds a form that posts to the same address."""
    path = served.paths(1)["leave"]
    done = served.client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    page = served.client.get(path).text
    assert '<form method="post">' in page
    assert "action=" not in page
    assert "http" not in page


def test_the_pixel_is_a_picture_and_is_stored_nowhere(served: Served) -> None:
    """The pixel is a GIF that no cache keeps."""
    answer = served.client.get(served.paths(1)["open"])
    assert (answer.content, answer.headers["content-type"]) == (PIXEL, "image/gif")
    assert answer.headers["cache-control"] == "no-store"


def test_a_click_leads_where_the_ledger_says(served: Served) -> None:
    """A click is sent on to the campaign's own link, whatever else stands in the address."""
    answer = served.client.get(served.paths(1)["click"] + "?url=https://evil.example&to=//evil.example")
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://example.org/plan?a=1&b=%C3%BC"
    assert "set-cookie" not in answer.headers


def test_each_answer_carries_the_security_headers(served: Served) -> None:
    """The token leaks to no other page, and no answer may be framed or indexed."""
    for path in [*served.paths(1).values(), "/"]:
        headers = served.client.get(path).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert headers["referrer-policy"] == "no-referrer"


def test_what_is_recorded(served: Served) -> None:
    """An event carries who, when by the clock that was handed in, from where, with what, and whether a machine."""
    served.clock.advance_to(datetime(2026, 10, 3, tzinfo=UTC))
    served.client.get(served.paths(1)["open"], headers={"User-Agent": "Mozilla/5.0"})
    served.client.get(served.paths(1)["click"], headers={"User-Agent": BROWSER + "x" * 5_000})
    opened, clicked = served.recorded().to_dict("records")
    recipient = served.ledger.recipient(1)
    assert recipient is not None
    assert (opened["email"], opened["campaign"]) == ("ana@a.example", "spring")
    assert opened["message_id"] == recipient.message_id
    assert opened["at"].date().isoformat() == "2026-10-03"
    assert (opened["ip"], opened["machine"], opened["machine_basis"]) == ("127.0.0.1", True, "privacy proxy")
    assert (clicked["url"], clicked["machine"]) == (TARGETS[0], False)
    assert len(clicked["user_agent"]) == 300
    assert opened["event_id"] != clicked["event_id"]


def test_no_token_is_stored_or_logged(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens are in no event and in no line of the log."""
    caplog.set_level("INFO", "bulkkit")
    for path in served.paths(1).values():
        served.client.get(path)
        served.client.post(path)
    token = served.token(1)
    assert token not in served.recorded().to_json(date_format="iso")
    assert token not in caplog.text


def test_a_long_body_is_refused(served: Served) -> None:
    """A body of a megabyte, and a length that is no number, are refused, and nobody is unsubscribed."""
    path = served.paths(1)["leave"]
    assert served.client.post(path, content=b"x" * 1_000_000).status_code == 413
    assert served.ledger.suppressions().empty


def test_a_ledger_that_cannot_store_never_says_done(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be stored, an unsubscribe asks to come again, and a click still leads on."""

    def full(_: object, event: object) -> bool:
        raise LedgerError("The disk is full.")

    monkeypatch.setattr(Ledger, "record", full)
    assert served.client.post(served.paths(1)["leave"]).status_code == 503
    assert served.client.get(served.paths(1)["click"]).status_code == 302


def test_requests_at_once_are_each_recorded(served: Served) -> None:
    """Clicks from several threads are all stored, each as its own event."""

    def click() -> None:
        for _ in range(5):
            httpx.get(served.links.base_url + served.paths(1)["click"])

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served.recorded()["event_id"].nunique() == 20
