"""How a path's conversion is shared out among its steps: one function per rule, each giving a share per step, in
[0, 1], that sums to 1 per path.

Where a channel has several steps in a path, rules about channels give each of them an equal part of its share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dagster_project.attribution.paths import Paths
from dagster_project.settings import Attribution


def first_touch(paths: Paths, settings: Attribution) -> np.ndarray:
    """All to the first step."""
    return np.asarray((paths.positions == 0).astype(float))


def last_touch(paths: Paths, settings: Attribution) -> np.ndarray:
    """All to the last step."""
    return np.asarray((paths.positions == paths.lengths[paths.path_of] - 1).astype(float))


def last_non_direct(paths: Paths, settings: Attribution) -> np.ndarray:
    """All to the last step whose channel is not `direct_channel`; to the last where all are."""
    is_other = paths.channels[paths.steps] != settings.direct_channel
    last = np.maximum.reduceat(np.where(is_other, paths.positions, -1), paths.starts[:-1])
    last = np.where(last < 0, paths.lengths - 1, last)
    return np.asarray((paths.positions == last[paths.path_of]).astype(float))


def linear(paths: Paths, settings: Attribution) -> np.ndarray:
    """The same to every step."""
    return np.asarray(1 / paths.lengths[paths.path_of])


def position_based(paths: Paths, settings: Attribution) -> np.ndarray:
    """`first_weight` to the first step, `last_weight` to the last, the rest in equal parts to those between. Of two
    steps each has its weight and half of the rest; one step has all."""
    length = paths.lengths[paths.path_of]
    rest = 1 - settings.first_weight - settings.last_weight
    is_first, is_last = paths.positions == 0, paths.positions == length - 1
    shares = settings.first_weight * is_first + settings.last_weight * is_last
    shares = shares + np.where(length > 2, ~(is_first | is_last) * rest / np.maximum(length - 2, 1), rest / length)
    return np.asarray(shares)


def time_decay(paths: Paths, settings: Attribution) -> np.ndarray:
    """Proportional to 2^(-days / half_life_days), `days` from the step to the order. Without times the last step is
    taken to be at the order, and each one before it `step_days` earlier."""
    days = paths.days_before
    if days is None:
        days = (paths.lengths[paths.path_of] - 1 - paths.positions) * settings.step_days
    # Only differences within a path matter; without the nearest step's days very old paths would be all zeros.
    nearest = np.minimum.reduceat(days, paths.starts[:-1])
    return _normalised(paths, 2.0 ** -((days - nearest[paths.path_of]) / settings.half_life_days))


def by_channel(paths: Paths, weights: np.ndarray) -> np.ndarray:
    """In proportion to the channels' `weights` (non-negative); equal among the path's channels where all are 0."""
    of_steps = weights[paths.steps]
    all_zero = np.maximum.reduceat(of_steps, paths.starts[:-1]) == 0 if len(of_steps) else of_steps
    return _normalised(paths, np.where(all_zero[paths.path_of], 1.0, of_steps) / paths.channel_times)


def equal_by_channel(paths: Paths) -> np.ndarray:
    """The same to every channel of the path."""
    return by_channel(paths, np.zeros(len(paths.channels)))


def _normalised(paths: Paths, of_steps: np.ndarray) -> np.ndarray:
    return np.asarray(of_steps / paths.sum_by_path(of_steps)[paths.path_of])


RULES: dict[str, Callable[[Paths, Attribution], np.ndarray]] = {
    rule.__name__: rule for rule in (first_touch, last_touch, last_non_direct, linear, position_based, time_decay)
}
