"""Health is a score that no harm raises, and expected bounces are what happens."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.scoring import Health, health
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.components import COMPONENT_COLUMNS, COMPONENTS
from bulkkit.scoring.expectations import BASELINE, PRIORS, expected_bounces
from bulkkit.scoring.listed import Listed
from bulkkit.scoring.past import Past
from bulkkit.vocabulary import Reason

NOW = pd.Timestamp("2026-10-01", tz="UTC")
PAST_TELLS = {"engagement", "complaints", "unsubscribes", "frequency", "fatigue", "decay"}
REASONS = [
    "accepted_email",
    "not_probed",
    "role_based",
    "disposable",
    "possible_typo",
    "mailbox_not_found",
    "no_dns_entries",
]
STATUS = dict(zip(REASONS, ["deliverable", "unknown", *["risky"] * 3, *["undeliverable"] * 2], strict=True))
"""From the best to the worst, by what is known against an address."""

lists = st.lists(
    st.tuples(
        st.sampled_from(REASONS),
        st.sampled_from(["opt_in", "bought", None]),
        st.sampled_from(["Northmail", "Postbox", None]),
    ),
    min_size=1,
    max_size=25,
)


def _checked(rows: list[tuple[str, str | None, str | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["reason", "consent_basis", "provider"], dtype="str")
    addresses = [f"p{i}@x.example" for i in range(len(rows))]
    return frame.assign(email=addresses, status=frame["reason"].map(STATUS).astype("str"))


def _past() -> pd.DataFrame:
    """Return a year in which half of the first 20 people reacted, 2 bounced, and one complained."""
    rows = [("sent", "c1", i, 100) for i in range(20)] + [("sent", "c2", i, 20) for i in range(20)]
    rows += [("clicked", "c1", i, 99) for i in range(0, 20, 2)] + [("bounced", "c2", i, 20) for i in (3, 5)]
    rows += [("complained", "c1", 4, 90), *[("sent", f"c{n}", 1, 10) for n in (3, 4)]]
    frame = pd.DataFrame(rows, columns=["kind", "campaign", "person", "days"])
    at = NOW - pd.to_timedelta(frame["days"], unit="D")
    return frame.assign(email="p" + frame["person"].astype(str) + "@x.example", at=at, machine=False, source="history")


PAST = Past.of(_past(), NOW)


def _score(checked: pd.DataFrame, past: Past | None = None) -> float:
    return Health.on(Basis(Listed.of(checked), NOW, past=past)).score


def _value(checked: pd.DataFrame, component: str, events: pd.DataFrame | None = None) -> float:
    table = health(checked, events, as_of=NOW).components.set_index("component")
    return float(table.loc[component, "value"])


@given(lists, st.data(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_making_an_address_worse_never_raises_the_score(rows: list[Any], data: st.DataObject, past: bool) -> None:
    """An address that becomes riskier or undeliverable, or loses its consent, does not make the list healthier."""
    row = data.draw(st.integers(0, len(rows) - 1))
    worse = data.draw(st.sampled_from(REASONS[REASONS.index(rows[row][0]) :]))
    consent = data.draw(st.sampled_from([rows[row][1], "bought"]))
    changed = [*rows[:row], (worse, consent, rows[row][2]), *rows[row + 1 :]]
    history = PAST if past else None
    assert _score(_checked(changed), history) <= _score(_checked(rows), history) + 1e-9


@given(lists, st.integers(1, 5), st.sampled_from(["dead", "repeated"]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_adding_dead_or_repeated_rows_never_raises_the_score(rows: list[Any], many: int, how: str, past: bool) -> None:
    """Undeliverable addresses, with consent or without, and rows that repeat others, do not make a list healthier."""
    listed = _checked(rows)
    dead = _checked([("no_dns_entries", "opt_in", "Other")] * many).assign(
        email=[f"new{i}@y.example" for i in range(many)]
    )
    added = (
        dead
        if how == "dead"
        else listed.sample(many, replace=True, random_state=1).assign(email=lambda f: f["email"].str.upper())
    )
    history = PAST if past else None
    assert _score(pd.concat([listed, added]), history) <= _score(listed, history) + 1e-9


def test_worse_lists_score_lower() -> None:
    """Over 12 simulated lists, each of the same people with more and more harm done to them, the score falls."""
    rng = np.random.default_rng(7)
    for _ in range(12):
        listed = _checked([("not_probed", "opt_in", "Northmail")] * 200)
        order, scores = rng.permutation(200), []
        for harmed in (0, 10, 25, 60, 120):
            dead, bought = order[: harmed // 2], order[:harmed]
            reasons = listed["reason"].mask(listed.index.isin(bought), rng.choice(REASONS[2:5]))
            reasons = reasons.mask(listed.index.isin(dead), "mailbox_not_found")
            consent = listed["consent_basis"].mask(listed.index.isin(bought), "bought")
            worse = listed.assign(reason=reasons, status=reasons.map(STATUS), consent_basis=consent)
            scores.append(_score(pd.concat([worse, worse.iloc[: harmed // 3]])))
        assert scores == sorted(scores, reverse=True)
        assert scores[0] - scores[-1] > 40


def test_a_perfect_list_has_a_hundred_points() -> None:
    """Accepted addresses with consent whose people react lose nothing; a dead list has none left."""
    perfect = _checked([("accepted_email", "opt_in", "Northmail"), ("delivered_before", "customer", None)] * 20).assign(
        status="deliverable"
    )
    assert _score(perfect) == pytest.approx(100)
    reacting = _past().query("kind in ['sent', 'clicked'] and person % 2 == 0 and campaign in ['c1', 'c2']")
    assert _score(perfect, Past.of(reacting, NOW)) == pytest.approx(100)
    assert _score(_checked([("no_dns_entries", None, None)] * 9)) < 20


def test_points_add_up_and_the_unknown_is_not_scored() -> None:
    """Points lost make up what the score lacks; without events six are unknown and the others weigh more."""
    checked = _checked([("not_probed", "opt_in", "Northmail")] * 15 + [("role_based", None, "Postbox")] * 5)
    for events, unknown in ((None, PAST_TELLS), (_past(), set())):
        found = health(checked, events, as_of=NOW)
        known = found.components.dropna(subset=["points_lost"])
        assert list(found.components.columns) == list(COMPONENT_COLUMNS)
        assert set(found.components["component"]) - set(known["component"]) == unknown
        assert known["weight"].sum() == pytest.approx(100)
        assert found.score == pytest.approx(100 - known["points_lost"].sum())
    assert sum(component.weight for component in COMPONENTS) == 100


def test_components_say_what_is_there() -> None:
    """Each component's value is the share that one counts by hand."""
    rows = (
        [("not_probed", "opt_in", "Northmail")] * 12
        + [("role_based", None, "Northmail")] * 4
        + [("no_dns_entries", "opt_in", "Postbox")] * 4
    )
    checked = _checked(rows)
    assert _value(checked, "questionable") == pytest.approx(8 / 20)
    assert _value(checked, "consent") == pytest.approx(12 / 20)
    assert _value(checked, "concentration") == pytest.approx(16 / 20)
    assert _value(pd.concat([checked, checked.iloc[:4]]), "duplicates") == pytest.approx(4 / 16)
    assert _value(checked, "engagement", _past()) == pytest.approx(8 / 20)
    assert _value(checked, "complaints", _past()) == pytest.approx(1 / 40)
    assert _value(checked, "unsubscribes", _past()) == 0
    assert _value(checked, "frequency", _past()) == pytest.approx(1 / 20)


