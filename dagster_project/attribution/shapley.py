"""Shapley values of channels as players of a cooperative game: the mean of what each adds, over all orders of joining.

Source: Shapley (1953), A value for n-person games; Zhao, Mahboobi, Bagheri (2018), Shapley value methods for
attribution modeling in online advertising.
"""

from __future__ import annotations

import math

import numpy as np

from dagster_project.attribution.paths import AttributionError, Paths
from dagster_project.attribution.shares import equal_by_channel

# The rate game holds two numbers for each of 2^n sets: 16 MiB, and less than a second.
MAX_CHANNELS = 20


def shapley(paths: Paths) -> np.ndarray:
    """The Shapley value of each channel, in conversions; sums to all of them. The game: v(S) = conversions of the
    journeys whose channels all lie in S. It is a sum of unanimity games, one per journey, whose channels are worth the
    same to each other, so the value has a closed form: every conversion in equal parts to the journey's channels,
    however often each occurs. Journeys that do not convert play no part."""
    return paths.sum_by_channel(equal_by_channel(paths) * paths.conversions[paths.path_of])


def shapley_rate(paths: Paths) -> np.ndarray:
    """The Shapley value of each channel, in conversions per journey; sums to the conversion rate of all journeys. The
    game: v(S) = conversions / journeys, of those whose channels all lie in S (0 where there are none). Negative for a
    channel whose presence goes with fewer conversions. Raises AttributionError above MAX_CHANNELS."""
    players = len(paths.channels)
    if players > MAX_CHANNELS:
        raise AttributionError(
            f"shapley_rate looks at every set of channels, and takes {MAX_CHANNELS} channels at most; there are "
            f"{players}: group the rare ones, or leave this model out"
        )
    sets = np.bitwise_or.reduceat(np.left_shift(1, paths.steps), paths.starts[:-1]) if players else np.zeros(0, int)
    conversions = within(np.bincount(sets, paths.conversions, 1 << players))
    journeys = within(np.bincount(sets, paths.conversions + paths.nulls, 1 << players))
    return values(np.divide(conversions, journeys, out=np.zeros_like(conversions), where=journeys > 0))


def within(of_sets: np.ndarray) -> np.ndarray:
    """For each set the sum over its subsets. Sets are bit masks: 2^n numbers in, 2^n out."""
    sums = of_sets.astype(float)
    for player in range(_players(sums)):
        pairs = sums.reshape(-1, 2, 1 << player)
        pairs[:, 1] += pairs[:, 0]
    return sums


def values(game: np.ndarray) -> np.ndarray:
    """The Shapley values of a game, v(S) for each of 2^n bit masks S: over all S without the player i,
    phi_i = sum |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))."""
    players = _players(game)
    sizes = np.bitwise_count(np.arange(len(game) // 2))
    weights = np.array([1 / (players * math.comb(players - 1, size)) for size in range(players)])
    # Without player i, the bits above it move down by one: the order in which the differences below lie.
    return np.array(
        [weights[sizes] @ np.diff(game.reshape(-1, 2, 1 << player), axis=1).ravel() for player in range(players)]
    )


def _players(game: np.ndarray) -> int:
    return len(game).bit_length() - 1
