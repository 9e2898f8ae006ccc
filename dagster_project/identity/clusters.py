"""From keys to clusters: which records are one person, and by which keys.

Records are numbered by birth, eldest first, so that a cluster's smallest number is the record it is named after,
and no outcome depends on the order in which records were processed. The steps:

1. cards and accounts join the records that bear them: one system issues them to one person;
2. an e-mail or phone borne by more clearly different people than the settings allow is shared and joins nobody;
   borne by two that are allowed, it joins the records of each of them apart and never the two; a mailbox that is
   nobody's own (an office's, a household's, one of two web accounts) joins only records of one name;
3. what is left joins; a cluster that then holds clearly different people, or too many records, is put together
   again key by key, the strongest first, refusing what would join two people or make it too large;
4. a record named by an address that names nobody belongs to the one person its other keys name, else to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dagster_project.identity.keys import KeyTable, KeyType, collective_mailboxes
from dagster_project.identity.people import Profile, disagreeing, groups_differ

CRM = "crm"
# The system whose word counts when CRM contacts of clearly different people bear one card or account.
ISSUERS = {KeyType.LOYALTY_CARD: "loyalty", KeyType.WEB_ACCOUNT: "shop"}
OWN_SYSTEM, NO_ADDRESS = -1, -2
_NOBODY = -1


@dataclass(frozen=True)
class People:
    """What records say of their persons. `profile[record]` is a number into `profiles`, -1 when a record says
    nothing. `likeness[profile]` numbers its first name and its birth date, -1 for none; profiles that agree in both, or
    do not say, never differ clearly."""

    profile: np.ndarray
    profiles: Sequence[Profile]
    likeness: np.ndarray

    def of(self, records: np.ndarray) -> list[Profile]:
        """The profiles of those records that say something."""
        return [self.profiles[number] for number in self.profile[records] if number >= 0]


@dataclass(frozen=True)
class Rulings:
    """A steward's decisions in force, as pairs of record numbers."""

    link: Sequence[tuple[int, int]] = ()
    unlink: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Limits:
    """How many clearly different people an e-mail or phone may name before it joins nobody, and how many records a
    cluster may hold."""

    people: dict[KeyType, int]
    cluster_records: int


@dataclass(frozen=True)
class Clusters:
    """`cluster[record]` is the number of the eldest record of its cluster, -1 when the record belongs to nobody.

    `record`, `key`, `kind`, `source` are the joins in force, parallel: records with an equal `key` are joined by it;
    `source` is the key in the KeyTable, -1 where it is none of a record's.
    `is_shared[key of the KeyTable]` tells that the key names no single person. `resemblance[record]` is the probability
    of its best join by the match model, 0 without one. `counts` says what was refused.
    """

    cluster: np.ndarray
    record: np.ndarray
    key: np.ndarray
    kind: np.ndarray
    source: np.ndarray
    is_shared: np.ndarray
    resemblance: np.ndarray
    counts: dict[str, int]


def build_clusters(systems: np.ndarray, keys: KeyTable, people: People, rulings: Rulings, limits: Limits) -> Clusters:
    """The clusters of records 0 .. len(systems) - 1, numbered by birth; `systems` holds their source systems."""
    joins = _Joins(keys, rulings)
    counts: Counter[str] = Counter()
    named_by_address = keys.own_address != OWN_SYSTEM

    collective = _collective_by_looks(keys)
    refused = _crm_conflicts(joins, systems, people)
    refused |= _borrowed_cards(joins, systems, people, _lookup(collective, keys.own_address))
    refused |= _crowded_addresses(joins, refused, named_by_address)
    joins.refuse(refused)
    groups = _Groups(_strong_groups(joins, rulings, counts), people, rulings)

    collective |= _mailboxes_of_two_accounts(joins, groups, len(collective))
    shared = _shared_keys(joins, groups, limits, collective)
    nameless = keys.own_address == NO_ADDRESS
    ambiguous = nameless | (named_by_address & _lookup(shared.several, keys.own_address))
    if ambiguous.any():
        # A mailbox of several people says no name: its record may not make another key look shared.
        fixed = np.unique(keys.own_address[ambiguous & ~nameless])
        shared = _shared_keys(joins, groups, limits, collective, without=ambiguous, fixed=fixed, before=shared)
    waiting = joins.refuse(~joins.is_strong & ambiguous[joins.record])
    joins.apply(shared)

    aside = ambiguous & ~np.isin(np.arange(len(systems)), joins.record[joins.alive & joins.is_strong])
    _put_together_again(joins, groups, limits, counts)
    cluster = joins.components(joins.alive)
    cluster[aside] = _NOBODY
    _place(joins, cluster, aside, waiting)

    named_by_nobody = nameless | (named_by_address & _lookup(joins.shared, keys.own_address))
    cluster = _without_nameless_clusters(joins, cluster, named_by_nobody)
    for kind in (KeyType.EMAIL, KeyType.PHONE):
        counts[f"shared_{kind.label}s"] = int(joins.shared[joins.kind_of_key == kind].sum())
    counts["refused_strong_joins"] += int(refused.sum())
    alive = joins.alive & (cluster[joins.record] != _NOBODY)
    return Clusters(
        cluster=eldest(cluster),
        record=joins.record[alive],
        key=joins.key[alive],
        kind=joins.kind[alive],
        source=joins.source[alive],
        is_shared=joins.shared,
        resemblance=np.zeros(len(systems)),
        counts=dict(counts),
    )