def test_flags_count_like_reasons() -> None:
    """An address flagged as disposable or role, or with another spelling, is questionable whatever its reason is."""
    checked = _checked([("not_probed", "opt_in", None)] * 4)
    flags = {
        "disposable": [True, False, None, False],
        "role": [None, True, None, False],
        "did_you_mean": [None, None, "a@b.example", None],
    }
    assert _value(checked.assign(**flags), "questionable") == pytest.approx(3 / 4)


def test_unknown_columns_are_unknown() -> None:
    """Without consent and provider columns these are not known; with nothing but blanks, nobody has consented."""
    checked = _checked([("not_probed", None, None)] * 3)
    assert np.isnan(_value(checked.drop(columns=["consent_basis", "provider"]), "consent"))
    assert np.isnan(_value(checked, "concentration"))
    assert _value(checked.assign(consent_source=" "), "consent") == 0
    assert np.isnan(_value(checked, "frequency", _past().drop(columns="at")))


def test_what_cannot_be_scored_is_refused() -> None:
    """An empty list, one that was not verified, and events without moments are errors that say what to do."""
    checked = _checked([("not_probed", None, None)])
    with pytest.raises(InputError, match="nothing to score"):
        health(checked.iloc[:0])
    with pytest.raises(InputError, match=r"bulkkit\.verify"):
        health(checked[["email"]])
    with pytest.raises(InputError, match="holds no moments"):
        health(checked, _past().assign(at="2026-01-01"), as_of=NOW)


