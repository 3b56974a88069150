"""A form worked out: its plan, or what keeps it from one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bulkkit.composition.delivery import relays_of, throttle_of
from bulkkit.composition.form import Form
from bulkkit.composition.material import Material
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.reading import STAND_IN_NAME, STAND_IN_SENDER, Place, Problem, Wording, read, wording
from bulkkit.composition.revision import revised, stamp_of
from bulkkit.composition.standing import standing
from bulkkit.dispatch.drafting import plan
from bulkkit.dispatch.plans import Plan
from bulkkit.dispatch.route import existing_ledger
from bulkkit.errors import BulkkitError, InputError, LedgerError, RelayError, TemplateError
from bulkkit.ledger import Ledger
from bulkkit.message.compiled import CompiledMessage, compile_message
from bulkkit.message.links import Links

PLACE_OF_ERROR: Final = {
    TemplateError: Place.BODY,
    InputError: Place.AUDIENCE,
    RelayError: Place.DELIVERY,
    LedgerError: Place.DELIVERY,
}
"""Where it is said what planning raised."""


def work_out(form: Form, material: Material, before: Outcome | None = None) -> Outcome:
    """Return what comes of a form: a plan wherever one can be made, if only to look at.

    What came of the form `before` is made use of where only its words are others.
    """
    worked = Outcome(form, _nothing(material), ())
    try:
        words = _wording(form, material)
        worked = Outcome(form, words, words.problems)
        stamp = stamp_of(form.delivering.ledger)
        known = existing_ledger(form.delivering.ledger)
        worked = replace(worked, stamp=stamp, standing=standing(known, words.name))
        made = revised(before, form, words, stamp) or _plan(form, words, material, known or form.delivering.ledger)
        return replace(worked, plan=made)
    except Exception as error:
        # Whatever it was, it is said: in a thread nothing else would show it.
        place = next((place for kind, place in PLACE_OF_ERROR.items() if isinstance(error, kind)), Place.CHECK)
        return replace(worked, problems=(*worked.problems, Problem(place, error)))


def message_of(form: Form, material: Material) -> CompiledMessage:
    """Return the message that was written, compiled; no plan is needed.

    Raises
    ------
    TemplateError, InputError
        Where the subject or the body cannot be read.
    """
    words = _wording(form, material)
    for problem in words.problems:
        if problem.place in {Place.SUBJECT, Place.BODY}:
            raise problem.error
    return compile_message(words.name, words.message, words.sender, _links(form, material))


def _wording(form: Form, material: Material) -> Wording:
    try:
        return wording(form.writing, material)
    except RecursionError:
        said = "The subject or the body has too many brackets within brackets to be read; close them, or take some out."
        raise TemplateError(said) from None


def _nothing(material: Material) -> Wording:
    """Return the words of a form that cannot be read at all."""
    words: dict[str, Any] = {"subject": "", material.body_part: ""}
    return Wording(STAND_IN_NAME, STAND_IN_SENDER, replace(material.message, **words), ())


def _plan(form: Form, words: Wording, material: Material, ledger: str | Ledger) -> Plan:
    delivering, choosing = form.delivering, form.choosing
    relays = relays_of(delivering, material)
    return plan(
        read(form, words, material),
        relays,
        material.links_for(relays),
        throttle_of(delivering, relays, material.throttle),
        ledger,
        consent=choosing.consent.strip() or None,
        leave_out=sorted(choosing.leave_out),
        limit=material.limit,
    )


def _links(form: Form, material: Material) -> Links | None:
    try:
        return material.links_for(relays_of(form.delivering, material))
    except BulkkitError:
        return material.links
