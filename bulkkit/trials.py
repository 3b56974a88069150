"""Before a send: how many people a comparison needs, what it could show, and how many to hold out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bulkkit.errors import InputError
from bulkkit.statistics import least_effect, least_share, people_needed, power, sample_size

POWER: Final = 0.8
"""The usual four chances in five (Cohen 1988, Statistical power analysis for the behavioral sciences)."""


@dataclass(frozen=True, slots=True)
class Design:
    """A trial: what it assumes, how many people it takes, and what it can show.

    Attributes
    ----------
    rate
        The rate without the treatment, a fraction.
    effect
        The difference that it shows with the chance `power`: the least one, where it was not given.
    margin
        Half the width of the interval of a single rate, where that was asked for; else None.
    people, treated, held_out
        How many in all, how many of them get the message (or the first of two), and how many do not.
    power
        The chance to show `effect`, a fraction.
    confidence
        Of the two-sided test or interval, a fraction.
    """

    rate: float
    effect: float | None
    margin: float | None
    people: int
    treated: int
    held_out: int
    power: float | None
    confidence: float

    @property
    def holdout(self) -> float:
        """The share of people held out."""
        return self.held_out / self.people

    @property
    def verdict(self) -> str:
        """One sentence for whoever decides."""
        if self.effect is None or self.power is None:
            return (
                f"{self.people:,} messages tell a rate near {self.rate:.2%} to within {_points(self.margin or 0)} "
                f"either way ({self.confidence:.0%} confidence)."
            )
        return (
            f"With {self.treated:,} people written to and {self.held_out:,} held out, a change from {self.rate:.2%} to "
            f"{self.rate + self.effect:.2%} ({_points(self.effect)}) is shown with a chance of {self.power:.0%}; "
            f"a smaller one more likely is not ({self.confidence:.0%} confidence, two-sided)."
        )

    def __str__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        shown = {
            "rate without": f"{self.rate:.2%}",
            "least change shown": "" if self.effect is None else _points(self.effect),
            "people": f"{self.people:,}",
            "written to": f"{self.treated:,}",
            "held out": f"{self.held_out:,} ({self.holdout:.1%})",
            "chance to show it": "" if self.power is None else f"{self.power:.0%}",
        }
        rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in shown.items() if value)
        return f"<p>{self.verdict}</p><table>{rows}</table>"


def design(
    rate: float,
    *,
    effect: float | None = None,
    margin: float | None = None,
    people: int | None = None,
    holdout: float | None = None,
    power: float = POWER,
    confidence: float = 0.95,
) -> Design:
    """Return the trial that answers a question, before anything is sent.

    Parameters
    ----------
    rate
        The rate to expect without the treatment (or of the one campaign), a fraction such as 0.02.
    effect
        The difference that would matter, a fraction such as 0.004, or below 0. Without it, the least rise that
        `people` can show.
    margin
        Instead of `effect`: how precisely a single rate is to be known, either way.
    people
        How many there are. Without it, how many are needed.
    holdout
        The share held out (0 to 1), or that gets the other message. Without it a half, or where `effect` and `people`
        are given the smallest share, up to a half, that shows the effect.
    power
        The chance to show the effect if it is there.
    confidence
        Of the two-sided test, or of the interval.

    Returns
    -------
    Design
        `.people, .treated, .held_out, .holdout, .effect, .power`, and `.verdict`, a sentence.

    Raises
    ------
    InputError
        A share that is none, nothing asked for, or an effect that these people cannot show; it says what they could.

    References
    ----------
    Fleiss, J. L., Tytun, A. and Ury, H. K. (1980). A simple approximation for calculating sample sizes for comparing
    independent proportions. The precision of a single rate is the normal approximation's.
    """
    _check(rate, effect, holdout, power)
    if margin is not None:
        if effect is not None or people is not None:
            raise InputError("design: margin asks for the messages of a single rate; leave out effect and people.")
        needed = sample_size(rate, margin, confidence)
        return Design(rate, None, margin, needed, needed, 0, None, confidence)
    if effect is None and people is None:
        raise InputError("design needs effect=, people= or margin=: what would matter, or how many there are.")
    if people is None and effect is not None:
        holdout = 0.5 if holdout is None else holdout
        people = people_needed(rate, effect, holdout, power, confidence)
    return _of_people(rate, effect, people or 0, holdout, power, confidence)


def _of_people(
    rate: float, effect: float | None, people: int, holdout: float | None, wanted: float, confidence: float
) -> Design:
    if people < 2:
        raise InputError(f"design: people={people}; a comparison needs two at least.")
    if effect is not None and holdout is None:
        holdout = least_share(rate, effect, people, wanted, confidence)
        if holdout is None:
            raise InputError(_too_few(rate, people, wanted, confidence))
    held = min(max(round(people * (0.5 if holdout is None else holdout)), 1), people - 1)
    found = least_effect(rate, people - held, held, wanted, confidence) if effect is None else effect
    if found is None:
        raise InputError(_too_few(rate, people, wanted, confidence))
    reached = power(rate, found, people - held, held, confidence)
    return Design(rate, found, None, people, people - held, held, reached, confidence)


def _too_few(rate: float, people: int, wanted: float, confidence: float) -> str:
    least = least_effect(rate, people / 2, people / 2, wanted, confidence)
    could = "no rise at all" if least is None else f"a rise of {_points(least)} at the least"
    return f"design: {people:,} people are too few for that; half of them held out, they show {could}."


def _check(rate: float, effect: float | None, holdout: float | None, wanted: float) -> None:
    if not 0 < rate < 1:
        raise InputError(f"design: rate={rate!r}; it is a fraction between 0 and 1, such as 0.02 for 2 %.")
    if effect is not None and (effect == 0 or not 0 <= rate + effect <= 1):
        raise InputError(f"design: effect={effect!r}; with it the rate would be {rate + effect:.1%}, or unchanged.")
    if holdout is not None and not 0 < holdout < 1:
        raise InputError(f"design: holdout={holdout!r}; it is a share between 0 and 1, such as 0.1 for a tenth.")
    if not 0 < wanted < 1:
        raise InputError(f"design: power={wanted!r}; it is a chance between 0 and 1, such as 0.8.")


def _points(fraction: float) -> str:
    return f"{100 * fraction:.2f} points"
