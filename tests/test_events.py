"""Events: one table from many sources, each once, whatever the file is like."""

from __future__ import annotations

import json
import mailbox
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.events import machine, read_events
from bulkkit.refusals import DEAD, classify, codes
from bulkkit.vocabulary import EVENT_DTYPES, BounceClass, BounceType, EventKind

AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
MESSAGE_ID = "<1a.0123456789abcdef@example.org>"

SENDGRID = [
    {
        "email": "ana@northmail.example",
        "timestamp": 1790847000,
        "event": "delivered",
        "sg_event_id": "e1",
        "smtp-id": MESSAGE_ID,
        "category": ["spring", "other"],
        "response": "250 OK",
    },
    {
        "email": "ana@northmail.example",
        "timestamp": 1790847060,
        "event": "open",
        "sg_event_id": "e2",
        "sg_machine_open": True,
        "useragent": "Mozilla/5.0",
    },
    {
        "email": "ana@northmail.example",
        "timestamp": 1790847090,
        "event": "click",
        "sg_event_id": "e3",
        "url": "https://a",
    },
    {
        "email": "ben@webpost.example",
        "timestamp": 1790847000,
        "event": "bounce",
        "type": "bounce",
        "sg_event_id": "e4",
        "status": "5.1.1",
        "reason": "550 5.1.1 no such user",
    },
    {
        "email": "eve@webpost.example",
        "timestamp": 1790847000,
        "event": "bounce",
        "type": "blocked",
        "sg_event_id": "e5",
        "reason": "550 5.7.1 blocked using a block list",
    },
    {"email": "dan@webpost.example", "timestamp": 1790847000, "event": "newfangled", "sg_event_id": "e6"},
]


def dsn(
    recipients: str = "Final-Recipient: rfc822; ben@webpost.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <ben@webpost.example>: user unknown\r\n",
    returned_type: str = "text/rfc822-headers",
    top: str = "multipart/report; report-type=delivery-status",
) -> bytes:
    """Return a delivery status notification as a mail server writes it."""
    return (
        "From: MAILER-DAEMON@mx.webpost.example\r\nTo: news@example.org\r\nSubject: Undelivered Mail\r\n"
        "Date: Thu, 01 Oct 2026 09:30:00 +0000\r\nMessage-ID: <report.1@mx.webpost.example>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: {top}; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.webpost.example\r\n\r\n"
        f"{recipients}\r\n"
        f"--B\r\nContent-Type: {returned_type}\r\n\r\nFrom: news@example.org\r\nTo: Ben <ben@webpost.example>\r\n"
        f"Message-ID: {MESSAGE_ID}\r\nX-Campaign: =?utf-8?q?b=C3=BCro?=\r\nSubject: We move\r\n\r\n--B--\r\n"
    ).encode()


def arf(kind: str = "abuse", recipient: str = "Original-Rcpt-To: ben@webpost.example\r\n") -> bytes:
    """Return a feedback report as a mailbox provider writes it."""
    return (
        "From: fbl@webpost.example\r\nTo: news@example.org\r\nSubject: complaint\r\n"
        "Message-ID: <fbl.1@webpost.example>\r\n"
        "Date: Thu, 01 Oct 2026 09:30:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n\r\n"
        f"--B\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: Feedback/1\r\n"
        f"Version: 1\r\n{recipient}Arrival-Date: Wed, 30 Sep 2026 09:30:00 +0000\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\nFrom: news@example.org\r\nTo: Ben <ben@webpost.example>\r\n"
        f"Message-ID: {MESSAGE_ID}\r\nX-Campaign: spring\r\n\r\nHello.\r\n\r\n--B--\r\n"
    ).encode()


def person(subject: str = "Re: We move", body: str = "Thank you!", headers: str = "") -> bytes:
    """Return a person's mail to the sender."""
    return (
        "From: Ben <ben@webpost.example>\r\nTo: news@example.org\r\nMessage-ID: <p.1@webpost.example>\r\n"
        f"Date: Thu, 01 Oct 2026 09:30:00 +0000\r\nSubject: {subject}\r\n{headers}\r\n{body}\r\n"
    ).encode()


