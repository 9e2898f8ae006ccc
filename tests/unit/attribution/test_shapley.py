"""Shapley values: the mean over all orders in which channels may join, and the axioms that no other value fulfils."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest

from dagster_project.attribution import AttributionError, attribute, channel_weights, encode
from dagster_project.attribution.shapley import MAX_CHANNELS, shapley, shapley_rate, values, within

Journeys = Callable[..., pd.DataFrame]


def by_coalitions(frame: pd.DataFrame, *, rate: bool) -> dict[str, float]:
    """The oracle: the game played out over all coalitions as sets of names."""
    sets = [frozenset(step.strip() for step in path.split(">")) for path in frame["path"]]
    channels = sorted(frozenset().union(*sets))
    conversions = dict.fromkeys(sets, 0.0)
    walked = dict.fromkeys(sets, 0.0)
    for one, row in zip(sets, frame.itertuples(), strict=True):
        conversions[one] += row.conversions
        walked[one] += row.conversions + row.nulls

    def worth(coalition: Iterable[str]) -> float:
        inside = [one for one in conversions if one <= frozenset(coalition)]
        won = sum(conversions[one] for one in inside)
        if not rate:
            return won
        tried = sum(walked[one] for one in inside)
        return won / tried if tried else 0.0

    worths = {
        frozenset(coalition): worth(coalition)
        for size in range(len(channels) + 1)
        for coalition in itertools.combinations(channels, size)
    }
    found = {}
    for channel in channels:
        others = [other for other in channels if other != channel]
        found[channel] = sum(
            math.factorial(size)
            * math.factorial(len(others) - size)
            / math.factorial(len(channels))
            * (worths[frozenset((*coalition, channel))] - worths[frozenset(coalition)])
            for size in range(len(channels))
            for coalition in itertools.combinations(others, size)
        )
    return found


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 8, 10])
def test_values_are_those_over_all_coalitions(journeys: Journeys, channels: int) -> None:
    frame = journeys(channels, channels)
    for model, rate in ((shapley, False), (shapley_rate, True)):
        expected = by_coalitions(frame, rate=rate)
        assert model(encode(frame)).tolist() == pytest.approx(list(expected.values()), rel=1e-9, abs=1e-12), model


def test_the_closed_form_by_hand() -> None:
    """Six conversions of a > b > a are 3 and 3, three of a > b > c one each; b alone has 2. Journeys without conversion
    play no part."""
    frame = pd.DataFrame(
        {
            "path": ["a > b > a", "a > b > c", "b", "c"],
            "conversions": [6, 3, 2, 0],
            "value": [60.0, 3.0, 7.0, 0.0],
            "nulls": [5, 0, 9, 7],
        }
    )
    assert shapley(encode(frame)).tolist() == pytest.approx([4.0, 6.0, 1.0])
    assert attribute(frame, ["shapley"])["value"].tolist() == pytest.approx([31.0, 38.0, 1.0])


def test_rates_by_hand_may_be_negative_and_credits_are_not() -> None:
    """a converts 1 of 2, b never, both together 1 of 10: v(a) = 1/2, v(b) = 0, v(ab) = 2/22 = 1/11.
    a: (1/2 + 1/11) / 2 = 13/44; b: (0 + 1/11 - 1/2) / 2 = -9/44."""
    frame = pd.DataFrame(
        {"path": ["a", "b", "a > b"], "conversions": [1, 0, 1], "value": [10.0, 0.0, 20.0], "nulls": [1, 10, 9]}
    )
    found = channel_weights(frame, ["shapley_rate"])
    assert found["effect"].tolist() == pytest.approx([13 / 44, -9 / 44])
    assert found["weight"].tolist() == [1.0, 0.0]
    credited = attribute(frame, ["shapley_rate"])
    assert credited["conversions"].tolist() == [2.0, 0.0]
    assert credited["value"].tolist() == [30.0, 0.0]


@pytest.fixture
def game() -> np.ndarray:
    """A game of seven players at random; worth nothing without any."""
    worths = np.random.default_rng(3).normal(size=1 << 7)
    worths[0] = 0.0
    return worths


def test_efficiency(game: np.ndarray) -> None:
    assert values(game).sum() == pytest.approx(game[-1])


def test_additivity(game: np.ndarray) -> None:
    other = game[::-1] - game[-1]
    assert values(2 * game + other).tolist() == pytest.approx((2 * values(game) + values(other)).tolist())


def test_dummy(game: np.ndarray) -> None:
    """A player who adds the same to every set is worth that; here a seventh, worth 3, in a game of six others."""
    others = game[:64] - game[0]
    assert values(np.concatenate([others, others + 3.0])).tolist() == pytest.approx([*values(others), 3.0])


def test_symmetry(game: np.ndarray) -> None:
    """Players who may be exchanged in every set are worth the same; renaming players renames their values."""
    masks = np.arange(len(game))
    exchanged = (masks & ~0b11) | ((masks & 1) << 1) | ((masks >> 1) & 1)
    one, other = values(game), values(game[exchanged])
    assert other.tolist() == pytest.approx(one[[1, 0, 2, 3, 4, 5, 6]].tolist())
    both = values(game + game[exchanged])
    assert both[0] == pytest.approx(both[1])


def test_within_adds_up_subsets() -> None:
    of_sets = np.random.default_rng(5).normal(size=1 << 6)
    expected = [sum(of_sets[part] for part in range(64) if part & whole == part) for whole in range(64)]
    assert within(of_sets).tolist() == pytest.approx(expected)


def test_too_many_channels_are_refused_by_the_rate_game_alone() -> None:
    names = [f"c{number:02}" for number in range(MAX_CHANNELS + 1)]
    frame = pd.DataFrame({"path": names, "conversions": 1, "value": 1.0, "nulls": 3})
    assert attribute(frame, ["shapley"])["conversions"].tolist() == [1.0] * len(names)
    with pytest.raises(AttributionError, match=f"{MAX_CHANNELS} channels at most; there are {MAX_CHANNELS + 1}"):
        attribute(frame, ["shapley_rate"])


def test_as_many_channels_as_are_promised() -> None:
    """Alike but for one that always converts: each of the others is worth the same, and all of them the mean rate."""
    names = [f"c{number:02}" for number in range(MAX_CHANNELS)]
    frame = pd.DataFrame({"path": names, "conversions": 1, "value": 1.0, "nulls": [0, *[3] * (MAX_CHANNELS - 1)]})
    found = shapley_rate(encode(frame))
    assert found[1:].tolist() == pytest.approx([found[1]] * (MAX_CHANNELS - 1))
    assert found[0] > found[1]
    assert found.sum() == pytest.approx(MAX_CHANNELS / (MAX_CHANNELS + 3 * (MAX_CHANNELS - 1)))
