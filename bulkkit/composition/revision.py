"""A plan revised: only the words are others, so who gets it, which way and how long it takes stay as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bulkkit.composition.form import Form
from bulkkit.composition.outcome import Outcome, Stamp
from bulkkit.composition.reading import Wording
from bulkkit.dispatch.draft import Draft
from bulkkit.dispatch.plans import Plan
from bulkkit.message.compiled import compile_message


def stamp_of(ledger: str) -> Stamp:
    """Return what is another as soon as anything was written to the ledger: size and time of its files."""
    files = [Path(ledger), Path(f"{ledger}-wal")]
    return tuple((at.st_size, at.st_mtime_ns) for at in (file.stat() for file in files if file.exists()))


def revised(before: Outcome | None, form: Form, words: Wording, stamp: Stamp) -> Plan | None:
    """Return the plan that was made before with these words, or None where more than the words is another.

    Raises
    ------
    TemplateError
        Where the message cannot be read as a template.
    """
    if before is None or before.plan is None or before.stamp != stamp:
        return None
    if (before.form.choosing, before.form.delivering) != (form.choosing, form.delivering):
        return None
    old = before.plan
    message = compile_message(words.name, words.message, words.sender, old.route.links)
    # Who has control characters in what is filled in is left out, so other tokens may mean other people.
    if message.tokens != old.message.tokens:
        return None
    campaign = replace(
        old.campaign, name=words.name, sender=words.sender, message=words.message, purpose=form.writing.purpose
    )
    draft = Draft(campaign, old.route, message, old.checked, old.fate, old.reach, old.consent)
    return replace(old, campaign=campaign, message=message, findings=draft.findings())