def written(path: Path, content: bytes | str) -> Path:
    """Write a file and return its path."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one(path: Path, content: bytes) -> dict[str, Any]:
    """Return the one event of a mail."""
    events = read_events(written(path / "mail.eml", content))
    assert len(events) == 1
    return dict(events.iloc[0])


# -- laws


def sources(folder: Path) -> dict[str, Path]:
    """Return one file or folder of each source."""
    own = "kind,email,at\nopened,ana@northmail.example,2026-10-01T09:30:00Z\nclicked,ana@northmail.example,2026-10-01\n"
    maildir = mailbox.Maildir(folder / "returns", create=True)
    for mail in (dsn(), arf(), person("unsubscribe")):
        maildir.add(mail)
    box = mailbox.mbox(folder / "box")
    box.add(dsn())
    box.close()
    return {
        "own": written(folder / "own.csv", own),
        "sendgrid": written(folder / "export.json", json.dumps(SENDGRID)),
        "maildir": folder / "returns",
        "mbox": folder / "box",
        "eml": written(folder / "one.eml", dsn()),
    }


def test_every_source_gives_the_columns_of_the_vocabulary(tmp_path: Path) -> None:
    """Whatever the source, the frame has exactly the event columns and dtypes."""
    for name, path in sources(tmp_path).items():
        events = read_events(path)
        assert len(events), name
        assert list(events.columns) == list(EVENT_DTYPES), name
        assert {column: str(events[column].dtype) for column in events} == EVENT_DTYPES, name


def test_reading_twice_equals_reading_once(tmp_path: Path) -> None:
    """Each event has the same identifier at each reading, and no two of a file share one."""
    for name, path in sources(tmp_path).items():
        first, second = read_events(path), read_events(path)
        pd.testing.assert_frame_equal(first, second)
        assert not first.duplicated(["source", "event_id"]).any(), name
        assert first["event_id"].notna().all(), name


def test_a_file_read_after_being_doubled_gives_the_same_events(tmp_path: Path) -> None:
    """An export that holds each event twice gives each once."""
    once = read_events(written(tmp_path / "once.json", json.dumps(SENDGRID)))
    twice = read_events(written(tmp_path / "twice.json", json.dumps(SENDGRID * 2)))
    pd.testing.assert_frame_equal(once, twice)


def test_an_array_and_one_object_a_line_are_the_same(tmp_path: Path) -> None:
    """SendGrid's events are the same as an array, as lines, and as one array a line."""
    array = read_events(written(tmp_path / "array.json", json.dumps(SENDGRID, indent=1)))
    lines = read_events(written(tmp_path / "lines.jsonl", "\n".join(map(json.dumps, SENDGRID))))
    payloads = read_events(written(tmp_path / "hooks.jsonl", "\n".join(json.dumps([event]) for event in SENDGRID)))
    pd.testing.assert_frame_equal(array, lines)
    pd.testing.assert_frame_equal(array, payloads)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_what_was_written_out_comes_back(tmp_path: Path, suffix: str) -> None:
    """A frame of events written as CSV, Parquet or JSON lines is read as it was."""
    events = read_events(written(tmp_path / "export.json", json.dumps(SENDGRID)))
    path = tmp_path / f"events.{suffix}"
    write = {
        "csv": lambda: events.to_csv(path, index=False),
        "parquet": lambda: events.to_parquet(path),
        "jsonl": lambda: events.to_json(path, orient="records", lines=True, date_format="iso"),
    }
    write[suffix]()
    pd.testing.assert_frame_equal(read_events(path), events)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(min_size=1, max_size=400))
