"""Removal effects: worked by hand, and equal to what fundamental matrices of the chain without the channel say."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dagster_project.attribution import Paths, attribute, channel_weights, encode, markov, removal_effects

Journeys = Callable[..., pd.DataFrame]

# Anderl et al. (2016): C1 > C2 > C3 converts, C1 does not, C2 > C3 does not.
BY_HAND = pd.DataFrame(
    {"path": ["C1 > C2 > C3", "C1", "C2 > C3"], "conversions": [1, 0, 0], "value": [60.0, 0, 0], "nulls": [0, 1, 1]}
)


def by_fundamental_matrix(frame: pd.DataFrame, order: int) -> dict[str, float]:
    """The oracle: states are tuples, moves are dictionaries, and each removal is a dense matrix to be inverted."""
    moves: dict[tuple[str, ...], dict[object, float]] = {}
    for row in frame.itertuples():
        steps = [step.strip() for step in row.path.split(">")]
        states: list[tuple[str, ...]] = [tuple(steps[max(0, end - order) : end]) for end in range(len(steps) + 1)]
        # A history at the beginning of a journey is another state than the same one later on.
        states = [("^",) * (order - len(state)) + state for state in states]
        for count, end in ((row.conversions, "conversion"), (row.nulls, "null")):
            for source, target in itertools.pairwise([*states, end]):
                if count:
                    of_source = moves.setdefault(source, {})
                    of_source[target] = of_source.get(target, 0.0) + count

    def converts(without: str | None) -> float:
        kept = [state for state in moves if without not in state]
        place = {state: at for at, state in enumerate(kept)}
        inner, ends = np.zeros((len(kept), len(kept))), np.zeros(len(kept))
        for state in kept:
            total = sum(moves[state].values())
            for target, count in moves[state].items():
                if target == "conversion":
                    ends[place[state]] += count / total
                elif target in place:
                    inner[place[state], place[target]] += count / total
        fundamental = np.linalg.inv(np.eye(len(kept)) - inner)
        return float((fundamental @ ends)[place[("^",) * order]])

    channels = sorted({step.strip() for path in frame["path"] for step in path.split(">")})
    return {channel: 1 - converts(channel) / converts(None) for channel in channels}


def test_removal_effects_by_hand() -> None:
    """C2 is reached by 2/3 x 1/2 through C1 and by 1/3 from the start, C3 by the same, and half of that converts: 1/3.
    Without C1 it is 1/6, half; without C2 or C3 nothing. Effects .5, 1, 1 of 2.5 in all: credit .2, .4, .4."""
    found = channel_weights(BY_HAND, ["markov"])
    assert found["effect"].tolist() == pytest.approx([0.5, 1.0, 1.0], rel=1e-15)
    credited = attribute(BY_HAND, ["markov"])
    assert credited["channel"].tolist() == ["C1", "C2", "C3"]
    assert credited["conversions"].tolist() == pytest.approx([0.2, 0.4, 0.4], rel=1e-15)
    assert credited["value"].tolist() == pytest.approx([12.0, 24.0, 24.0], rel=1e-15)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("states", [0, markov.FACTORISED_STATES])
def test_removal_effects_are_those_of_a_dense_solve(
    journeys: Journeys, monkeypatch: pytest.MonkeyPatch, order: int, states: int
) -> None:
    """With 0 states to factorise every system is solved as a large one is."""
    monkeypatch.setattr(markov, "FACTORISED_STATES", states)
    for seed in range(8):
        frame = journeys(seed, channels=3 + seed % 4)
        expected = by_fundamental_matrix(frame, order)
        found = removal_effects(encode(frame), order)
        assert found.tolist() == pytest.approx(list(expected.values()), rel=1e-11)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_chains_that_hardly_end_are_solved(journeys: Journeys, monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    """Hundreds of steps per journey, back and forth."""
    frame = journeys(1)
    frame.loc[len(frame)] = ["c0 > c1 > c2 > c1 > " * 500 + "c0", 2, 10.0, 90]
    expected = list(by_fundamental_matrix(frame, order).values())
    assert removal_effects(encode(frame), order).tolist() == pytest.approx(expected, rel=1e-9)
    monkeypatch.setattr(markov, "FACTORISED_STATES", 0)
    assert removal_effects(encode(frame), order).tolist() == pytest.approx(expected, rel=1e-9)


def test_immediate_repeats_change_nothing_at_order_one(journeys: Journeys) -> None:
    for seed in range(5):
        frame = journeys(seed)
        collapsed = frame.assign(
            path=[" > ".join(step for step, _ in itertools.groupby(path.split(" > "))) for path in frame["path"]]
        )
        assert (frame["path"] != collapsed["path"]).any()
        one, other = (removal_effects(encode(paths)) for paths in (frame, collapsed))
        assert one.tolist() == pytest.approx(other.tolist(), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_higher_orders_find_the_same_where_history_plays_no_part(seed: int) -> None:
    """All paths of an acyclic chain of order one (channels lead to later ones only), with their exact probabilities."""
    rng = np.random.default_rng(seed)
    channels, rows = 5, []
    leave = [rng.dirichlet(np.ones(channels - at + 2)) for at in range(channels + 1)]  # row 0 is the start

    def walk(at: int, path: list[int], probability: float) -> None:
        following, ends = leave[at][: channels - at], leave[at][channels - at :]
        if path:
            name = " > ".join(f"c{channel}" for channel in path)
            rows.append((name, probability * ends[0], 0.0, probability * ends[1]))
        for ahead, chance in enumerate(following):
            walk(at + 1 + ahead, [*path, at + 1 + ahead], probability * chance)

    walk(0, [], 1.0)
    paths = encode(pd.DataFrame(rows, columns=["path", "conversions", "value", "nulls"]))
    first = removal_effects(paths, 1)
    assert len(set(first.round(6))) == channels
    for order in (2, 3):
        assert removal_effects(paths, order).tolist() == pytest.approx(first.tolist(), abs=1e-9)


def test_history_counts_at_order_two() -> None:
    """After a, b converts; after c it does not. Order 1 takes c for a channel that leads to conversions."""
    frame = pd.DataFrame({"path": ["a > b", "c > b"], "conversions": [1, 0], "value": [1.0, 0.0], "nulls": [0, 1]})
    assert removal_effects(encode(frame), 1).tolist() == pytest.approx([0.5, 1.0, 0.5])
    assert removal_effects(encode(frame), 2).tolist() == pytest.approx([1.0, 1.0, 0.0])


def test_a_rare_channel_keeps_its_digits() -> None:
    """One conversion in 10^15 passes through b: 1 - p'/p would have one digit left."""
    many = 10.0**15 - 1
    frame = pd.DataFrame({"path": ["a", "b"], "conversions": [many, 1.0], "value": 0.0, "nulls": [0.0, 0.0]})
    assert removal_effects(encode(frame)).tolist() == pytest.approx([1 - 1e-15, 1e-15], rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(
    ("paths", "conversions", "nulls", "effects"),
    [
        (["a"], [5], [5], [1.0]),
        (["a > a > a"], [1], [0], [1.0]),
        (["a", "b > c"], [0, 0], [1, 1], [0.0, 0.0, 0.0]),
        (["a", "b"], [1, 0], [0, 4], [1.0, 0.0]),
        (["a", "b"], [1, 0], [0, 0], [1.0, 0.0]),  # nobody walked by b
    ],
)
def test_odd_graphs(
    order: int, paths: list[str], conversions: list[int], nulls: list[int], effects: list[float]
) -> None:
    frame = pd.DataFrame({"path": paths, "conversions": conversions, "value": 0.0, "nulls": nulls})
    assert removal_effects(encode(frame), order).tolist() == pytest.approx(effects)


def test_loops_by_hand() -> None:
    """Half begin with a; of four departures from a one is the end. Without b 1/2 x 1/4 converts: effect 7/8, as a's."""
    paths = ["a > b > a > b", "b > a > b > a"]
    frame = pd.DataFrame({"path": paths, "conversions": 1, "value": 0.0, "nulls": 0})
    assert removal_effects(encode(frame)).tolist() == pytest.approx([0.875, 0.875])


def test_paths_may_be_given_as_arrays() -> None:
    """C1 > C2 > C3, C1, C2 > C3 as steps with their bounds."""
    steps, starts = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 3, 4, 6])
    counts = np.array([1.0, 0, 0]), np.array([60.0, 0, 0]), np.array([0.0, 1, 1])
    paths = Paths(np.array(["C1", "C2", "C3"]), steps, starts, *counts)
    assert channel_weights(paths, ["markov"])["weight"].tolist() == pytest.approx([0.2, 0.4, 0.4])
