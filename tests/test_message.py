"""The message as somebody gets it: the same words in every part, a way out, and nothing they did not agree to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from rehearsal import MESSAGE, SENDER, START

from bulkkit.campaign import Sender
from bulkkit.errors import AddressError, InputError, TemplateError
from bulkkit.message.compiled import CompiledMessage, compile_message
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.message.mime import CONTROL
from bulkkit.transitions import Recipient

LINKS = Links("https://news.example.org", b"k" * 32)
LONG_LINKS = Links("https://news.example.org/" + "a" * 170, b"k" * 32)
WORDS = st.text(st.characters(codec="utf-8"), max_size=60).map(lambda text: " ".join(CONTROL.sub("", text).split()))
BY_MAIL = "mailto:news@example.org?subject=unsubscribe%20%3C7.abc%40example.org%3E"
LINKED = (
    "Dear {{ first_name }}, see [the plan](https://example.org/plan?a=1&b=2) and [the map](https://example.org/map)."
)


def compiled(message: Message = MESSAGE, links: Links | None = LINKS, sender: Sender = SENDER) -> CompiledMessage:
    """Return a message ready to be written."""
    return compile_message("office-move", message, sender, links)


def recipient(email: str = "ana@a.example", *, tracked: bool = True, **fields: str) -> Recipient:
    """Return somebody."""
    return Recipient(7, "office-move", email, "<7.abc@example.org>", tracked, START, 1, {"first_name": "Ana", **fields})


def read(raw: bytes) -> EmailMessage:
    """Return a message as the standard library reads it."""
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.defects
    return message


def parts(message: EmailMessage) -> Iterator[str]:
    """Yield the texts of a message's parts, with one kind of line end."""
    for part in message.walk():
        if not part.is_multipart():
            yield part.get_content().replace("\r\n", "\n")


@given(WORDS, WORDS, st.booleans())
@settings(deadline=None)
def test_what_is_previewed_is_what_arrives(first_name: str, city: str, tracked: bool) -> None:
    """Subject, text and HTML read from the bytes are those of the preview, for any names there are."""
    message = compiled(Message("{{ first_name }}: {{ city }}", markdown=f"{LINKED}\n\n# {{{{ city }}}}"))
    seen = message.preview(recipient(first_name=first_name, city=city, tracked=tracked), START)
    arrived = read(seen.raw)
    assert arrived["Subject"] == seen.subject == f"{first_name}: {city}".strip()
    assert [part.rstrip("\n") for part in parts(arrived)] == [seen.text.rstrip("\n"), seen.html.rstrip("\n")]
    assert first_name in seen.text
    assert city in seen.text


def test_headers_say_who_and_what() -> None:
    """Each header that a bulk message needs is there once, and says what it must."""
    sender = Sender('"Müller, Example" <news@bücher.example>', "1 High St", reply_to="Büro <office@bücher.example>")
    arrived = read(compiled(sender=sender).write(recipient("Ana@Bücher.example"), START))
    assert arrived["From"].addresses[0].display_name == "Müller, Example"
    assert arrived["From"].addresses[0].addr_spec == "news@xn--bcher-kva.example"
    assert arrived["To"] == "Ana@xn--bcher-kva.example"
    assert arrived["Reply-To"] == "Büro <office@xn--bcher-kva.example>"
    assert arrived["Message-ID"] == "<7.abc@example.org>"
    assert parsedate_to_datetime(arrived["Date"]) == START
    assert (arrived["Precedence"], arrived["X-Campaign"], arrived["MIME-Version"]) == ("bulk", "office-move", "1.0")
    assert len(arrived.keys()) == len(set(arrived.keys()))


def test_a_campaigns_name_may_have_any_script() -> None:
    """The name of the campaign arrives as it is, encoded where it must be."""
    message = compile_message("Büro-Umzug 事務所", MESSAGE, SENDER, None)
    assert read(message.write(recipient(), START))["X-Campaign"] == "Büro-Umzug 事務所"


def test_the_way_out_is_one_click() -> None:
    """With a tracker, the RFC 8058 pair is there, as it is however long, and the same address is in both parts."""
    raw = compiled(links=LONG_LINKS).write(recipient(), START)
    url = LONG_LINKS.unsubscribe_url(LONG_LINKS.token(7, recipient().message_id))
    assert len(url) > 200
    assert f"\r\nList-Unsubscribe: <{url}>, <{BY_MAIL}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert all(url in part for part in parts(read(raw)))


