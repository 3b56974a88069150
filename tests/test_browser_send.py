"""A send in a real browser: composed, previewed, confirmed, paused, watched, left, and taken up after a restart."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from browser import Lab

import bulkkit as bk

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.slow

PEOPLE = """
import bulkkit as bk
import pandas as pd
people = pd.DataFrame({
    "email": [f"person{n}@{'abc'[n % 3]}.example" for n in range(330)],
    "first_name": [f"Firstname{n}" for n in range(330)],
    "consent_basis": "opt_in",
    "tracking_consent": True,
})
sandbox = bk.Sandbox(time_scale=SCALE, ledger="walk.db", as_of="2026-10-01")
"""
"""Three networks of 110 people: at 100 an hour each, the send takes an hour of the sandbox's clock."""

COMPOSER = """
bk.widgets.Composer(people, relays=[sandbox.relay], links=sandbox.links, ledger="walk.db")
"""
ONCE = """
from bulkkit.accounts import of_mailboxes
sends = bk.Ledger("walk.db").sends()
print("each once:", of_mailboxes(sends, sandbox.inbox).holds and sends["state"].isin(
    ["accepted", "refused", "expired", "in_doubt"]).sum() == 330)
"""
PRIVATE = re.compile(r"s3cret-word|person\d+@|Firstname\d+|:\d+/[uco]/[\w-]{24}")
"""What a saved notebook must not hold: passwords, addresses, names, tokens."""


def field(lab: Lab, label: str) -> Locator:
    """Return a field of the form by its label."""
    return lab.page.locator(".bulkkit-composer .widget-text", has_text=label).locator("input")


def button(lab: Lab, words: str) -> Locator:
    """Return a button in the outputs by what stands on it."""
    return lab.page.locator(".jp-OutputArea-output .widget-button", has_text=words)


def write(lab: Lab) -> None:
    """Write an announcement, as somebody would: by the keyboard and a click on a column's name."""
    for label, words in (
        ("Campaign", "walk"),
        ("Sender", "Example News <news@example.org>"),
        ("Postal address", "1 High St, Springfield"),
    ):
        field(lab, label).fill(words)
    lab.page.get_by_label("Subject").fill("We move")
    lab.page.get_by_label("Body").press_sequentially("# We movee")
    for key in ("Control+z", "End", "Enter", "Enter"):
        lab.page.keyboard.press(key)
    lab.page.keyboard.type("Dear ")
    lab.page.locator(".compose-chips button", has_text="first_name").click()
    lab.page.keyboard.type(", [this is where](https://www.example.org/new-office).")


def letter(lab: Lab) -> Locator:
    """Return the body of the message in the preview: a page in a page in a page."""
    return lab.page.frame_locator(".bulkkit-frame").frame_locator("iframe").locator("body")


def confirm(lab: Lab, number: int) -> None:
    """Type the number of recipients and press Send."""
    field(lab, "To confirm").fill(str(number))
    button(lab, f"Send to {number}").click()


def test_a_whole_send(lab: Lab) -> None:
    """Composed, previewed, confirmed, paused, continued, left and watched to its end; the file names nobody."""
    lab.write("walk.ipynb", PEOPLE.replace("SCALE", "900"), COMPOSER)
    lab.open("walk.ipynb")
    lab.run_all()
    write(lab)
    letter(lab).get_by_text("Dear Firstname0, this is where.").wait_for()
    lab.page.locator("[title='The next recipient']").click()
    letter(lab).get_by_text("Dear Firstname1,").wait_for()
    field(lab, "Own relay").fill("smtps://ana:s3cret-word@mail.company.com")
    lab.page.keyboard.press("Tab")
    lab.wait_for_text("The password was taken out")
    field(lab, "Own relay").fill("")
    lab.page.keyboard.press("Tab")
    lab.wait_for_text("This goes to 330 recipients")
    lab.shoot("2_composer")
    field(lab, "To confirm").fill("33")
    assert button(lab, "Send to 330").is_disabled()
    confirm(lab, 330)
    button(lab, "Pause").click()
    lab.wait_for_text("Paused")
    button(lab, "Go on").click()
    lab.wait_for_text("Sending")
    lab.shoot("2_sending")
    lab.save()
    lab.reopen()
    lab.page.locator(".bulkkit-send", has_text="330 of 330 messages done").first.wait_for()
    lab.shoot("2_send")
    lab.append(ONCE)
    lab.wait_for_text("each once: True")
    assert lab.errors() == []
    saved = json.dumps(lab.save()) + json.dumps(lab.widget_state())
    assert "We move" in saved
    assert PRIVATE.findall(saved) == []