def test_no_mail_breaks_the_reader(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in a folder of mails, reading gives a frame or says what is wrong."""
    folder = tmp_path_factory.mktemp("mails")
    written(folder / "a.eml", dsn().replace(b"Sorry.", content).replace(b"ben@", content[:20]))
    try:
        events = read_events(folder)
    except InputError:
        return
    events.to_json(date_format="iso")


@settings(max_examples=60, deadline=None)
@given(
    record=st.dictionaries(
        st.sampled_from(["email", "timestamp", "event", "sg_event_id", "category", "type", "reason", "url", "smtp-id"]),
        st.one_of(
            st.none(), st.text(max_size=8), st.floats(), st.integers(), st.lists(st.text(max_size=3), max_size=2)
        ),
    )
)
def test_no_record_breaks_the_reader(record: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A strange record is kept as unknown or reported with its number; the good one beside it is read."""
    path = written(tmp_path_factory.mktemp("x") / "e.json", json.dumps([SENDGRID[0], record]))
    events = read_events(path, source="sendgrid")
    assert len(events) + len(events.attrs["unusable"]) == 2
    assert all(line == 2 for line, _ in events.attrs["unusable"])
    events.to_json(date_format="iso")


# -- our own form


def test_own_events_keep_their_source_and_miss_what_is_missing(tmp_path: Path) -> None:
    """The source column is kept, a file without one is called `file`, and blanks stay blanks."""
    csv = "Kind;Email;At;source\nopened;ana@a.example;2026-10-01T09:30:00Z;shop\nbounced;ben@a.example;2026-10-01;\n"
    events = read_events(written(tmp_path / "own.csv", b"\xef\xbb\xbf" + csv.encode()))
    assert list(events["source"]) == ["shop", "file"]
    assert events["at"][0] == AT
    assert events["campaign"].isna().all()
    assert events["machine"].isna().all()


def test_an_unusable_line_is_reported_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    """Ragged rows, no time, no address and no kind are named by line; unknown kinds are kept as unknown."""
    csv = (
        "kind,email,at\nopened,a@a.example,2026-10-01\nragged\nopened,a@a.example,yesterday\n"
        "opened,nobody,2026-10-01\n,a@a.example,2026-10-01\nwinked,a@a.example,2026-10-01\n"
    )
    events = read_events(written(tmp_path / "own.csv", csv))
    assert list(events["kind"]) == ["opened", "unknown"]
    assert [line for line, _ in events.attrs["unusable"]] == [3, 4, 5, 6]
    assert "cells" in events.attrs["unusable"][0][1]


@pytest.mark.parametrize("code", ["550.5", "1e30", "-550", "55", "soon", ""])
def test_what_is_no_reply_code_is_missing(tmp_path: Path, code: str) -> None:
    """A code that no server answers is missing, and its event is kept; a real one stays."""
    csv = f"kind,email,at,smtp_code\nbounced,a@a.example,2026-10-01,{code}\nbounced,b@a.example,2026-10-01,550\n"
    codes_read = read_events(written(tmp_path / "own.csv", csv))["smtp_code"]
    assert codes_read.isna().tolist() == [True, False]
    assert codes_read[1] == 550


def test_a_file_without_one_usable_line_is_an_error(tmp_path: Path) -> None:
    """Where nothing can be used, the error names the lines."""
    with pytest.raises(InputError, match="line 2: its at is missing"):
        read_events(written(tmp_path / "own.csv", "kind,email,at\nopened,a@a.example,soon\n"))


def test_a_cell_without_end_is_refused_at_once(tmp_path: Path) -> None:
    """A cell of 64 MB is refused without being read whole."""
    path = written(tmp_path / "own.csv", 'kind,email,at\nopened,a@a.example,2026-10-01\nopened,"' + "x" * 64_000_000)
    start = time.thread_time()
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_events(path)
    assert time.thread_time() - start < 1


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"PK\x03\x04....", "a packed file"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'{"event-data": {"id": "x"}}', "Mailgun"),
        (b'[{"RecordType": "Open"}]', "Postmark"),
        (b"email,first_name,consent_at\na@a.example,Ana,2020\n", "a contacts file"),
        (b"\x00\x01\x02", "no text"),
        (b"name,size\na,1\n", "a table in text with name, size"),
    ],
)
def test_the_wrong_file_is_told_what_it_looks_like(tmp_path: Path, content: bytes, looks_like: str) -> None:
    """Somebody else's file is refused with a sentence that says whose it seems to be."""
    with pytest.raises(InputError, match=looks_like):
        read_events(written(tmp_path / "what", content))