def test_without_a_tracker_the_way_out_is_a_mail() -> None:
    """Without links the way out is a mail to the sender, and nothing promises one click."""
    raw = compiled(links=None).write(recipient(), START)
    assert f"\r\nList-Unsubscribe: <{BY_MAIL}>\r\n".encode() in raw
    assert b"One-Click" not in raw
    assert all(BY_MAIL in part for part in parts(read(raw)))


@given(st.booleans(), st.sampled_from([LINKS, None]))
def test_nobody_is_tracked_who_did_not_agree(agreed: bool, links: Links | None) -> None:
    """A pixel and tracked links are there for who agreed and where there is a tracker, and for nobody else."""
    raw = compiled(Message("Hi", markdown=LINKED), links).write(recipient(tracked=agreed), START)
    text, html = parts(read(raw))
    is_tracked = agreed and links is not None
    for part in (text, html):
        assert ("https://news.example.org/c/" in part) == is_tracked
        assert ("https://example.org/map" in part) != is_tracked
    assert ("<img" in html) == ("/o/" in html) == is_tracked
    assert "/o/" not in text
    assert ("https://news.example.org/u/" in html) == (links is not None)


def test_links_lead_where_the_table_says() -> None:
    """The numbers of tracked links are the places of their targets in the campaign's table."""
    message = compiled(Message("Hi", markdown=LINKED))
    assert message.link_urls == ("https://example.org/plan?a=1&b=2", "https://example.org/map")
    html = message.preview(recipient(), START).html
    token = LINKS.token(7, recipient().message_id)
    assert all(f'href="{LINKS.click_url(token, number)}"' in html for number in range(2))
    untracked = message.preview(recipient(tracked=False), START).html
    assert 'href="https://example.org/plan?a=1&amp;b=2"' in untracked


@pytest.mark.parametrize("control", list("\r\n\0\x85\u2028\u2029\x0b\x7f"), ids=ascii)
def test_no_control_character_gets_into_a_header(control: str) -> None:
    """A name with a line end in it makes no header: it becomes a blank in the subject, or the message is refused."""
    hostile = f"Ana{control}Bcc: victim@example.org"
    message = compiled(Message("{{ first_name }}", text="{{ first_name }}"))
    if control.isspace():
        arrived = read(message.write(recipient(first_name=hostile), START))
        assert (arrived["Subject"], arrived["Bcc"]) == ("Ana Bcc: victim@example.org", None)
    else:
        with pytest.raises(InputError, match="Subject"):
            message.write(recipient(first_name=hostile), START)
    with pytest.raises(InputError, match="To"):
        message.write(recipient(f"ana{control}@a.example"), START)


@pytest.mark.parametrize(
    "data",
    [
        "{{ 7*7 }}",
        "{% if 1 %}x{% endif %}",
        "<script>alert(1)</script>",
        "''.__class__",
        "[x](https://evil.example)",
        "# big",
    ],
)
def test_data_is_shown_and_never_run(data: str) -> None:
    """Template tags, markup and Markdown in somebody's data arrive as the characters they are."""
    seen = compiled(Message("{{ first_name }}", markdown="Dear {{ first_name }},")).preview(
        recipient(first_name=data), START
    )
    assert seen.subject == data
    assert f"Dear {data}," in seen.text
    assert f">Dear {Markup.escape(data)},</p>" in seen.html


def test_markdown_and_text_say_the_same() -> None:
    """The text part has the words of the HTML part, its links written out and its tags filled in."""
    source = (
        "# Title\n\nDear {{ first_name }}\n\n- one\n- two\n\n[site](https://example.org)\n\n| a | b |\n|---|---|\n| c |"
    )
    text = compiled(Message("Hi", markdown=source), links=None).preview(recipient(), START).text
    assert text.startswith("Title\n\nDear Ana\n\n- one\n- two\n\nsite (https://example.org)\n\n")
    assert text.index("c") < text.index("1 High St")
    assert "{{" not in text


