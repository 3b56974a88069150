"""Over many simulated lists: what harms a list lowers its score, part by part, and what bounced was foretold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.scoring import Health
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.components import COMPONENTS, Value, scored
from bulkkit.scoring.expectations import BASELINE, PRIORS, ExpectedBounces
from bulkkit.scoring.listed import Listed
from bulkkit.scoring.past import Past
from bulkkit.vocabulary import Reason

NOW = pd.Timestamp("2026-10-01", tz="UTC")
PEOPLE = 60
DAYS = (340, 250, 160, 100, 60, 12)
KINDS = ("sent", "clicked", "bounced", "unsubscribed", "complained")
values = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(st.fixed_dictionaries({part.name: values for part in COMPONENTS}), st.data())
@settings(max_examples=60, deadline=None)
def test_each_part_alone_lowers_the_score_as_it_gets_worse(known: dict[str, float], data: st.DataObject) -> None:
    """Whatever the other parts are, and whichever of them are unknown: a worse value of one loses no fewer points."""
    part = data.draw(st.sampled_from(COMPONENTS))
    missing = data.draw(st.sets(st.sampled_from([one.name for one in COMPONENTS if one is not part])))
    told = {name: Value(float("nan") if name in missing else value) for name, value in known.items()}
    other = data.draw(values)
    worse, better = sorted((known[part.name], other), reverse=part.bad > part.good.value)
    lost = [scored(told | {part.name: Value(value)})["points_lost"].sum() for value in (better, worse)]
    assert lost[0] <= lost[1] + 1e-9
    if part.weight and part.lost(worse) > part.lost(better):
        assert lost[0] < lost[1]


def _happened(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return for each kind of event whether it happened to each person with each of six campaigns."""
    shape = (PEOPLE, len(DAYS))
    clicked = rng.random(shape) < rng.beta(1, 2, (PEOPLE, 1))
    seldom = {kind: (rng.random(shape) < 0.004) & ~clicked for kind in KINDS[2:]}
    return {"sent": np.ones(shape, bool), "clicked": clicked, **seldom}


def _events(happened: dict[str, np.ndarray], often: int) -> pd.DataFrame:
    rows = []
    for place, kind in enumerate(KINDS):
        person, campaign = np.nonzero(happened[kind])
        days = np.array(DAYS)[campaign] - 0.1 * place
        rows.append(pd.DataFrame({"kind": kind, "person": person, "campaign": campaign, "days": days}))
    for extra in range(3):  # to some people three more in the last month, each of which they answered
        again = pd.DataFrame({"person": np.arange(often), "campaign": len(DAYS) + extra, "days": 9.0 - extra})
        rows += [again.assign(kind="sent"), again.assign(kind="clicked", days=again["days"] - 0.1)]
    table = pd.concat(rows, ignore_index=True)
    email = "p" + table["person"].astype(str) + "@x.example"
    at = NOW - pd.to_timedelta(table["days"], unit="D")
    named = table.assign(email=email, at=at, campaign="c" + table["campaign"].astype(str), machine=False)
    return named.assign(source="history", bounce_type=np.where(named["kind"] == "bounced", "hard", None))


LISTED = Listed.of(
    pd.DataFrame({"email": [f"p{i}@x.example" for i in range(PEOPLE)], "status": "unknown", "reason": "not_probed"})
)


def _score(happened: dict[str, np.ndarray], often: int = 0) -> float:
    return Health.on(Basis(LISTED, NOW, past=Past.of(_events(happened, often), NOW))).score


@pytest.mark.parametrize("harm", ["silence", "bounced", "unsubscribed", "complained"])
@pytest.mark.parametrize("seed", range(2))
def test_what_happens_to_people_lowers_the_score(harm: str, seed: int) -> None:
    """More and more people fall silent, bounce, leave or complain, each at random: the score never rises, and falls."""
    rng = np.random.default_rng(seed)
    happened = _happened(rng)
    scores = [_score(happened)]
    for _ in range(4):
        who = rng.choice(PEOPLE, 6, replace=False)
        if harm == "silence":
            happened["clicked"][who] = False
        else:
            which = rng.integers(0, len(DAYS), 6)
            untouched = ~(happened["complained"] | happened["unsubscribed"] | happened["clicked"])[who, which]
            happened[harm][who[untouched], which[untouched]] = True
        scores.append(_score(happened))
    assert (np.diff(scores) <= 1e-9).all()
    assert scores[-1] < scores[0]


def test_writing_too_often_lowers_the_score() -> None:
    """The more people got five campaigns in a month, the lower, although each of them answered all five."""
    happened = _happened(np.random.default_rng(4))
    happened["complained"][:] = happened["unsubscribed"][:] = False
    scores = [_score(happened, often) for often in (0, 10, 30, 60)]
    assert scores[-1] < scores[0] - 1


def _bounces(sizes: dict[str, int], campaigns: Any) -> ExpectedBounces:
    reasons = np.repeat(list(sizes), list(sizes.values()))
    emails = [f"p{i}@x.example" for i in range(len(reasons))]
    undeliverable = np.isin(reasons, ["mailbox_not_found", "no_dns_entries"])
    checked = pd.DataFrame(
        {"email": emails, "status": np.where(undeliverable, "undeliverable", "unknown"), "reason": reasons}
    )
    told = pd.DataFrame(campaigns, columns=["bounced_all_n", "bounced_all_d"])
    nothing = pd.DataFrame()
    return Basis(Listed.of(checked), NOW, past=Past(NOW, nothing, nothing, told, nothing)).bounces()


def test_expected_bounces_cover_what_bounced_over_many_lists() -> None:
    """Over 400 lists of other people, habits and pasts the 95 % interval holds what then bounced, of 93 to 99 %."""
    rng, held = np.random.default_rng(20), []
    for _ in range(400):
        own = rng.uniform(0.004, 0.03)
        once = rng.beta(own * BASELINE.strength, (1 - own) * BASELINE.strength, 1 + rng.integers(3, 12))
        sent = rng.integers(200, 5000, len(once) - 1)
        sizes = {
            "not_probed": int(rng.integers(300, 3000)),
            "role_based": int(rng.integers(0, 60)),
            "possible_typo": int(rng.integers(0, 40)),
            "mailbox_not_found": int(rng.integers(0, 40)),
            "no_dns_entries": int(rng.integers(0, 20)),
        }
        found = _bounces(sizes, np.column_stack([rng.binomial(sent, once[1:]), sent]))
        bounced = rng.binomial(sizes["not_probed"], once[0])
        for reason in list(sizes)[1:]:
            prior = PRIORS[Reason(reason)]
            dead = prior.mean == 1 or rng.beta(prior.mean * prior.strength, (1 - prior.mean) * prior.strength)
            bounced += rng.binomial(sizes[reason], float(dead))
        held.append(found.lower <= bounced <= found.upper)
    assert 0.93 <= np.mean(held) <= 0.99