def test_the_wrong_source_is_told_the_right_one(tmp_path: Path) -> None:
    """A SendGrid export read as mail is told how to read it; an unknown source names those that are."""
    path = written(tmp_path / "e.json", json.dumps(SENDGRID))
    with pytest.raises(InputError, match="source='sendgrid'"):
        read_events(path, source="mail")
    with pytest.raises(InputError, match="own, sendgrid, mail"):
        read_events(path, source="sendgird")
    with pytest.raises(InputError, match=r"cannot be read: No such file"):
        read_events(tmp_path / "none.json")
    with pytest.raises(InputError, match="is empty"):
        read_events(written(tmp_path / "empty", b"  \n"))


# -- SendGrid


def test_sendgrid_names_and_bounces(tmp_path: Path) -> None:
    """Kinds, campaign, Message-ID and bounce are mapped; an unknown name is kept; a blocked message is soft."""
    events = read_events(written(tmp_path / "e.json", json.dumps(SENDGRID))).set_index("event_id")
    assert list(events["kind"]) == ["delivered", "opened", "clicked", "bounced", "bounced", "unknown"]
    assert events.loc["e1", ["campaign", "message_id"]].tolist() == ["spring", MESSAGE_ID]
    assert events.loc["e1", "at"] == AT
    assert events.loc["e2", ["machine", "machine_basis"]].tolist() == [True, "sendgrid"]
    assert events.loc["e4", ["bounce_type", "bounce_class", "smtp_code"]].tolist() == ["hard", "InvalidRecipient", 550]
    assert events.loc["e5", ["bounce_type", "bounce_class"]].tolist() == ["soft", "SpamBlock"]
    assert json.loads(events.loc["e6", "raw"])["event"] == "newfangled"
    assert "feedback" in events.attrs["cannot_tell"]


def test_a_broken_line_of_json_is_reported(tmp_path: Path) -> None:
    """A line that is no JSON is named by its number and the rest is read; so is a record of 1 MB and more."""
    lines = [json.dumps(SENDGRID[0]), "{", json.dumps({"email": "x" * 1_100_000}), json.dumps(SENDGRID[1])]
    events = read_events(written(tmp_path / "e.jsonl", "\n".join(lines)))
    assert len(events) == 2
    assert [line for line, _ in events.attrs["unusable"]] == [2, 3]


def test_an_array_cut_short_gives_what_is_whole(tmp_path: Path) -> None:
    """Of an array that breaks off, the whole records are read and the break is named."""
    events = read_events(written(tmp_path / "e.json", json.dumps(SENDGRID)[:-40]))
    assert len(events) == len(SENDGRID) - 1
    assert events.attrs["unusable"][0][0] == len(SENDGRID)


# -- mail


def test_a_notification_tells_recipient_status_and_message(tmp_path: Path) -> None:
    """A DSN becomes a hard bounce of that recipient, with Message-ID and campaign of the returned message."""
    event = one(tmp_path, dsn())
    assert (event["kind"], event["source"], event["email"]) == ("bounced", "dsn", "ben@webpost.example")
    assert (event["bounce_type"], event["bounce_class"]) == ("hard", "InvalidRecipient")
    assert (event["smtp_code"], event["enhanced_code"]) == (550, "5.1.1")
    assert (event["message_id"], event["campaign"], event["at"]) == (MESSAGE_ID, "büro", AT)


