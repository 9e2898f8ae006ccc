"""Markov chains of journeys: how many conversions would be lost without a channel. Linear systems, no simulation.

A journey walks from the start through its channels to `conversion` or `null`. Of order k, the state is its last k
channels (fewer at the beginning); transition probabilities are the shares in which journeys left a state. The removal
effect of a channel is 1 - p' / p, p the probability of a conversion, p' the same when every state with that channel
leads to `null` instead. Source: Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey.

What is lost is what visits the channel and converts, so it is computed as such, without a difference:
p - p' = sum over the channel's states s of f(s) h(s), where f(s) is the probability that s is the first of them to be
visited, and h(s) that a journey in s converts. A rare channel keeps all its digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg

from dagster_project.attribution.paths import Paths

# With more states a factorisation fills up: of 8,420 (order 3, 20 channels) it took 59 s and 25 million numbers.
FACTORISED_STATES = 300
_PRECISION = 1e-15
_ROUNDS = 4


@dataclass(frozen=True)
class _Chain:
    """`moves[s, t]`: probability to go from state s to t; `converts[s]`, `begins[s]`: to convert next, to begin there.
    `holds[s, c]`: whether channel c is among the state's."""

    moves: sparse.csr_array
    converts: np.ndarray
    begins: np.ndarray
    holds: np.ndarray


def removal_effects(paths: Paths, order: int = 1) -> np.ndarray:
    """The removal effect of each channel, in [0, 1]; all 0 where nothing converts. Only counts matter, not value."""
    effects = np.zeros(len(paths.channels))
    if not paths.conversions.any():
        return effects
    chain = _chain(paths, order)
    if order == 1:
        # The expected number of visits is that of a first one times that of returns, which is the matrix's diagonal.
        visits = linalg.splu(_system(chain.moves)).solve(np.eye(len(chain.begins)))
        first, converts = chain.begins @ visits / np.diag(visits), visits @ chain.converts
        effects[np.argmax(chain.holds, axis=1)] = first * converts
    else:
        converts, backwards = _absorbed(chain.moves, chain.converts), chain.moves.T.tocsr()
        for channel in np.flatnonzero(chain.holds.any(axis=0)):
            # Expected visits to the other states, by journeys that have not met the channel yet.
            others = (~chain.holds[:, channel]).astype(float)
            among_others = sparse.diags_array(others) @ backwards @ sparse.diags_array(others)
            before = _absorbed(among_others, chain.begins * others)
            first = (chain.begins + backwards @ before) * (1 - others)
            effects[channel] = first @ converts
    return np.asarray(np.clip(effects / (chain.begins @ converts), 0.0, 1.0))


def _chain(paths: Paths, order: int) -> _Chain:
    journeys = paths.conversions + paths.nulls
    walked = journeys[paths.path_of]
    # A history is a number whose digits are its channels, the last one first; 0 stands for none.
    base = len(paths.channels) + 1
    digits = base ** np.arange(order, dtype=np.int64)
    histories = np.zeros(len(paths.steps), dtype=np.int64)
    for back, digit in enumerate(digits):
        known = np.flatnonzero(paths.positions >= back)
        histories[known] += (paths.steps[known - back] + 1) * digit
    used = walked > 0
    state = np.full(len(histories), -1)
    state[used], states = pd.factorize(histories[used], sort=True)
    size = len(states)
    total = np.bincount(state[used], walked[used], size)
    inner = np.flatnonzero((paths.positions > 0) & used)
    moves = sparse.coo_array(
        (walked[inner] / total[state[inner - 1]], (state[inner - 1], state[inner])), shape=(size, size)
    )
    walks = journeys > 0
    first, last = state[paths.starts[:-1][walks]], state[paths.starts[1:][walks] - 1]
    channels = np.arange(1, base)
    return _Chain(
        moves.tocsr(),
        np.bincount(last, paths.conversions[walks], size) / total,
        np.bincount(first, journeys[walks], size) / journeys.sum(),
        (states[:, None, None] // digits[:, None] % base == channels).any(axis=1),
    )


def _system(moves: sparse.csr_array) -> sparse.csc_array:
    return (sparse.eye_array(moves.shape[0]) - moves).tocsc()


def _absorbed(moves: sparse.csr_array, ends: np.ndarray) -> np.ndarray:
    """x = moves x + ends."""
    system = _system(moves)
    if len(ends) <= FACTORISED_STATES:
        return np.asarray(linalg.splu(system).solve(ends))
    found = np.zeros(len(ends))
    for _ in range(_ROUNDS):
        lacking = ends - system @ found
        if np.abs(lacking).max() <= _PRECISION * np.abs(ends).max():
            return found
        step, _ = linalg.bicgstab(system, lacking, rtol=1e-10, atol=0.0)
        found = found + step
    if np.abs(ends - system @ found).max() <= 1e-12 * np.abs(ends).max():
        return found
    return np.asarray(linalg.splu(system).solve(ends))
