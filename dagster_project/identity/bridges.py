"""From linked pairs to clusters: whose records are one person, and where a chain of likenesses is cut.

Two records that resemble a third are not therefore one person. A cluster is cut where one weak link alone holds two
strong groups together, and put together again, the strongest links first, where it grew too large, or holds records
that are clearly two people or that one source keeps apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dagster_project.identity.clusters import eldest
from dagster_project.identity.match_model import Thresholds
from dagster_project.identity.matching import Pairs

Conflicts = Callable[[np.ndarray, np.ndarray], np.ndarray]


def components(size: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Per record 0 .. size - 1, the smallest record it is connected with."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return eldest(connected_components(graph, directed=False)[1])


def cluster(size: int, pairs: Pairs, thresholds: Thresholds, conflicts: Conflicts, only_once: np.ndarray) -> np.ndarray:
    """Per record 0 .. size - 1, the smallest record of its cluster.

    `conflicts(left, right)`: which pairs of records are clearly two people. `only_once[record]`: a number of the source
    that holds each person once, -1 for a source that may repeat them; two records of one such source never join. The
    outcome does not depend on the order of the pairs.
    """
    order = np.lexsort((pairs.right, pairs.left, -pairs.probability))
    left, right, probability = pairs.left[order], pairs.right[order], pairs.probability[order]
    kept = ~weak_bridges(size, left, right, probability, thresholds.strong)
    left, right = left[kept], right[kept]
    named = components(size, left, right)
    crowded = np.flatnonzero(np.bincount(named, minlength=size) > thresholds.cluster_records)
    named = _again(named, crowded, left, right, thresholds.cluster_records, {}, only_once)
    apart = _apart(named, conflicts, only_once)
    torn = np.unique(named[np.array(sorted(apart), dtype=np.int64)])
    return _again(named, torn, left, right, thresholds.cluster_records, apart, only_once)


def weak_bridges(size: int, left: np.ndarray, right: np.ndarray, probability: np.ndarray, strong: float) -> np.ndarray:
    """Which links are the only one, and a weak one, between two groups of several records that strong links hold."""
    is_strong = probability >= strong
    group = components(size, left[is_strong], right[is_strong])
    several = np.bincount(group, minlength=size) > 1
    one, other = np.minimum(group[left], group[right]), np.maximum(group[left], group[right])
    between = (one != other) & several[one] & several[other]
    _, inverse, count = np.unique(one * np.int64(size) + other, return_inverse=True, return_counts=True)
    bridges: np.ndarray = between & (count[inverse] == 1)
    return bridges


def _apart(named: np.ndarray, conflicts: Conflicts, only_once: np.ndarray) -> dict[int, set[int]]:
    """Within the clusters, each record's clearly different ones."""
    members = np.argsort(named, kind="stable")
    sizes = np.bincount(named, minlength=len(named))
    sizes = sizes[sizes > 0]
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    lefts, rights = [], []
    for count in np.unique(sizes[sizes > 1]):
        block = members[start[sizes == count][:, None] + np.arange(count)]
        one, other = np.triu_indices(count, 1)
        lefts.append(block[:, one].ravel())
        rights.append(block[:, other].ravel())
    if not lefts:
        return {}
    left, right = np.concatenate(lefts), np.concatenate(rights)
    clear = (only_once[left] >= 0) & (only_once[left] == only_once[right])
    clear |= conflicts(left, right)
    apart: dict[int, set[int]] = {}
    for one, other in zip(left[clear].tolist(), right[clear].tolist(), strict=True):
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)
    return apart


def _again(
    named: np.ndarray,
    troubled: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    most: int,
    apart: dict[int, set[int]],
    only_once: np.ndarray,
) -> np.ndarray:
    """The clusters with the troubled ones put together again, link by link in the given order, refusing a link that
    would join records kept apart or too many."""
    if not len(troubled):
        return named
    is_troubled = np.zeros(len(named), dtype=bool)
    is_troubled[troubled] = True
    inside = is_troubled[named]
    again = np.where(inside, np.arange(len(named)), named)
    members = {record: [record] for record in np.flatnonzero(inside).tolist()}
    links = inside[left] & (named[left] == named[right])
    for one, other in zip(left[links].tolist(), right[links].tolist(), strict=True):
        keep, give = sorted((int(again[one]), int(again[other])))
        if keep == give or len(members[keep]) + len(members[give]) > most:
            continue
        if any(not apart.get(record, set()).isdisjoint(members[keep]) for record in members[give] if record in apart):
            continue
        members[keep] += members.pop(give)
        again[members[keep]] = keep
    return again