@pytest.mark.parametrize(
    ("fields", "kind", "bounce_type", "bounce_class"),
    [
        ("Action: failed\r\nStatus: 5.1.1\r\n", "bounced", "hard", "InvalidRecipient"),
        ("Action: Failed (bad destination)\r\nStatus: 5.1.2 (x)\r\n", "bounced", "hard", "BadDomain"),
        ("Action: failed\r\nStatus: 5.2.1\r\n", "bounced", "hard", "InactiveMailbox"),
        ("Action: failed\r\nStatus: 4.4.1\r\n", "bounced", "soft", "NoAnswerFromHost"),
        ("Action: failed\r\nStatus: 5.4.7\r\n", "bounced", "soft", "MessageExpired"),
        ("Action: failed\r\nStatus: 5.2.2\r\n", "bounced", "soft", "QuotaIssues"),
        ("Action: failed\r\nStatus: 5.7.1\r\n", "bounced", "soft", "PolicyRelated"),
        (
            "Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550-5.1.1 no such\r\n user here\r\n",
            "bounced",
            "hard",
            "InvalidRecipient",
        ),
        (
            "Action: failed\r\nStatus: 5.4.4\r\nDiagnostic-Code: X-Postfix; Host or domain name not found.\r\n",
            "bounced",
            "hard",
            "BadDomain",
        ),
        ("Action: delayed\r\nStatus: 4.4.1\r\n", "deferred", None, None),
        ("Action: delivered\r\nStatus: 2.0.0\r\n", "delivered", None, None),
        ("Action: wondered\r\nStatus: 5.1.1\r\n", "unknown", None, None),
    ],
)
def test_action_and_status_decide(
    tmp_path: Path, fields: str, kind: str, bounce_type: str | None, bounce_class: str | None
) -> None:
    """Only a failed action is a bounce; its status class and code say which."""
    event = one(tmp_path, dsn(f"Final-Recipient: rfc822; ben@webpost.example\r\n{fields}"))
    assert event["kind"] == kind
    assert (event["bounce_type"] if bounce_type else None) == bounce_type
    assert (event["bounce_class"] if bounce_class else None) == bounce_class


def test_each_recipient_of_a_notification_is_an_event(tmp_path: Path) -> None:
    """A report on three people gives three events, the original recipient before the final one."""
    block = (
        "Original-Recipient: rfc822;p{0}@a.example\r\nFinal-Recipient: rfc822;x@b.example\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n"
    )
    events = read_events(written(tmp_path / "m.eml", dsn("\r\n".join(block.format(n) for n in range(3)))))
    assert list(events["email"]) == ["p0@a.example", "p1@a.example", "p2@a.example"]


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers"])
def test_the_message_is_found_however_it_was_returned(tmp_path: Path, returned: str) -> None:
    """The Message-ID is read from a whole returned message as from its headers alone."""
    assert one(tmp_path, dsn(returned_type=returned))["message_id"] == MESSAGE_ID


def test_an_international_report_is_read(tmp_path: Path) -> None:
    """A report with UTF-8 addresses (RFC 6533) gives its recipient as it is spelt."""
    fields = "Final-Recipient: utf-8; jörg@bücher.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    mail = dsn(fields).replace(b"message/delivery-status", b"message/global-delivery-status")
    assert one(tmp_path, mail)["email"] == "jörg@bücher.example"


def test_a_complaint_is_a_complaint_and_nothing_else_is(tmp_path: Path) -> None:
    """`abuse` is a complaint at the report's date; `not-spam` and the others are unknown."""
    event = one(tmp_path, arf())
    assert (event["kind"], event["source"], event["email"]) == ("complained", "arf", "ben@webpost.example")
    assert (event["message_id"], event["campaign"], event["at"]) == (MESSAGE_ID, "spring", AT)
    assert {one(tmp_path, arf(kind))["kind"] for kind in ("not-spam", "auth-failure", "virus", "x")} == {"unknown"}


@pytest.mark.parametrize(
    "recipient", ["", "Original-Rcpt-To: redacted@webpost.example\r\n", "Original-Rcpt-To: [x]\r\n"]
)
def test_a_redacted_complainer_is_read_from_the_returned_message(tmp_path: Path, recipient: str) -> None:
    """Where the provider takes the recipient out, the returned message's To says who it was."""
    assert one(tmp_path, arf(recipient=recipient))["email"] == "ben@webpost.example"