def test_priors_are_in_order_and_have_sources() -> None:
    """Nothing held against an address makes a bounce less likely, and each prior says where it comes from."""
    assert all(prior.mean >= BASELINE.mean and prior.source for prior in PRIORS.values())
    assert set(PRIORS) <= set(Reason)
    expected = [expected_bounces(pd.Series([STATUS[reason]]), pd.Series([reason])).rate for reason in REASONS]
    in_order = [
        "accepted_email",
        "not_probed",
        "role_based",
        "disposable",
        "possible_typo",
        "mailbox_not_found",
        "no_dns_entries",
    ]
    assert expected == sorted(expected)
    assert in_order == REASONS
    flipped = expected_bounces(pd.Series(["undeliverable"]), pd.Series(["disposable"])).rate
    assert flipped >= expected_bounces(pd.Series(["risky"]), pd.Series(["disposable"])).rate


def test_history_replaces_the_prior() -> None:
    """Earlier campaigns move the baseline towards their own bounce rate, many of them nearly all the way."""
    checked = _checked([("not_probed", None, None)] * 100)
    people = np.arange(500)
    sent = [pd.DataFrame({"kind": "sent", "campaign": f"c{n}", "person": people}) for n in range(30)]
    bounced = [frame[frame["person"] % 20 == n % 20].assign(kind="bounced") for n, frame in enumerate(sent)]
    events = pd.concat([*sent, *bounced]).assign(email=lambda f: "q" + f["person"].astype(str) + "@x.example")
    few = health(checked, events[events["campaign"] == "c1"].assign(at=NOW - pd.Timedelta(days=9)), as_of=NOW)
    many = health(checked, events.assign(at=NOW - pd.Timedelta(days=9)), as_of=NOW)
    assert BASELINE.mean < few.expected_bounces.rate < many.expected_bounces.rate < 0.05
    assert many.expected_bounces.rate == pytest.approx(0.05, rel=0.12)
    assert "30 earlier campaigns" in many.expected_bounces.by_reason["source"].iloc[0]


def test_the_bounce_interval_holds_over_lists_that_differ() -> None:
    """Over lists whose reasons bounce as the priors vary, 93 to 98 % of the prediction intervals hold the count."""
    rng = np.random.default_rng(9)
    mix = {"not_probed": 4000, "role_based": 200, "possible_typo": 60, "no_dns_entries": 40}
    reasons = pd.Series(list(itertools.chain.from_iterable([name] * size for name, size in mix.items())))
    found = expected_bounces(reasons.map(STATUS), reasons)
    priors = [PRIORS.get(Reason(name), BASELINE) for name in mix]
    beta = [rng.beta(p.mean * p.strength, max((1 - p.mean) * p.strength, 1e-9), 4000) for p in priors]
    counts = sum(rng.binomial(size, chance) for size, chance in zip(mix.values(), beta, strict=True))
    assert found.n == 4300
    assert found.count == pytest.approx(np.mean(counts), rel=0.02)
    assert 0.93 <= np.mean((found.lower <= counts) & (counts <= found.upper)) <= 0.98
    assert (found.rate * found.n, found.rate_lower * found.n) == pytest.approx((found.count, found.lower))


def test_it_shows_itself() -> None:
    """The repr names score, costliest component and bounces; HTML escapes; the figure has a bar for each component."""
    found = health(_checked([("not_probed", None, None)] * 20), as_of=NOW)
    assert repr(found).startswith("Health ")
    assert "consent costs" in repr(found)
    assert repr(found).endswith("; 0 bounces expected (0 to 4) of 20")
    assert repr(found.expected_bounces) == "0 bounces expected (0 to 4) of 20"
    assert repr(replace(found.expected_bounces, count=1.2, n=4870)) == "1 bounce expected (0 to 4) of 4,870"
    numbers = found.expected_bounces
    assert {type(n) for n in (numbers.count, numbers.lower, numbers.upper, numbers.rate, found.score)} == {float}
    assert "<table" in found._repr_html_()
    assert found.counts.to_dict("records") == [{"status": "unknown", "reason": "not_probed", "contacts": 20}]
    pytest.importorskip("bulkkit.charts")
    assert len(found.figure().data) > 0


def test_a_million_rows() -> None:
    """A list of a million addresses is scored in seconds: nothing loops over rows."""
    size = 1_000_000
    checked = pd.DataFrame(
        {
            "email": "p" + pd.Series(np.arange(size)).astype("str") + "@x.example",
            "status": "unknown",
            "reason": "not_probed",
        }
    )
    assert health(checked, as_of=NOW).expected_bounces.count == pytest.approx(size * BASELINE.mean)