def test_conditions_and_loops_work_in_both_parts() -> None:
    """A block that stands alone is a block in HTML and in text."""
    source = "{% if city %}\n\nSee you in {{ city }}.\n\n{% else %}\n\nSee you.\n\n{% endif %}"
    message = compiled(Message("Hi", markdown=source), links=None)
    assert message.tokens == {"city"}
    for fields, words in (({"city": "Rome"}, "See you in Rome."), ({}, "See you.")):
        seen = message.preview(recipient(**fields), START)
        assert words in seen.text
        assert f">{words}</p>" in seen.html


def test_own_html_stays_as_it_is() -> None:
    """Of HTML that somebody wrote, nothing but its links changes; footer and pixel stand before the body's end."""
    html = '<!DOCTYPE html>\n<html><body class="x"><p>Hi {{ first_name }}</p>\n</body></html>'
    seen = compiled(Message("Hi", html=html)).preview(recipient(), START)
    before, _, after = seen.html.partition("<div")
    assert before == '<!DOCTYPE html>\n<html><body class="x"><p>Hi Ana</p>\n'
    assert after.endswith('style="display:none"></body></html>')


def test_text_alone_is_one_part() -> None:
    """A message of text alone is text/plain with the footer at its end."""
    arrived = read(compiled(Message("Hi", text="Dear {{ first_name }}")).write(recipient(), START))
    assert arrived.get_content_type() == "text/plain"
    (text,) = parts(arrived)
    assert text.startswith("Dear Ana\n\nExample News, 1 High St, Springfield\nUnsubscribe: https://news.example.org/u/")


def test_without_the_footer_nothing_is_added() -> None:
    """footer=False leaves the postal address and the way out to the body."""
    seen = compiled(Message("Hi", text="{{ postal_address }} {{ unsubscribe_url }}", footer=False)).preview(
        recipient(), START
    )
    assert seen.text.startswith("1 High St, Springfield https://news.example.org/u/")
    assert seen.html is None


def test_a_long_subject_is_one_subject() -> None:
    """Blanks and line ends of a template's subject are single blanks in the header."""
    raw = compiled(Message("{% if first_name %}\n  {{ first_name }}\n{% endif %}  moves", text="x")).write(
        recipient(), START
    )
    assert read(raw)["Subject"] == "Ana moves"


@pytest.mark.parametrize("values", [{}, {"markdown": "a", "html": "b"}])
def test_a_message_has_one_body(values: dict[str, Any]) -> None:
    """No body, and Markdown beside HTML, are errors."""
    with pytest.raises(InputError, match=r"body|both"):
        Message("Hi", **values)


@pytest.mark.parametrize("part", ["subject", "markdown", "html", "text"])
def test_a_mistake_names_its_part(part: str) -> None:
    """A tag that cannot be read says in which part it stands."""
    values = {"subject": "Hi", **({} if part in {"markdown", "html"} else {"text": "x"}), part: "{{ first_name"}
    with pytest.raises(TemplateError, match=r"of the [A-Za-z ]*(subject|body|part)"):
        compiled(Message(**values))


@pytest.mark.parametrize(
    "values",
    [
        ("news@example.org\r\nBcc: x@example.org",),
        ("News\u2028 <news@example.org>",),
        ("nobody",),
        ("News <>",),
        ("jörg@example.org",),
        ("a@example.org, b@example.org",),
        ("news@example.org", "1 High St\nSpringfield"),
        ("news@example.org", "1 High St", "nobody"),
        ("news@example.org", "1 High St", "a@example.org\nBcc: x@example.org"),
    ],
)
def test_a_sender_that_cannot_be_written_is_refused(values: tuple[str, ...]) -> None:
    """A sender has one address that every server takes, and no line end anywhere."""
    with pytest.raises(AddressError):
        Sender(*values)


def test_a_sender_without_a_name_is_its_address() -> None:
    """Where there is no name, the address is shown."""
    sender = Sender("news@Example.ORG", "1 High St")
    assert (sender.name, sender.display_name, sender.address, sender.domain) == (
        *("news@example.org", "", "news@example.org", "example.org"),
    )


def test_the_same_message_twice_is_the_same() -> None:
    """A message that is written again has the same Message-ID, date and words: only its boundary is new."""
    message, date = compiled(Message("Hi", markdown=LINKED)), datetime(2026, 10, 2, tzinfo=UTC)
    one, other = (read(message.write(recipient(), date)) for _ in range(2))
    assert list(parts(one)) == list(parts(other))
    assert {name: one[name] for name in one if name != "Content-Type"} == {
        name: other[name] for name in other if name != "Content-Type"
    }