@pytest.mark.parametrize(
    "mail",
    [
        person(),
        person("Undelivered Mail Returned to Sender", "550 5.1.1 user unknown, Action: failed"),
        person("Out of office", headers="Auto-Submitted: auto-replied\r\n"),
        person("unsubscribe", headers="Auto-Submitted: auto-replied\r\n"),
        dsn(top="multipart/mixed"),
        b"Subject: x\r\nContent-Type: multipart/report; report-type=delivery-status\r\n\r\n5.1.1",
        b"Subject: Fwd: bounce\r\nContent-Type: message/rfc822\r\n\r\n" + dsn(),
    ],
)
def test_mail_that_is_no_report_never_becomes_an_event(tmp_path: Path, mail: bytes) -> None:
    """Replies, absences, and bounces that somebody forwards are counted and are no events."""
    events = read_events(written(tmp_path / "m.eml", mail))
    assert events.empty
    assert events.attrs["no_report"] == 1


RETURNED = f"To: ben@webpost.example\r\nMessage-ID: {MESSAGE_ID}\r\nX-Campaign: spring\r\n\r\nHello.\r\n"
DAEMON = "From: Mail Delivery System <Mailer-Daemon@mx.example>\r\nDate: Thu, 01 Oct 2026 09:30:00 +0000\r\n"
QMAIL = (
    DAEMON + "Subject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.\r\nSorry.\r\n\r\n"
    "<ben@webpost.example>:\r\nRemote host said: 550 5.1.1 user unknown\r\n\r\n"
    "<eve@webpost.example>:\r\nMailbox is full. (#4.2.2)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
)
EXIM = (
    DAEMON + "X-Failed-Recipients: ben@webpost.example\r\nAuto-Submitted: auto-replied\r\nSubject: Mail failed\r\n\r\n"
    "A message that you sent could not be delivered.\r\n\r\n  ben@webpost.example\r\n    SMTP error from remote "
    "mail server after RCPT TO:<ben@webpost.example>:\r\n    550 5.1.1 no such user\r\n\r\n"
    "------ This is a copy of the message, including all the headers. ------\r\n\r\n"
)


def test_bounces_in_plain_words(tmp_path: Path) -> None:
    """Qmail's and Exim's bounces give each recipient, what was said of them, and the message."""
    qmail = read_events(written(tmp_path / "q.eml", QMAIL + RETURNED))
    assert list(qmail["email"]) == ["ben@webpost.example", "eve@webpost.example"]
    assert list(qmail["bounce_type"]) == ["hard", "soft"]
    exim = one(tmp_path, (EXIM + RETURNED).encode())
    assert (exim["kind"], exim["email"], exim["bounce_class"]) == ("bounced", "ben@webpost.example", "InvalidRecipient")
    for event in (*qmail.to_dict("records"), exim):
        assert (event["message_id"], event["campaign"], event["source"]) == (MESSAGE_ID, "spring", "dsn")


@pytest.mark.parametrize("bounce", [QMAIL, EXIM])
def test_bounces_in_plain_words_are_a_daemons_only(tmp_path: Path, bounce: str) -> None:
    """The same words from a person are no bounce, and a warning of delay is only deferred."""
    quoted = bounce.replace("Mailer-Daemon@mx.example", "ben@webpost.example")
    assert read_events(written(tmp_path / "p.eml", quoted)).empty
    delayed = bounce.replace("Subject: ", "Subject: Warning: delayed: ")
    assert set(read_events(written(tmp_path / "d.eml", delayed))["kind"]) == {"deferred"}


def test_a_report_without_fields_names_its_recipient_in_a_header(tmp_path: Path) -> None:
    """Where Gmail leaves the fields empty, the header says who, and In-Reply-To which message."""
    mail = dsn("", returned_type="text/plain").replace(
        b"From: MAILER", b"X-Failed-Recipients: ben@a.example\r\nFrom: MAILER"
    )
    mail = mail.replace(b"Reporting-MTA: dns; mx.webpost.example", b"").replace(
        b"Subject: Und", b"In-Reply-To: <1@e>\r\nSubject: Und"
    )
    event = one(tmp_path, mail)
    assert (event["kind"], event["email"], event["message_id"]) == ("bounced", "ben@a.example", "<1@e>")


