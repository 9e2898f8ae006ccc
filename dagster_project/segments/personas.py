"""Personas by k-means, defined once and looked at again once a year.

In the first month given they are clustered anew: the best of several k-means++ starts (Arthur and Vassilvitskii 2007,
k-means++: the advantages of careful seeding, SODA, p. 1027-1035). In each later one the clustering starts from the
personas of the one before, and each new persona takes the number of the old one it is matched to (Hungarian
assignment by distance). Between the months given, personas stand still and only customers move. No month depends on
later ones, so a night does not rename the past.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Floats = np.ndarray[Any, np.dtype[np.float64]]

# What sets a persona apart, by feature: where it has more of it than others, and less.
FEATURES: Mapping[str, tuple[str, str]] = {
    "log_purchases": ("frequent", "occasional"),
    "log_order_value": ("large baskets", "small baskets"),
    "store_share": ("more in stores", "less in stores"),
    "discount_share": ("more discounts", "fewer discounts"),
    "categories": ("many categories", "few categories"),
}
_LIKE_ALL = "average"
_STARTS, _ROUNDS, _SEED = 10, 100, 20_260_101
_ALIKE = 1e-9  # deviation of a feature that is the same for everybody
_APART = 0.5  # standard deviations from the mean of all, to be named
_NAMED = 2  # features in a name
_DIGITS = 6  # of a centre, so that the last bits of a sum make no other persona

PERSONAS_SCHEMA = pa.schema(
    [
        ("fitted_month", pa.date32()),
        ("persona", pa.int64()),
        ("persona_name", pa.string()),
        ("set_apart_by", pa.string()),
        *((feature, pa.float64()) for feature in FEATURES),
        *((f"{feature}_deviation", pa.float64()) for feature in FEATURES),
    ]
)


def find_personas(customers: pa.Table, number: int) -> pa.Table:
    """The personas as each month of `customers` defines them, PERSONAS_SCHEMA: one row per month and persona (1 to
    `number`, the largest of the first month first), with its centre in the units of each feature and the standard
    deviation of the feature in that month. `persona_name` says at most two things that set the centre apart, unless a
    third tells two personas apart; `set_apart_by` all of them, with the distance from the mean in deviations.

    `customers`: one row per month and customer_id, with every feature of FEATURES; its order does not matter. An empty
    table has no personas.
    """
    ordered = customers.sort_by([("month", "ascending"), ("customer_id", "ascending")])
    centres: Floats | None = None
    rows: list[dict[str, Any]] = []
    names: Sequence[str] = [""] * number
    for month in pc.unique(ordered["month"]):
        there = ordered.filter(pc.equal(ordered["month"], month))
        values = np.column_stack([there[feature].to_numpy().astype(np.float64) for feature in FEATURES])
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        deviation = np.round(np.where(deviation > _ALIKE, deviation, 1.0), _DIGITS + 3)
        points = (values - mean) / deviation
        apart = _first(points, number) if centres is None else _again(points, (centres - mean) / deviation)
        centres = np.round(apart * deviation + mean, _DIGITS)
        traits = [_traits(centre) for centre in apart]
        names = _names([list(each) or [_LIKE_ALL] for each in traits], names)
        rows += [
            {
                "fitted_month": month.as_py(),
                "persona": place + 1,
                "persona_name": names[place],
                "set_apart_by": ", ".join(f"{words} ({by:+.1f})" for words, by in traits[place].items()) or _LIKE_ALL,
            }
            | dict(zip(FEATURES, map(float, centre), strict=True))
            | {f"{feature}_deviation": float(value) for feature, value in zip(FEATURES, deviation, strict=True)}
            for place, centre in enumerate(centres)
        ]
    return pa.Table.from_pylist(rows, schema=PERSONAS_SCHEMA)


def _first(points: Floats, number: int) -> Floats:
    """The centres of the best of several starts, that of most customers first."""
    from scipy.cluster.vq import kmeans2, vq

    best: tuple[float, Floats] | None = None
    for start in range(_STARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty cluster: that start will not be the best
            centres, _ = kmeans2(points, number, iter=_ROUNDS, minit="++", rng=np.random.default_rng(_SEED + start))
        codes, distance = vq(points, centres)
        error = float((distance**2).sum())
        if best is None or error < best[0] * (1 - 1e-9):
            order = np.argsort(-np.bincount(codes, minlength=number), kind="stable")
            best = error, centres[order]
    assert best is not None
    return best[1]


def _again(points: Floats, before: Floats) -> Floats:
    """The centres among these points, in the order of those before. One that nobody is nearest to stays."""
    from scipy.cluster.vq import kmeans2
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        centres, _ = kmeans2(points, before, iter=_ROUNDS, minit="matrix")
    _, match = linear_sum_assignment(cdist(before, centres, "sqeuclidean"))
    return np.asarray(centres[match])


def _traits(centre: Floats) -> dict[str, float]:
    """What sets a centre apart and by how many deviations, strongest first."""
    words = [more if by > 0 else less for (more, less), by in zip(FEATURES.values(), centre, strict=True)]
    order = np.argsort(-np.abs(centre), kind="stable")
    return {words[place]: float(centre[place]) for place in order if abs(centre[place]) >= _APART}


def _names(traits: Sequence[Sequence[str]], before: Sequence[str]) -> list[str]:
    """One name each, no two the same. The name before is kept where all it says still sets the persona apart, and so
    does what sets it apart most; the others are named by their strongest traits."""
    names = [name if _fits(name, words) else "" for name, words in zip(before, traits, strict=True)]
    for place, words in enumerate(traits):
        if not names[place]:
            names[place] = _new_name(words, names)
    return names


def _said(name: str) -> set[str]:
    return set(name.partition(" (")[0].split(", "))


def _fits(name: str, words: Sequence[str]) -> bool:
    return _said(name) <= set(words) and words[0] in _said(name)


def _new_name(words: Sequence[str], taken: Sequence[str]) -> str:
    """The first words, as many as no other name has said alike, in whatever order; a number where all are said."""
    said = [_said(name) for name in taken]
    for count in range(_NAMED, max(_NAMED, len(words)) + 1):
        if set(words[:count]) not in said:
            return ", ".join(words[:count])
    numbered = (f"{', '.join(words[:_NAMED])} ({number})" for number in range(2, len(taken) + 2))
    return next(name for name in numbered if name not in taken)