def test_rows_are_those_behind_the_value() -> None:
    """Behind each component stand as many of the caller's own rows as its value says, index and columns kept."""
    rows = (
        [("not_probed", "opt_in", "Northmail")] * 12
        + [("role_based", None, "Northmail")] * 4
        + [("no_dns_entries", "opt_in", "Postbox")] * 4
    )
    listed = _checked(rows).set_axis(range(100, 120)).assign(own=range(20))
    listed = pd.concat([listed, listed.iloc[:3].assign(own=99)])
    found, past = health(listed, _past(), as_of=NOW), health(listed, _past(), as_of=NOW).components
    value = past.set_index("component")["value"]
    behind = {name: found.rows(name) for name in value.index}
    assert len(behind["questionable"]) / 20 == pytest.approx(value["questionable"])
    assert 1 - len(behind["consent"]) / 20 == pytest.approx(value["consent"])
    assert 1 - len(behind["engagement"]) / 20 == pytest.approx(value["engagement"])
    assert len(behind["concentration"]) / 20 == pytest.approx(value["concentration"])
    assert len(behind["duplicates"]) / 16 == pytest.approx(value["duplicates"])
    assert list(behind["duplicates"]["own"]) == [99] * 3
    assert list(behind["complaints"].index) == [104]
    assert list(behind["decay"].index) == [104]
    assert len(behind["fatigue"]) / 20 == pytest.approx(value["fatigue"])
    assert list(behind["frequency"].index) == [101]
    assert behind["unsubscribes"].empty
    assert list(behind["expected_bounces"].index) == list(range(112, 120))
    assert all(list(part.columns) == list(listed.columns) for part in behind.values())


def test_newcomers_are_not_behind_engagement() -> None:
    """Who was never written to has no history: neither the value nor the rows behind it hold them."""
    people = [("not_probed", "opt_in", None)] * 20 + [("no_dns_entries", "opt_in", None)] * 5
    found = health(_checked(people), _past(), as_of=NOW)
    assert list(found.rows("engagement").index) == list(range(1, 20, 2))


def test_rows_of_verdicts_add_up() -> None:
    """The rows of each status and reason are as many as the counts say, and together everybody once."""
    found = health(_checked([(reason, "opt_in", None) for reason in REASONS] * 3), as_of=NOW)
    for column in ("status", "reason"):
        counted = found.counts.groupby(column)["contacts"].sum()
        assert {name: len(found.rows(name)) for name in counted.index} == counted.to_dict()
        assert len(pd.concat([found.rows(name) for name in counted.index])) == 21


def test_rows_of_what_is_unknown_are_refused() -> None:
    """Nobody is behind an unknown component, and that is said; so is what there is to choose from."""
    found = health(_checked([("not_probed", None, None)] * 3), as_of=NOW)
    with pytest.raises(InputError, match="Who is behind engagement is unknown"):
        found.rows("engagement")
    with pytest.raises(InputError, match=r"'bouncy'; choose one of expected_bounces, .*not_probed"):
        found.rows("bouncy")


@given(lists, st.data(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_health_of_a_part_is_that_of_its_rows(rows: list[Any], data: st.DataObject, past: bool) -> None:
    """A part chosen by a mask or as a frame is as healthy as a list of the same rows with its own people's history."""
    listed = _checked(rows)
    chosen = pd.Series(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), index=listed.index)
    history = PAST if past else None
    whole = Health.on(Basis(Listed.of(listed), NOW, past=history))
    if not chosen.any():
        with pytest.raises(InputError, match="empty"):
            whole.of(chosen)
        return
    rest = Listed.of(listed[chosen])
    own = history if history is None or chosen.all() else history.among(rest.keys)
    alone = Health.on(Basis(rest, NOW, past=own))
    for part in (whole.of(chosen), whole.of(listed[chosen]), whole.of(chosen.astype("boolean"))):
        pd.testing.assert_frame_equal(part.components, alone.components)
        pd.testing.assert_frame_equal(part.counts, alone.counts)


def test_a_mask_that_fits_no_list_is_refused() -> None:
    """A mask of another length, or one of numbers, chooses no part."""
    found = health(_checked([("not_probed", None, None)] * 3), as_of=NOW)
    for mask in (pd.Series([True, False]), pd.Series([1, 0, 1])):
        with pytest.raises(InputError, match="chooses no part of 3 rows"):
            found.of(mask)