def test_outlooks_complaint_is_a_complaint(tmp_path: Path) -> None:
    """Outlook returns the message in a plain multipart, its recipient in a header of its own."""
    mail = (
        "From: staff@hotmail.com\r\nSubject: complaint about message\r\nMessage-ID: <c.1@hotmail.com>\r\n"
        'Date: Thu, 01 Oct 2026 09:30:00 +0000\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: message/rfc822\r\n\r\n"
        f"X-HmXmrOriginalRecipient: eve@webpost.example\r\n{RETURNED}\r\n--B--"
    )
    event = one(tmp_path, mail.encode())
    assert (event["kind"], event["source"], event["email"]) == ("complained", "arf", "eve@webpost.example")
    assert event["message_id"] == MESSAGE_ID


def test_unsubscribing_by_mail(tmp_path: Path) -> None:
    """A mail called unsubscribe, or a reply of that one word, is an unsubscribe, with the message it names."""
    event = one(tmp_path, person(f"Unsubscribe {MESSAGE_ID}"))
    assert (event["kind"], event["source"], event["email"]) == ("unsubscribed", "mail", "ben@webpost.example")
    assert event["message_id"] == MESSAGE_ID
    reply = one(tmp_path, person("Re: We move", "unsubscribe.", f"In-Reply-To: {MESSAGE_ID}\r\n"))
    assert (reply["kind"], reply["message_id"]) == ("unsubscribed", MESSAGE_ID)


def test_a_report_of_a_megabyte_takes_no_longer_than_its_length(tmp_path: Path) -> None:
    """A diagnostic, an address and a returned message of 1 MB are read in well under a second or two."""
    long = "x" * 1_000_000
    fields = f"Final-Recipient: rfc822; {long}@a.example\r\nAction: failed\r\nStatus: 5.0.0\r\n"
    fields += f"Diagnostic-Code: smtp; {long}\r\n"
    start = time.thread_time()
    event = one(tmp_path, dsn(fields))
    assert time.thread_time() - start < 2
    assert len(event["diagnostic"]) <= 1000


# -- classes and machines


@pytest.mark.parametrize(
    ("text", "bounce_type", "reason"),
    [
        ("550 5.1.1 user unknown", "hard", "InvalidRecipient"),
        ("550 5.7.1 user unknown", "soft", "PolicyRelated"),
        ("550 5.7.1 blocked using Spamhaus", "soft", "SpamBlock"),
        ("550-5.7.26 This mail is unauthenticated", "soft", "AuthenticationFailed"),
        ("550 5.4.1 Recipient address rejected: Access denied", "hard", "InvalidRecipient"),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", "hard", "InvalidRecipient"),
        ("452 4.2.2 mailbox full", "soft", "QuotaIssues"),
        ("552 <spam@a.example> mailbox is full", "soft", "QuotaIssues"),
        ("451 4.7.1 Greylisted, try again", "soft", "TransientFailure"),
        ("550 nothing that says why", "hard", "Uncategorized"),
        ("", "undetermined", "Uncategorized"),
    ],
)
def test_what_servers_say(text: str, bounce_type: str, reason: str) -> None:
    """Codes decide, then words; an address in the words does not count as one."""
    code, enhanced = codes(text)
    verdict = classify(enhanced, code, text)
    assert (verdict.type, verdict.reason) == (bounce_type, reason)


@given(st.integers(0, 99), st.text(max_size=60), st.sampled_from([None, 450, 550, 554]))
def test_a_refusal_of_the_sender_never_says_that_a_mailbox_is_dead(detail: int, text: str, code: int | None) -> None:
    """Of the 5.7 codes only 13, 17 and 18 are about the recipient, whatever the words."""
    verdict = classify(f"5.7.{detail}", code, text + " user unknown, mailbox disabled, no such domain")
    assert (verdict.reason in DEAD) == (detail in {13, 17, 18})


