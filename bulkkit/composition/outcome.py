"""What came of a form: a plan, and what is said at each place of the form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bulkkit.composition.form import Form
from bulkkit.composition.people import People
from bulkkit.composition.reading import Place, Problem, Wording
from bulkkit.composition.standing import Standing
from bulkkit.dispatch.plans import Plan
from bulkkit.preflight.findings import Finding, Severity

PLACE_OF_CONCERN: Final = {
    "sender": Place.SENDER,
    "subject": Place.SUBJECT,
    "body": Place.BODY,
    "template": Place.BODY,
    "links": Place.DELIVERY,
    "audience": Place.AUDIENCE,
}
"""Where it is said what preflight found, by what it concerns."""
SAID_BY_TOKENS: Final = frozenset({"unknown_token", "empty_token"})
"""Rules whose findings stand in the report on the tokens already."""


Stamp = tuple[tuple[int, int], ...]
"""What tells whether the ledger is still as it was when a form was worked out."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence at a place of the form: how much it weighs, what to do, and whose rule it is."""

    severity: Severity
    said: str
    fix: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a form; the plan may have stand-ins for what has a problem, and is then for looking at only."""

    form: Form
    words: Wording
    problems: tuple[Problem, ...]
    plan: Plan | None = field(default=None, repr=False)
    standing: Standing | None = None
    stamp: Stamp = ()

    @property
    def people(self) -> People | None:
        """The plan's recipients."""
        return None if self.plan is None else People.of_plan(self.plan)

    @property
    def blocking(self) -> tuple[Note, ...]:
        """What must be put right before anything can be sent."""
        found = (_note(finding) for place, finding in self._findings() if not self._has_problem(place))
        return (*map(_problem, self.problems), *(note for note in found if note.severity == Severity.ERROR))

    def notes(self, place: Place) -> tuple[Note, ...]:
        """Return what is said at a place; where it has a problem, nothing is said of the stand-in."""
        if self._has_problem(place):
            return tuple(_problem(problem) for problem in self.problems if problem.place == place)
        return tuple(
            _note(finding) for at, finding in self._findings() if at == place and finding.rule not in SAID_BY_TOKENS
        )

    def _findings(self) -> Iterator[tuple[Place, Finding]]:
        rows = [] if self.plan is None else self.plan.findings.to_dict("records")
        for row in rows:
            finding = Finding(**{str(name): value for name, value in row.items()})
            yield PLACE_OF_CONCERN.get(finding.concerns, Place.CHECK), finding

    def _has_problem(self, place: Place) -> bool:
        return any(problem.place == place for problem in self.problems)


def _problem(problem: Problem) -> Note:
    return Note(Severity.ERROR, problem.said)


def _note(finding: Finding) -> Note:
    return Note(Severity(finding.severity), finding.finding, finding.fix, finding.source)
