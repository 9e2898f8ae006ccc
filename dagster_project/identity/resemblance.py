"""What keys leave apart, names, birth dates and places put together: the match model's links between clusters.

Keys come first: no cluster they built is taken apart here. Two clusters become one when records of theirs resemble one
another enough, nothing says that they are two people, and what comes of it is not too large.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity.clusters import Clusters, Limits, People, Rulings
from dagster_project.identity.keys import KeyTable, KeyType
from dagster_project.identity.matching import Pairs
from dagster_project.identity.people import Profile, clearly_different

PLACE_COLUMNS = ("street", "postal_code", "city")


def join_resembling(
    clusters: Clusters, pairs: Pairs, people: People, rulings: Rulings, limits: Limits, threshold: float
) -> Clusters:
    """The clusters with those put together that a pair of `pairs` takes for one person's, with a probability of
    `threshold` or more, the likeliest first. A join that would hold two people or too many records is refused and
    counted."""
    groups = _Groups(clusters.cluster, people, rulings, limits)
    accepted = [
        (left, right, probability)
        for one, other, left, right, probability in _pairs_between(clusters.cluster, pairs, threshold).itertuples(
            index=False
        )
        if groups.join(one, other)
    ]
    counts = Counter(clusters.counts) + groups.counts + Counter(joined_by_resemblance=len(accepted))
    if not accepted:
        return replace(clusters, counts=dict(counts))
    left, right, probability = (np.array(column) for column in zip(*accepted, strict=True))
    key = int(clusters.key.max(initial=-1)) + 1 + np.arange(len(accepted))
    certainty = np.zeros(len(clusters.cluster))
    for side in (left, right):
        np.maximum.at(certainty, side, probability)
    return replace(
        clusters,
        cluster=groups.relabelled(clusters.cluster),
        record=np.concatenate([clusters.record, left, right]),
        key=np.concatenate([clusters.key, key, key]),
        kind=np.concatenate([clusters.kind, np.full(2 * len(key), KeyType.PROBABILISTIC, dtype=np.int64)]),
        source=np.concatenate([clusters.source, np.full(2 * len(key), -1, dtype=np.int64)]),
        resemblance=certainty,
        counts=dict(counts),
    )


def named_people(born: pa.Table, clusters: Clusters, keys: KeyTable) -> pd.DataFrame:
    """The records that bear a name and belong to somebody, as `resolve` and `train` take them, without shared keys;
    record_id is the number, with leading zeros so that its text sorts alike."""
    named = pc.or_(pc.is_valid(born["first_name"]), pc.is_valid(born["last_name"]))
    rows = np.flatnonzero(named.to_numpy() & (clusters.cluster >= 0))
    said = born.take(rows)
    width = len(str(born.num_rows))
    return pd.DataFrame(
        {
            "record_id": [f"{row:0{width}d}" for row in rows],
            "source_system": said["source_system"].to_pylist(),
            "given_name": said["first_name"].to_pylist(),
            "surname": said["last_name"].to_pylist(),
            "birth_date": pc.cast(said["birth_date"].cast(pa.date32()), pa.string()).to_pylist(),
            "email": _own(keys, clusters, KeyType.EMAIL, born.num_rows)[rows],
            "phone": _own(keys, clusters, KeyType.PHONE, born.num_rows)[rows],
            "address": said["street"].to_pylist(),
            "postcode": said["postal_code"].to_pylist(),
            "city": said["city"].to_pylist(),
        },
        dtype=object,
    )


def _own(keys: KeyTable, clusters: Clusters, kind: KeyType, records: int) -> np.ndarray:
    """Per record its keys of a kind that are not shared, separated by `;`; None without one."""
    own = (keys.kind[keys.key] == kind) & ~clusters.is_shared[keys.key]
    values = np.full(records, None, dtype=object)
    for record, key in zip(keys.record[own].tolist(), keys.key[own].tolist(), strict=True):
        values[record] = keys.value[key] if values[record] is None else f"{values[record]};{keys.value[key]}"
    return values


def _pairs_between(cluster: np.ndarray, pairs: Pairs, threshold: float) -> pd.DataFrame:
    """The likeliest pair of records of each two clusters (one, other, left, right, probability), likeliest first."""
    likely = pairs.probability >= threshold
    left, right = pairs.left[likely], pairs.right[likely]
    found = pd.DataFrame(
        {
            "one": np.minimum(cluster[left], cluster[right]),
            "other": np.maximum(cluster[left], cluster[right]),
            "left": left,
            "right": right,
            "probability": pairs.probability[likely],
        }
    )
    between = found[found["one"] != found["other"]]
    ordered = between.sort_values(
        ["probability", "one", "other", "left", "right"], ascending=[False, True, True, True, True]
    )
    return ordered.drop_duplicates(["one", "other"])


class _Groups:
    """Clusters being put together. A group bears the number of its eldest cluster."""

    def __init__(self, cluster: np.ndarray, people: People, rulings: Rulings, limits: Limits) -> None:
        self.counts: Counter[str] = Counter()
        self._group: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._people = people
        self._limits = limits
        self._size = np.bincount(cluster[cluster >= 0], minlength=len(cluster))
        speaking = np.flatnonzero((people.profile >= 0) & (cluster >= 0))
        speaking = speaking[np.argsort(cluster[speaking], kind="stable")]
        self._profile = people.profile[speaking]
        self._start = np.searchsorted(cluster[speaking], np.arange(len(cluster) + 1))
        self._apart = {frozenset((int(cluster[one]), int(cluster[other]))) for one, other in rulings.unlink}

    def join(self, left: int, right: int) -> bool:
        """Put the groups of two clusters together, unless they are one already or must stay apart."""
        keep, gone = sorted((self._group.get(left, left), self._group.get(right, right)))
        if keep == gone:
            return False
        ours, theirs = self._members.get(keep, [keep]), self._members.get(gone, [gone])
        if sum(int(self._size[cluster]) for cluster in ours + theirs) > self._limits.cluster_records:
            self.counts["clusters_oversized"] += 1
            return False
        ruled = self._apart and any(frozenset((one, other)) in self._apart for one in ours for other in theirs)
        if ruled or self._contradict(ours, theirs):
            self.counts["resembling_refused"] += 1
            return False
        self._members[keep] = ours + theirs
        for cluster in self._members.pop(gone, [gone]):
            self._group[cluster] = keep
        return True

    def relabelled(self, cluster: np.ndarray) -> np.ndarray:
        """`cluster` with the number of its group in place of each cluster's."""
        group = np.arange(len(cluster))
        for member, eldest in self._group.items():
            group[member] = eldest
        relabelled: np.ndarray = np.where(cluster >= 0, group[np.maximum(cluster, 0)], cluster)
        return relabelled

    def _contradict(self, ours: list[int], theirs: list[int]) -> bool:
        """Whether any record of the one is clearly another person than any of the other: without a key, one
        contradiction outweighs a likeness."""
        profiles = self._profiles(theirs)
        return any(clearly_different(one, other) for one in self._profiles(ours) for other in profiles)

    def _profiles(self, clusters: list[int]) -> list[Profile]:
        numbers = {int(number) for one in clusters for number in self._profile[self._start[one] : self._start[one + 1]]}
        return [self._people.profiles[number] for number in sorted(numbers)]
