"""Compose beside `EmailMessage` built for each recipient: personalised text and HTML, five tracked links, a way out.

Run `python tests/benchmarks/compose.py [messages]`; both are timed in turns in one process.
"""

from __future__ import annotations

import statistics
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from time import perf_counter

from bulkkit.message.compiled import CompiledMessage, compile_message
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender
from bulkkit.transitions import Recipient

ROUNDS = 5
NOW = datetime(2026, 10, 1, tzinfo=UTC)
BODY = "# We move, {{ first_name }}\n\n" + "\n\n".join(
    f"Paragraph {number} says something to {{{{ first_name }}}} of {{{{ city }}}}, at some length and "
    f"[with a link](https://www.example.org/page/{number})."
    for number in range(5)
)


def recipients(count: int) -> list[Recipient]:
    """Return so many people."""
    people = [{"first_name": f"Ana{number % 500}", "city": "Springfield"} for number in range(count)]
    return [
        Recipient(number, "office-move", f"ana{number}@a.example", f"<{number}.abc@example.org>", True, NOW, 1, person)
        for number, person in enumerate(people)
    ]


def ours(message: CompiledMessage, people: list[Recipient]) -> float:
    """Return the seconds a message that bulkkit needs."""
    started = perf_counter()
    for person in people:
        message.write(person, NOW)
    return (perf_counter() - started) / len(people)


def theirs(message: CompiledMessage, people: list[Recipient]) -> float:
    """Return the seconds a message that `EmailMessage` needs for the same words, filled in by replacing."""
    seen, first = message.preview(people[0], NOW), people[0]
    token = message.links.token(first.send_id, first.message_id)
    started = perf_counter()
    for person in people:
        own = message.links.token(person.send_id, person.message_id)
        text, html = (
            part.replace(token, own).replace(first.fields["first_name"], person.fields["first_name"])
            for part in (seen.text, seen.html)
        )
        mail = EmailMessage(policy=SMTP)
        mail["Date"], mail["From"], mail["To"] = NOW, message.sender.mailbox, person.email
        mail["Subject"], mail["Message-ID"] = f"{person.fields['first_name']}, we move", person.message_id
        mail["Precedence"] = "bulk"
        mail["List-Unsubscribe"] = f"<{message.links.unsubscribe_url(own)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
        mail.as_bytes()
    return (perf_counter() - started) / len(people)


def main(count: int) -> None:
    """Print what a message costs either way, and the ratio of each round."""
    sender = Sender("Example News <news@example.org>", "1 High St, Springfield")
    links = Links("https://news.example.org", b"k" * 32)
    message = compile_message("office-move", Message("{{ first_name }}, we move", markdown=BODY), sender, links)
    people = recipients(count)
    rounds = [(ours(message, people), theirs(message, people[: max(count // 50, 20)])) for _ in range(ROUNDS)]
    for mine, other in rounds:
        print(f"bulkkit {mine * 1e6:7.1f} µs   EmailMessage {other * 1e6:8.1f} µs   ratio {other / mine:6.1f}")
    print(f"median ratio {statistics.median(other / mine for mine, other in rounds):.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
