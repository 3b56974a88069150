"""How many messages each measure counts and could have counted, by group: what is worked out where the data lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from bulkkit.metrics.dimensions import CAMPAIGN, Frames, aliases, joined
from bulkkit.metrics.reactions import applying, divided, divides
from bulkkit.metrics.repetition import squares, squares_of_parts
from bulkkit.outcomes import KEY, MEASURES, NOT_TOLD, Frame, Knowledge, Measure, Messages, gathered
from bulkkit.outcomes.messages import with_measures


def counted(messages: Messages, events: Frame, groups: list[str], frames: Frames, unique: bool) -> pd.DataFrame:
    """Return a row a group: `_by_0, …, _known`, and for each measure `<name>_n`, `<name>_d`, `<name>_k`.

    They are how many count, how many could have, and whether that is known; with `unique=False` also `<name>_q`, the
    sum of squares of how often each message counts. Groups whose recipients are known leave out campaigns of which
    they are not.
    """
    named = dict(zip(aliases(groups), groups, strict=True))
    traits = {alias: name for alias, name in named.items() if divides(name, frames)}
    own = {alias: name for alias, name in named.items() if name != CAMPAIGN and alias not in traits}
    rows = joined(messages.rows, own, frames)
    found = _whole(messages, rows, list(own))
    if not traits and unique and CAMPAIGN not in groups:
        return _with_squares(
            most_known(_by_group(found, messages.knowledge, named), list(named)), messages, rows, named
        )
    if not traits and unique:
        return most_known(_by_group(found, messages.knowledge, named), list(named))
    happened = divided(messages, rows, events, traits, frames, unique)
    parts = _parted(found, happened, [*own, KEY[0]], traits, unique)
    counts = most_known(_by_group(parts, messages.knowledge, named), list(named))
    if CAMPAIGN in groups:
        return counts
    return _with_squares_of_parts(
        counts, squares_of_parts(messages, rows, happened, list(own), list(traits), measures_in(counts)), list(own)
    )


def _with_squares(counts: pd.DataFrame, messages: Messages, rows: Frame, named: Mapping[str, str]) -> pd.DataFrame:
    """Add what tells how alike a person's messages are (`repetition`), in the groups where people had several."""
    spread = named_alike(squares(with_measures(messages, rows, list(named)), list(named)), list(named))
    return counts.merge(spread, how="left", on=[*named, "_known"])


def _with_squares_of_parts(
    counts: pd.DataFrame, squared: tuple[pd.DataFrame, pd.DataFrame], own: list[str]
) -> pd.DataFrame:
    """Add the same for parts of reactions; of a part that nobody in a group shows nothing is squared."""
    whole, parts = squared
    aliased = [str(name) for name in counts if str(name).startswith("_by_")]
    spread = counts.merge(named_alike(whole, own), how="left", on=[*own, "_known"])
    spread = spread.merge(named_alike(parts, aliased), how="left", on=[*aliased, "_known"])
    return spread.fillna(dict.fromkeys((name for name in parts if str(name).endswith(("_nn", "_nd"))), 0.0))


def measures_in(counts: pd.DataFrame) -> list[Measure]:
    """Return the measures that were counted."""
    return [measure for measure in MEASURES if f"{measure.name}_n" in counts]


def most_known(counts: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Leave out messages of campaigns with unknown recipients where the group has others, so that rates stay whole."""
    counts = named_alike(counts, groups)
    best = counts.groupby(groups, dropna=False)["_known"].transform("max")
    return counts[counts["_known"] == best].reset_index(drop=True)


def named_alike(counts: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return the sums by group and by whether recipients are known, the groups named as all libraries name them."""
    told = {alias: _named(counts[alias]) for alias in groups}
    return counts.assign(**told).groupby([*groups, "_known"], as_index=False, dropna=False).sum()


def _named(labels: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_string_dtype(labels) or labels.isna().all():
        return labels.astype("str").fillna(NOT_TOLD)
    return labels.convert_dtypes()  # libraries differ in how they write missing numbers and truth values


def _whole(messages: Messages, rows: Frame, own: list[str]) -> pd.DataFrame:
    """Return the numbers of messages by group and campaign: `<measure>` that count, `<measure>_d` that could have."""
    bases = list(dict.fromkeys(measure.base for measure in MEASURES))
    truths = {f"_base_{place}": messages.truth(*base) for place, base in enumerate(bases)}
    truths |= {measure.name: messages.truth(*measure.event, *measure.base) for measure in MEASURES}
    found = _summed(
        rows.select(*own, KEY[0], *(truth.cast(nw.Int64).alias(name) for name, truth in truths.items())), own, truths
    )
    return found.assign(**{f"{m.name}_d": found[f"_base_{bases.index(m.base)}"] for m in MEASURES})


def _parted(
    whole: pd.DataFrame, happened: Frame, keys: list[str], traits: Mapping[str, str], unique: bool
) -> pd.DataFrame:
    """Put the numerators of parts (or of all events) beside the denominators of the whole."""
    measures = applying(list(traits.values())) if traits else list(MEASURES)
    names = [measure.name for measure in measures]
    wanted = names if unique else [*names, *(f"{name}_q" for name in names)]
    if not unique:
        happened = happened.with_columns(*((nw.col(name) * nw.col(name)).alias(f"{name}_q") for name in names))
    parts = _summed(happened.select(*keys, *traits, *wanted), [*keys[:-1], *traits], wanted)
    bases = whole[[*keys, *(f"{name}_d" for name in names)]]
    if not traits:
        return bases.merge(parts, how="left", on=keys).fillna(dict.fromkeys(wanted, 0))
    happening = parts[parts[names].to_numpy().any(axis=1)]
    # A value that nobody in one campaign shows is a rate of 0 there, wherever it is shown in another.
    values = happening[list(traits)].drop_duplicates()
    return (
        bases.merge(values, how="cross").merge(parts, how="left", on=[*keys, *traits]).fillna(dict.fromkeys(wanted, 0))
    )


def _summed(rows: Frame, own: list[str], names: Iterable[str]) -> pd.DataFrame:
    wanted = list(names)
    table = gathered(rows.group_by(*own, KEY[0]).agg(*(nw.col(name).sum() for name in wanted)))
    return table.astype(dict.fromkeys(wanted, "int64"))


def _by_group(found: pd.DataFrame, knowledge: Knowledge, named: Mapping[str, str]) -> pd.DataFrame:
    """Leave out what is not known of a campaign."""
    told = knowledge.campaigns.reindex(found[KEY[0]]).set_axis(found.index)
    columns = {alias: found[KEY[0] if name == CAMPAIGN else alias] for alias, name in named.items()}
    columns["_known"] = told["known"].astype("int64")
    for measure in _present(found):
        known = told[list(measure.known)].all(axis=1).astype("int64")
        parts = {"n": measure.name, "d": f"{measure.name}_d", "q": f"{measure.name}_q"}
        columns |= {f"{measure.name}_{part}": found[name] * known for part, name in parts.items() if name in found}
        columns[f"{measure.name}_k"] = known
    return pd.DataFrame(columns)


def _present(found: pd.DataFrame) -> Sequence[Measure]:
    return [measure for measure in MEASURES if measure.name in found]