@given(st.integers(0, 400), st.integers(0, 400), st.text(max_size=80))
def test_a_temporary_code_is_never_a_hard_bounce(subject: int, detail: int, text: str) -> None:
    """A status that begins with 4 is soft, whatever follows."""
    assert classify(f"4.{subject}.{detail}", None, text).type == BounceType.SOFT


EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0 Safari/537.36 "


@pytest.mark.parametrize(
    ("agent", "seen"),
    [
        ("Mozilla/5.0", (True, "privacy proxy")),
        ("Mozilla/5.0 (Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", (False, "image proxy")),
        (EDGE + "Edge/12.246 Mozilla/5.0", (True, "prefetch")),
        (EDGE + "Edg/120.0", (False, "user agent")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile", (False, "user agent")),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", (False, "user agent")),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120", (False, "user agent")),
        ("BarracudaCentral.org link scanner", (True, "user agent")),
        ("python-requests/2.32", (True, "user agent")),
        ("something else", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_user_agents(agent: str | None, seen: tuple[bool | None, str | None]) -> None:
    """Proxies that preload are machines, proxies that fetch for a person are people, and a stranger is unknown."""
    assert machine.of_agent(agent) == seen


def activity(rows: list[tuple[str, str, str, float, str | None]]) -> pd.DataFrame:
    """Return events from (kind, campaign, email, seconds, url)."""
    frame = pd.DataFrame(rows, columns=["kind", "campaign", "email", "at", "url"])
    return frame.assign(
        at=pd.Timestamp(AT) + pd.to_timedelta(frame["at"], unit="s"),
        url=frame["url"].astype("str"),
        user_agent=pd.Series(pd.NA, index=frame.index, dtype="str"),
        machine=pd.Series(False, index=frame.index, dtype="boolean"),
        machine_basis=pd.Series("user agent", index=frame.index, dtype="str"),
    )


def test_timing_tells_gateways_from_people() -> None:
    """All links within seconds, and anything within seconds of delivery, is a machine's; a reader's pace is not."""
    events = activity(
        [
            ("delivered", "c", "gate@a.example", 0, None),
            ("delivered", "c", "Ana@a.example", 0, None),
            ("opened", "c", "gate@a.example", 3, None),
            ("clicked", "c", "gate@a.example", 60, "u1"),
            ("clicked", "c", "GATE@a.example", 61, "u2"),
            ("clicked", "c", "ana@a.example", 60, "u1"),
            ("clicked", "c", "ana@a.example", 90, "u2"),
            ("opened", "d", "ana@a.example", 1, None),
            ("delivered", "e", "gate@a.example", 20, None),
            ("clicked", "e", "gate@a.example", 5, "u1"),
        ]
    )
    judged = machine.judged(events)
    assert list(judged["machine"]) == [False, False, True, True, True, False, False, False, False, True]
    assert list(judged["machine_basis"][2:5]) == ["within seconds of delivery"] + ["all links within seconds"] * 2
    assert list(judged.index) == list(events.index)


def test_judging_twice_equals_judging_once_and_takes_no_machine_back() -> None:
    """The timing only ever adds machines, and adds the same ones again."""
    events = activity([("clicked", "c", "a@a.example", n, f"u{n % 2}") for n in range(6)])
    events.loc[0, "machine"] = True
    once = machine.judged(events)
    pd.testing.assert_frame_equal(machine.judged(once), once)
    assert (once["machine"] | ~events["machine"]).all()


def test_every_class_has_a_home() -> None:
    """Each bounce class is reached by some code or word, so no name of the vocabulary is dead."""
    seen = {
        classify(f"{first}.{subject}.{detail}").reason for first in "45" for subject in range(8) for detail in range(45)
    }
    seen |= {classify(None, None, "message content rejected as spam").reason}
    assert seen == set(BounceClass)
    assert {kind.value for kind in EventKind} >= {"bounced", "complained"}
