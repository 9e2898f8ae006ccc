"""Clusters from pairs: equal to plain union-find where nothing is cut, and cut where they must be."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.identity.bridges import cluster
from dagster_project.identity.match_model import Thresholds
from dagster_project.identity.matching import Pairs

FREE = Thresholds(strong=0.0, cluster_records=1000)


def clusters(size: int, links: list[tuple[int, int, float]], thresholds: Thresholds, **rules: object) -> list[int]:
    enemies = {frozenset(pair) for pair in rules.get("enemies", [])}  # type: ignore[attr-defined]
    once = rules.get("only_once", [-1] * size)
    left, right, probability = (
        (np.array(side) for side in zip(*links, strict=True)) if links else (np.zeros(0, int),) * 3
    )
    found = cluster(
        size,
        Pairs(left, right, probability.astype(float)),
        thresholds,
        lambda one, other: np.array(
            [frozenset(pair) in enemies for pair in zip(one.tolist(), other.tolist(), strict=True)], bool
        ),
        np.array(once),
    )
    return [int(record) for record in found]


@given(st.integers(1, 30), st.data())
def test_without_cuts_clusters_are_the_components_of_the_graph(size: int, data: st.DataObject) -> None:
    record = st.integers(0, size - 1)
    links = data.draw(
        st.lists(st.tuples(record, record).filter(lambda pair: pair[0] < pair[1]), unique=True, max_size=60)
    )
    graph = nx.Graph(links)
    graph.add_nodes_from(range(size))

    found = clusters(size, [(*link, 0.9) for link in links], FREE)

    assert found == [min(nx.node_connected_component(graph, record)) for record in range(size)]


# Two triangles 0-1-2 and 3-4-5 of strong links.
TRIANGLES = [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (3, 4, 1.0), (3, 5, 1.0), (4, 5, 1.0)]


def test_one_weak_link_between_two_strong_groups_is_cut() -> None:
    assert clusters(6, [*TRIANGLES, (2, 3, 0.6)], Thresholds()) == [0, 0, 0, 3, 3, 3]


@pytest.mark.parametrize(
    "links",
    [
        [(2, 3, 0.999)],  # strong
        [(2, 3, 0.6), (1, 4, 0.6)],  # not the only one
    ],
)
def test_other_links_between_groups_hold(links: list[tuple[int, int, float]]) -> None:
    assert set(clusters(6, [*TRIANGLES, *links], Thresholds())) == {0}


def test_one_record_may_hang_on_a_weak_link() -> None:
    assert clusters(4, [(0, 1, 1.0), (0, 2, 1.0), (2, 3, 0.6)], Thresholds()) == [0, 0, 0, 0]


def test_a_chain_between_two_people_breaks_at_its_weakest_link() -> None:
    links = [(0, 1, 0.95), (1, 2, 0.9)]

    assert clusters(3, links, FREE) == [0, 0, 0]
    assert clusters(3, links, FREE, enemies=[(0, 2)]) == [0, 0, 2]


def test_a_source_that_holds_everybody_once_never_joins_two_of_its_records() -> None:
    assert clusters(3, [(0, 1, 0.95), (1, 2, 0.9)], FREE, only_once=[0, -1, 0]) == [0, 0, 2]
    assert clusters(3, [(0, 1, 0.95), (1, 2, 0.9)], FREE, only_once=[0, 1, 2]) == [0, 0, 0]


def test_a_cluster_grows_no_further_than_its_gate() -> None:
    # A chain of five: the strongest links are taken first, and the third would make four.
    links = [(0, 1, 0.99), (1, 2, 0.98), (2, 3, 0.97), (3, 4, 0.96)]
    assert clusters(5, links, Thresholds(strong=0.0, cluster_records=3)) == [0, 0, 0, 3, 3]


def test_the_order_of_pairs_changes_nothing() -> None:
    links = [*TRIANGLES, (2, 3, 0.6), (0, 5, 0.6)]
    assert clusters(6, links[::-1], FREE, enemies=[(0, 4)]) == clusters(6, links, FREE, enemies=[(0, 4)])