class _Joins:
    """The edges record - key. `source` is the key in the KeyTable (-1 for a steward's link); `key` is the join it
    stands for: one key that names two people becomes two joins."""

    def __init__(self, keys: KeyTable, rulings: Rulings) -> None:
        linked = np.array(rulings.link, dtype=np.int64).reshape(-1, 2)
        known = len(keys.value)
        self.size = len(keys.own_address)
        self.record = np.concatenate([keys.record, linked.ravel()])
        self.source = np.concatenate([keys.key, np.full(linked.size, -1, dtype=np.int64)])
        self.key = np.concatenate([keys.key, np.repeat(np.arange(known, known + len(linked)), 2)])
        self.kind = np.concatenate([keys.kind[keys.key], np.full(linked.size, KeyType.STEWARD, dtype=np.int64)])
        self.is_strong = self.kind < KeyType.EMAIL
        self.kind_of_key = keys.kind
        self.shared = np.zeros(known, dtype=bool)
        self.alive = np.ones(len(self.record), dtype=bool)
        self._next_key = known + len(linked)

    def refuse(self, edges: np.ndarray) -> np.ndarray:
        """Take the masked edges away; returns those that were in force."""
        taken: np.ndarray = self.alive & edges
        self.alive &= ~edges
        return taken

    def split(self, edges: Sequence[int]) -> None:
        """Give these edges of one key a join of their own."""
        self.key[np.array(edges, dtype=np.int64)] = self._next_key
        self._next_key += 1

    def components(self, edges: np.ndarray) -> np.ndarray:
        """Per record, the eldest record it is connected with over the masked edges."""
        nodes = self.size + self._next_key
        ends = (self.record[edges], self.key[edges] + self.size)
        graph = coo_matrix((np.ones(int(edges.sum()), dtype=np.int8), ends), shape=(nodes, nodes))
        labels = connected_components(graph, directed=False)[1][: self.size]
        return eldest(labels)

    def bearers(self, edges: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """(key, its masked edges' positions, records ascending), by key."""
        positions = np.flatnonzero(edges)
        positions = positions[np.lexsort((self.record[positions], self.key[positions]))]
        for chunk in np.split(positions, np.flatnonzero(np.diff(self.key[positions])) + 1):
            if len(chunk):
                yield int(self.key[chunk[0]]), chunk

    def apply(self, shared: _Shared) -> None:
        """Take shared keys out of force; a key of few people becomes one join per person."""
        self.shared |= shared.several
        weak = ~self.is_strong
        in_force = self.alive & weak & _lookup(shared.several, self.source)
        self.refuse(in_force)
        for edges in shared.per_person:
            kept = [edge for edge in edges if in_force[edge]]
            self.alive[np.array(kept, dtype=np.int64)] = True
            self.split(kept)


@dataclass(frozen=True)
class _Shared:
    """`several[key]`: the key names several people. `per_person`: edges of one key that are one person's."""

    several: np.ndarray
    per_person: list[list[int]]


class _Groups:
    """The records joined by cards, accounts and stewards, each group one person, and which groups are clearly
    two."""

    def __init__(self, group: np.ndarray, people: People, rulings: Rulings) -> None:
        self.group = group
        self.people = people
        self.size = np.bincount(group, minlength=len(group))
        self.apart = {
            (int(min(group[one], group[other])), int(max(group[one], group[other])))
            for one, other in rulings.unlink
            if group[one] != group[other]
        }
        self._ruled = {group for pair in self.apart for group in pair}
        # The range of first names and of birth dates in a group: where one value of each spans all bearers of a key,
        # nobody needs asking.
        self.lowest = np.full((len(group), 2), np.iinfo(np.int64).max)
        self.highest = np.full((len(group), 2), -1, dtype=np.int64)
        for column in range(2):
            said = np.where(people.profile >= 0, _lookup(people.likeness[:, column], people.profile), -1)
            speaking = said >= 0
            np.minimum.at(self.lowest[:, column], group[speaking], said[speaking])
            np.maximum.at(self.highest[:, column], group[speaking], said[speaking])
        for ruled in self._ruled:
            self.lowest[ruled], self.highest[ruled] = -1, np.iinfo(np.int64).max
        order = np.lexsort((people.profile, group))
        order = order[people.profile[order] >= 0]
        self._members = people.profile[order]
        self._start = np.searchsorted(group[order], np.arange(len(group) + 1))
        self._cache: dict[tuple[frozenset[int], frozenset[int]], bool] = {}

    def speaks(self, group: int) -> bool:
        """Whether the group can be told from others."""
        return bool(self._start[group] < self._start[group + 1]) or group in self._ruled

    def differ(self, left: int, right: int) -> bool:
        """Whether two groups are clearly two people."""
        if (min(left, right), max(left, right)) in self.apart:
            return True
        ours, theirs = self._profiles(left), self._profiles(right)
        if ours == theirs:
            return False
        if (ours, theirs) not in self._cache:
            profiles = self.people.profiles
            result = groups_differ([profiles[one] for one in ours], [profiles[one] for one in theirs])
            self._cache[ours, theirs] = self._cache[theirs, ours] = result
        return self._cache[ours, theirs]

    def _profiles(self, group: int) -> frozenset[int]:
        return frozenset(self._members[self._start[group] : self._start[group + 1]].tolist())

    def may_disagree(self, label: np.ndarray, group: np.ndarray, size: int) -> np.ndarray:
        """Per label (0 .. size - 1), whether its groups could be several people; cheap, errs to yes."""
        several: np.ndarray = np.zeros(size, dtype=bool)
        for column in range(2):
            lowest = np.full(size, np.iinfo(np.int64).max)
            highest = np.full(size, -1, dtype=np.int64)
            np.minimum.at(lowest, label, self.lowest[group, column])
            np.maximum.at(highest, label, self.highest[group, column])
            several |= lowest < highest
        return several


def _persons(
    units: Sequence[int], most: int, speaks: Callable[[int], bool], differ: Callable[[int, int], bool]
) -> list[list[int]] | None:
    """The units that bear a key, by person: all of them in one list when no two are clearly different; a list per
    person, without the units that fit none or several of them, when there are at most `most`; else None."""
    speaking = [unit for unit in units if speaks(unit)]
    if disagreeing(speaking, 2, differ) is None:
        return [list(units)]
    if disagreeing(speaking, most + 1, differ) is not None:
        return None
    known: list[int] = []
    for size in range(most, 1, -1):
        known = disagreeing(speaking, size, differ) or []
        if known:
            break
    persons: dict[int, list[int]] = {person: [] for person in known}
    for unit in speaking:
        fits = [person for person in known if not differ(unit, person)]
        if len(fits) == 1:
            persons[fits[0]].append(unit)
    return list(persons.values())


def _borrowed_cards(joins: _Joins, systems: np.ndarray, people: People, of_household: np.ndarray) -> np.ndarray:
    """Edges of records named by a household's mailbox that bear a card or account which was issued to somebody else:
    an order in one name with the card of the other."""
    refused = np.zeros(len(joins.record), dtype=bool)
    strong = joins.is_strong & (joins.kind != KeyType.STEWARD)
    asked = np.zeros(int(joins.key.max(initial=-1)) + 1, dtype=bool)
    asked[joins.key[strong & of_household[joins.record]]] = True
    for _, edges in joins.bearers(strong & asked[joins.key]):
        issuer = ISSUERS[KeyType(int(joins.kind[edges[0]]))]
        issued_to = people.of(joins.record[edges[systems[joins.record[edges]] == issuer]])
        for edge in edges[of_household[joins.record[edges]]]:
            refused[edge] = groups_differ(people.of(joins.record[[edge]]), issued_to)
    return refused


def _crm_conflicts(joins: _Joins, systems: np.ndarray, people: People) -> np.ndarray:
    """Edges of CRM contacts that bear a card or account of somebody else: of several contacts which are clearly
    different people, those that contradict the issuer's own record, or one another where it says no name."""
    refused = np.zeros(len(joins.record), dtype=bool)
    crm = (joins.kind != KeyType.STEWARD) & joins.is_strong & (systems[joins.record] == CRM)
    contested = np.bincount(joins.key[crm], minlength=len(joins.kind_of_key) + 1) >= 2

    def profiles(edges: Sequence[int]) -> list[Profile]:
        return people.of(joins.record[np.array(edges, dtype=np.int64)])

    candidates = joins.is_strong & (joins.kind != KeyType.STEWARD)
    candidates &= _lookup(contested, np.where(candidates, joins.source, -1))
    for _, edges in joins.bearers(candidates):
        contacts = [int(edge) for edge in edges if crm[edge]]
        said = {edge: profiles([edge]) for edge in contacts}
        speaking = [edge for edge in contacts if said[edge]]
        rivals = {edge: [other for other in speaking if groups_differ(said[edge], said[other])] for edge in speaking}
        if not any(rivals.values()):
            continue
        issuer = ISSUERS[KeyType(int(joins.kind[edges[0]]))]
        issued_to = profiles([int(edge) for edge in edges if systems[joins.record[edge]] == issuer])
        for edge in speaking:
            refused[edge] = groups_differ(said[edge], issued_to) if issued_to else bool(rivals[edge])
    return refused


def _crowded_addresses(joins: _Joins, refused: np.ndarray, named_by_address: np.ndarray) -> np.ndarray:
    """Edges of records named by an address under which several cards or accounts were used: a household's guest
    orders. They may not join the people those cards and accounts belong to."""
    strong = joins.is_strong & ~refused & (joins.kind != KeyType.STEWARD)
    of_address = strong & named_by_address[joins.record]
    if not of_address.any():
        return np.zeros(len(joins.record), dtype=bool)
    owners = joins.components(strong & ~of_address)
    eldest_owner = np.full(int(joins.key.max()) + 1, -1, dtype=np.int64)
    owned = strong & ~of_address
    eldest_owner[joins.key[owned]] = owners[joins.record[owned]]
    # A card nobody else bears counts as a person of its own.
    target = np.where(eldest_owner[joins.key] >= 0, eldest_owner[joins.key], joins.size + joins.key)
    seen = np.unique(np.stack([joins.record[of_address], target[of_address]], axis=1), axis=0)
    kinds = np.unique(np.stack([joins.record[of_address], joins.kind[of_address], joins.key[of_address]]), axis=1)
    known_owner = seen[seen[:, 1] < joins.size, 0]
    crowded = np.bincount(known_owner, minlength=joins.size) > 1
    per_kind = np.unique(kinds[:2], axis=1, return_counts=True)
    crowded[per_kind[0][0][per_kind[1] > 1]] = True
    crowded &= np.bincount(seen[:, 0], minlength=joins.size) > 1
    result: np.ndarray = of_address & crowded[joins.record]
    return result


def _strong_groups(joins: _Joins, rulings: Rulings, counts: Counter[str]) -> np.ndarray:
    """The group of each record; where a steward set two records of a group apart, it is put together again."""
    strong = joins.alive & joins.is_strong
    group = joins.components(strong)
    broken = {int(group[one]) for one, other in rulings.unlink if group[one] == group[other]}
    if not broken:
        return group
    apart = {frozenset(pair) for pair in rulings.unlink}
    inside = strong & np.isin(group[joins.record], list(broken))
    forest = _Forest()
    bearers = sorted(joins.bearers(inside), key=lambda item: (joins.kind[item[1][0]], len(item[1]), item[0]))
    refused = np.zeros(len(joins.record), dtype=bool)
    for _, edges in bearers:
        first = int(joins.record[edges[0]])
        for edge in edges[1:]:
            other = int(joins.record[edge])
            ours, theirs = forest.members(first), forest.members(other)
            if any(frozenset((one, two)) in apart for one in ours for two in theirs):
                refused[edge] = True
            else:
                forest.join(first, other)
    counts["refused_strong_joins"] += int(refused.sum())
    joins.refuse(refused)
    return joins.components(joins.alive & joins.is_strong)


def _collective_by_looks(keys: KeyTable) -> np.ndarray:
    """Per key, whether it is an e-mail that by its looks is no single person's own."""
    collective = np.zeros(len(keys.value), dtype=bool)
    emails = np.flatnonzero(keys.kind == KeyType.EMAIL)
    collective[emails] = collective_mailboxes([keys.value[key] for key in emails])
    return collective


def _mailboxes_of_two_accounts(joins: _Joins, groups: _Groups, size: int) -> np.ndarray:
    """Per key, whether it is an e-mail with which two web accounts were opened that nothing else joins."""
    accounts = np.zeros(joins.size, dtype=bool)
    accounts[joins.record[joins.alive & (joins.kind == KeyType.WEB_ACCOUNT)]] = True
    of_account = joins.alive & (joins.kind == KeyType.EMAIL) & accounts[joins.record]
    openers = np.unique(np.stack([joins.source[of_account], groups.group[joins.record[of_account]]]), axis=1)[0]
    several: np.ndarray = np.bincount(openers, minlength=size) > 1
    return several


def _shared_keys(
    joins: _Joins,
    groups: _Groups,
    limits: Limits,
    collective: np.ndarray,
    *,
    without: np.ndarray | None = None,
    fixed: np.ndarray | None = None,
    before: _Shared | None = None,
) -> _Shared:
    """The e-mails and phones that name several people; of the `collective` ones all, whoever bears them.

    The second time it asks only the keys found shared `before`, `without` counting some records' names; the
    `fixed` keys stay shared whatever the answer.
    """
    several = np.zeros(len(joins.kind_of_key), dtype=bool)
    per_person: list[list[int]] = []
    weak = joins.alive & ~joins.is_strong
    if without is not None:
        weak &= ~without[joins.record]
    if before is not None:
        weak &= _lookup(before.several, joins.source)
    if fixed is not None:
        several[fixed] = True
    suspicious = collective | groups.may_disagree(joins.source[weak], groups.group[joins.record[weak]], len(several))
    for key, edges in joins.bearers(weak & _lookup(suspicious, joins.source)):
        of_group: dict[int, list[int]] = {}
        for edge in edges:
            of_group.setdefault(int(groups.group[joins.record[edge]]), []).append(int(edge))
        most = limits.people[KeyType(int(joins.kind[edges[0]]))]
        persons = _persons(sorted(of_group), most, groups.speaks, groups.differ)
        if persons is not None and len(persons) == 1:
            if not collective[key]:
                continue
            persons = [[group for group in persons[0] if groups.speaks(group)]]
        several[key] = True
        per_person += [[edge for group in person for edge in of_group[group]] for person in persons or []]
    return _Shared(several, per_person)


def _put_together_again(joins: _Joins, groups: _Groups, limits: Limits, counts: Counter[str]) -> None:
    """Rebuild, from its groups and strongest key first, each cluster that holds clearly different people or more
    records than allowed. A key that would do either again is refused, or split by person, as a shared key is."""
    cluster = joins.components(joins.alive)
    size = np.bincount(cluster, minlength=joins.size)
    suspects = groups.may_disagree(cluster, groups.group, joins.size) | (size > limits.cluster_records)
    weak = joins.alive & ~joins.is_strong
    work: dict[int, list[tuple[int, np.ndarray]]] = {}
    for key, edges in joins.bearers(weak & suspects[cluster[joins.record]]):
        work.setdefault(int(cluster[joins.record[edges[0]]]), []).append((key, edges))
    for root, keys in work.items():
        members = sorted({int(groups.group[joins.record[edge]]) for _, edges in keys for edge in edges})
        too_large = size[root] > limits.cluster_records
        mixed = disagreeing([group for group in members if groups.speaks(group)], 2, groups.differ) is not None
        if not (too_large or mixed):
            continue
        counts["clusters_oversized"] += int(too_large)
        counts["clusters_of_several_people"] += int(mixed)
        # Weak keys last: phones after e-mails, a key of many bearers after one of few, then the younger.
        keys.sort(key=lambda item: (joins.kind[item[1][0]], len(item[1]), joins.record[item[1][0]], item[0]))
        _join_in_turn(joins, groups, limits, keys, counts)


def _join_in_turn(
    joins: _Joins,
    groups: _Groups,
    limits: Limits,
    keys: Sequence[tuple[int, np.ndarray]],
    counts: Counter[str],
) -> None:
    forest = _Forest()

    def speaks(root: int) -> bool:
        return any(groups.speaks(group) for group in forest.members(root))

    def differ(left: int, right: int) -> bool:
        return any(groups.differ(one, two) for one in forest.members(left) for two in forest.members(right))

    for _, edges in keys:
        of_root: dict[int, list[int]] = {}
        for edge in edges:
            of_root.setdefault(forest.root(int(groups.group[joins.record[edge]])), []).append(int(edge))
        most = limits.people[KeyType(int(joins.kind[edges[0]]))]
        persons = _persons(sorted(of_root), most, speaks, differ)
        kept: list[list[int]] = []
        for person in persons or []:
            records = sum(int(groups.size[group]) for root in person for group in forest.members(root))
            if len(person) > 1 and records > limits.cluster_records:
                continue
            for root in person[1:]:
                forest.join(person[0], root)
            kept.append([edge for root in person for edge in of_root[root]])
        if len(kept) == 1 and len(kept[0]) == len(edges):
            continue
        counts["keys_refused"] += 1
        joins.shared[joins.source[edges[0]]] = True
        joins.alive[edges] = False
        for person_edges in kept:
            joins.alive[np.array(person_edges, dtype=np.int64)] = True
            joins.split(person_edges)


def _place(joins: _Joins, cluster: np.ndarray, aside: np.ndarray, waiting: np.ndarray) -> None:
    """Give each record set aside the cluster its keys lead to, if they lead to one; its keys then join again."""
    in_force = joins.alive & ~_lookup(joins.shared, joins.source) & ~aside[joins.record]
    leads_to = np.full(len(joins.shared), _NOBODY, dtype=np.int64)
    known = in_force & (joins.source >= 0)
    leads_to[joins.source[known]] = cluster[joins.record[known]]
    usable = waiting & aside[joins.record] & ~_lookup(joins.shared, joins.source)
    usable &= _lookup(leads_to, joins.source) >= 0
    found = np.unique(np.stack([joins.record[usable], leads_to[joins.source[usable]]], axis=1), axis=0)
    alone = np.bincount(found[:, 0], minlength=joins.size) == 1
    placed = found[alone[found[:, 0]]]
    cluster[placed[:, 0]] = placed[:, 1]
    joins.alive |= usable & alone[joins.record]


def _without_nameless_clusters(joins: _Joins, cluster: np.ndarray, named_by_nobody: np.ndarray) -> np.ndarray:
    """Clusters of nothing but records named by an address that names nobody are dissolved, unless a card or an
    account says that there is a person."""
    somebody = np.zeros(joins.size, dtype=bool)
    linked = cluster != _NOBODY
    somebody[cluster[linked & ~named_by_nobody]] = True
    strong = joins.alive & joins.is_strong & linked[joins.record]
    somebody[cluster[joins.record[strong]]] = True
    return np.where(linked & _lookup(somebody, cluster), cluster, _NOBODY)


class _Forest:
    """Disjoint sets of numbers, each set with its members; small, for clusters that need care."""

    def __init__(self) -> None:
        self._root: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}

    def root(self, item: int) -> int:
        return self._root.get(item, item)

    def members(self, item: int) -> list[int]:
        return self._members.get(self.root(item), [item])

    def join(self, left: int, right: int) -> None:
        keep, gone = sorted((self.root(left), self.root(right)))
        if keep == gone:
            return
        merged = self.members(keep) + self.members(gone)
        for member in self.members(gone):
            self._root[member] = keep
        self._members.pop(gone, None)
        self._members[keep] = merged


def _lookup(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """values[index], with zero (False) where the index is negative."""
    if not len(values):
        return np.zeros(len(index), dtype=values.dtype)
    found: np.ndarray = np.where(index >= 0, values[np.maximum(index, 0)], values.dtype.type(0))
    return found


def eldest(labels: np.ndarray) -> np.ndarray:
    """Each label replaced by the smallest record number that bears it; -1 stays."""
    linked = labels >= 0
    first = np.full(int(labels.max(initial=0)) + 1, len(labels), dtype=np.int64)
    np.minimum.at(first, labels[linked], np.flatnonzero(linked))
    return np.where(linked, first[np.maximum(labels, 0)], _NOBODY)