def test_a_send_outlives_its_kernel(lab: Lab) -> None:
    """A restart in the middle is said on the page; one cell takes the send up, and nobody has it twice."""
    campaign = """
sender = bk.Sender("Example News <news@example.org>", "1 High St")
draft = bk.Campaign("walk", sender, bk.Message("Hi", markdown="Dear {{ first_name }}"), people)
composer = bk.widgets.Composer(people, campaign=draft, relays=[sandbox.relay], links=sandbox.links, ledger="walk.db")
"""
    lab.write("walk.ipynb", PEOPLE.replace("SCALE", "60"), campaign, "bk.widgets.SendPanel(composer.send())")
    lab.open("walk.ipynb")
    lab.run_all()
    lab.page.locator(".bulkkit-send", has_text=re.compile(r"2\d\d of 330")).first.wait_for()
    lab.restart()
    lab.wait_for_text("No sign of life")
    lab.append(PEOPLE.replace("SCALE", "36_000"))
    lab.append(f"{campaign}\nbk.widgets.SendPanel(composer.send())")
    lab.page.locator(".bulkkit-send", has_text="330 of 330 messages done").first.wait_for()
    lab.append(ONCE)
    lab.wait_for_text("each once: True")
    assert lab.errors() == []


@contextmanager
def tempting() -> Iterator[tuple[int, list[str]]]:
    """Listen on a port of this machine; yield it with the list of who came."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def wait() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                came.append(connection.recv(200).decode("latin-1"))
                connection.close()

        threading.Thread(target=wait, daemon=True).start()
        yield listener.getsockname()[1], came


REFUSED = "|".join(
    (
        r"violates the following Content Security Policy directive: \"(img-src data:|frame-src 'none')\"",
        "Blocked script execution in 'about:srcdoc'",
        "Refused to execute the redirect specified via '<meta",
        "Blocked opening '.*' in a new window",
    )
)
"""What Chromium says of a picture, a script, a refresh and a link that it stopped."""
HOSTILE = """
import bulkkit as bk
import pandas as pd
script = "<script>document.title='RAN'</script>"
bad = [script, "<img src=//127.0.0.1:PORT/a.png onerror=document.title='RAN'>", "{{7*7}}"]
people = pd.DataFrame({
    "email": [f"person{n}@a.example" for n in range(30)],
    "first_name": bad * 10,
    "<img src=http://127.0.0.1:PORT/b.png onerror=document.title='RAN'>": "x",
    "segment": bad * 10,
    "consent_basis": "opt_in",
})
body = "Dear {{ first_name }} <img src='http://127.0.0.1:PORT/c.png'> " + script + \
    " <meta http-equiv=refresh content='0;url=http://127.0.0.1:PORT/d'> <a href='http://127.0.0.1:PORT/e'>go</a>"
sender = bk.Sender("Example News <news@example.org>", postal_address="1 High St")
draft = bk.Campaign("bad", sender, bk.Message("Hi {{ first_name }}", html=body), people)
sandbox = bk.Sandbox(ledger="bad.db")
composer = bk.widgets.Composer(people, campaign=draft, relays=[sandbox.relay], links=sandbox.links, ledger="bad.db")
composer
"""


def test_hostile_names_do_nothing(lab: Lab) -> None:
    """Scripts, pictures, refreshes and links in names, columns, segments and the message do nothing."""
    with tempting() as (port, came):
        dialogs: list[str] = []
        lab.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        lab.write(
            "bad.ipynb", HOSTILE.replace("PORT", str(port)), "bk.widgets.HealthPanel(bk.health(bk.verify(people)))"
        )
        lab.open("bad.ipynb")
        lab.run_all()
        letter(lab).get_by_text("Dear <script>document.title='RAN'</script>").wait_for()
        letter(lab).get_by_text("go", exact=True).click()
        lab.page.locator("[title='The next recipient']").click()
        lab.wait_for_text("<img src=//127.0.0.1")
        assert "RAN" not in [frame.title() for frame in lab.page.frames]
        assert (dialogs, came) == ([], [])
    # The browser says what it refused, and nothing else.
    refused = [said for said in lab.complaints if re.search(REFUSED, said)]
    assert refused
    lab.complaints[:] = [said for said in lab.complaints if said not in refused]


def test_the_announcement_runs_from_top_to_bottom(lab: Lab) -> None:
    """Run All composes, sends to the sandbox and shows what came of it; the saved file names nobody."""
    lab.open("2_announcement.ipynb")
    lab.run_all()
    assert lab.errors() == []
    lab.wait_for_text("messages done")
    lab.shoot("2_announcement")
    saved = json.dumps(lab.save()) + json.dumps(lab.widget_state())
    people = bk.read_contacts(lab.folder / "data" / "contacts.csv")["email"].dropna()
    assert [email for email in people if email in saved] == []
    assert PRIVATE.findall(saved) == []
