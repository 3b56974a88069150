"""A send beside what people use for it, all to Postfix's smtp-sink, in one run: messages a second, and ratios.

All write a personalised text and HTML part with five links and one-click headers; ours keeps its ledger too.
Run `python tests/benchmarks/peers.py [messages]`. It needs Debian's postfix; mailmerge is measured where it is
installed (pip install mailmerge), nodemailer where node finds it from the working folder (npm install nodemailer).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
from send import ours, sink, theirs

HERE = Path(__file__).resolve().parent
LATENCY = 0.02
"""Seconds that the delaying proxy adds to whatever the server says."""
PARAGRAPHS = range(5)


def built(number: int) -> EmailMessage:
    """Return one person's message, built as the standard library's documentation shows it."""
    name = f"Ana{number % 300}"
    links = [f"https://news.example.org/c/token{number}/{n}" for n in PARAGRAPHS]
    words = [f"Paragraph {n} says something to {name} of Springfield at some length, " for n in PARAGRAPHS]
    message = EmailMessage()
    message["From"], message["To"] = "Example News <news@example.org>", f"ana{number}@d{number % 500}.example"
    message["Subject"] = f"{name}, we move"
    message["List-Unsubscribe"] = f"<https://news.example.org/u/token{number}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("\n\n".join(f"{text}with a link: {link}" for text, link in zip(words, links, strict=True)))
    html = "\n".join(f'<p>{text}<a href="{link}">with a link</a>.</p>' for text, link in zip(words, links, strict=True))
    message.add_alternative(f"<h1>We move, {name}</h1>{html}", subtype="html")
    return message


def gathered(port: int, count: int, connections: int) -> float:
    """Return the messages a second of `aiosmtplib.send` for each message, so many at once."""

    async def work() -> None:
        free = asyncio.Semaphore(connections)

        async def one(number: int) -> None:
            async with free:
                await aiosmtplib.send(built(number), hostname="127.0.0.1", port=port, start_tls=False)

        await asyncio.gather(*map(one, range(count)))

    return rate(count, lambda: asyncio.run(work()))


def reused(port: int, count: int, connections: int) -> float:
    """Return the messages a second of aiosmtplib over connections that are kept."""

    async def work() -> None:
        async def lane(first: int) -> None:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
                for number in range(first, count, connections):
                    await client.send_message(built(number))

        await asyncio.gather(*map(lane, range(connections)))

    return rate(count, lambda: asyncio.run(work()))


def mailmerge(port: int, count: int, connections: int) -> float:
    """Return the messages a second of mailmerge, which opens one connection a message and has one at a time."""
    from mailmerge.sendmail_client import SendmailClient
    from mailmerge.template_message import TemplateMessage

    paragraphs = "\n\n".join(
        f"Paragraph {n} says something to {{{{ name }}}} of Springfield at some length, "
        f"[with a link](https://news.example.org/c/{{{{ token }}}}/{n})."
        for n in PARAGRAPHS
    )
    head = "TO: {{ email }}\nSUBJECT: {{ name }}, we move\nFROM: Example News <news@example.org>\n"
    markdown = "Content-Type: text/markdown; charset=utf-8\n\n"
    with tempfile.TemporaryDirectory() as folder:
        template, server = Path(folder, "template.txt"), Path(folder, "server.conf")
        template.write_text(f"{head}{markdown}# We move, {{{{ name }}}}\n\n{paragraphs}\n")
        server.write_text(f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n")
        merge, client = TemplateMessage(template), SendmailClient(server)

        def work() -> None:
            for number in range(count):
                person = {"email": f"ana{number}@d.example", "name": f"Ana{number % 300}", "token": f"token{number}"}
                client.sendmail(*merge.render(person))

        return rate(count, work)


def nodemailer(port: int, count: int, connections: int) -> float:
    """Return the messages a second of nodemailer's pool."""
    command = ["node", str(HERE / "peers.mjs"), str(port), str(count), str(connections)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rate(count: int, work: Callable[[], None]) -> float:
    """Return how many a second."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


@contextlib.contextmanager
def far_sink() -> Iterator[int]:
    """Run smtp-sink behind a proxy that adds `LATENCY` to what it says; yield the proxy's port."""
    with sink() as port:
        command = [sys.executable, str(Path(__file__)), "--proxy", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield int(process.stdout.readline())
            finally:
                process.kill()


async def proxy(behind: int) -> None:
    """Pass bytes on to a port of this machine, and back `LATENCY` later; print the own port."""
    loop = asyncio.get_running_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        while data := await reader.read(1 << 16):
            loop.call_later(delay, writer.write, data) if delay else writer.write(data)
        loop.call_later(delay, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(pump(reader, forth, 0), pump(back, writer, LATENCY), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def peers(connections: int, place: Callable[[], contextlib.AbstractContextManager[int]], count: int) -> None:
    """Measure ours and the others at one place and print the ratios."""
    with place() as port:
        mine = ours(count, connections, port)
    print(f"{'bulkkit':24}{mine:9.0f}/s")
    others = {"aiosmtplib gathered": gathered, "aiosmtplib reused": reused}
    if importlib.util.find_spec("mailmerge") and place is sink:
        others["mailmerge"] = mailmerge
    if shutil.which("node") and Path("node_modules/nodemailer").is_dir():
        others["nodemailer pooled"] = nodemailer
    for name, peer in others.items():
        with place() as port:
            other = peer(port, max(200, count // 20), connections)
        print(f"{name:24}{other:9.0f}/s   ratio {mine / other:6.1f}")
    with place() as port:
        other = theirs(max(500, count // 4), connections, port)
    print(f"{'smtp-source -d':24}{other:9.0f}/s   ratio {mine / other:6.2f}")


def main(count: int) -> None:
    """Print both tables."""
    print("50 connections, on this machine")
    peers(50, sink, count)
    print(f"10 connections, {LATENCY * 1000:.0f} ms a reply")
    peers(10, far_sink, count // 5)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--proxy"]:
        import uvloop

        uvloop.run(proxy(int(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 20_000)
