"""What stewards decided: a file that the retailer keeps, what `omnivue identity revert` wrote, and which of it holds.

The latest decision holds (`decided_on`; of one day the later line), for a pair of records and for what follows from
others: A = B and B = C leave no room for A != C. A decision that gives way to later ones in that manner is reported.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from dagster_project.identity.clusters import Rulings
from dagster_project.identity.ledger import DECISIONS_SCHEMA, LedgerError

Record = tuple[str, str]

HOLDS, REPLACED, CONTRADICTED = "holds", "replaced", "contradicted"
ACTIONS = ("link", "unlink")
COLUMNS = tuple(DECISIONS_SCHEMA.names)
_OPTIONAL = {"reason"}
_KEYS = ("source_person_key_a", "source_person_key_b")
_SEPARATORS = ";,\t"
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
    re.compile(r"(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})"),
)
_SHOWN = 10
# A spreadsheet keeps 15 digits of a number and shows 12: 9250293487793 comes back as 9,25E+12.
_ROUNDED = re.compile(r"\d+([.,]\d+)?E\+\d+")
_AS_TEXT = re.compile(r'="(.*)"')


class DecisionsError(ValueError):
    """A file of decisions that cannot be used; the message names file, line, column, value and remedy."""


@dataclass(frozen=True)
class Decisions:
    """`table` after DECISIONS_SCHEMA, of one day in the order they were taken; `places` tells per row where it stands,
    fit for logs. `unfilled`: rows of the file without an action, which decide nothing."""

    table: pa.Table = field(default_factory=DECISIONS_SCHEMA.empty_table)
    places: Sequence[str] = ()
    unfilled: int = 0

    @property
    def digest(self) -> str:
        """Changes with whatever may change a link; reasons do not."""
        facts = self.table.drop_columns("reason").to_pylist()
        return hashlib.sha256(json.dumps([list(map(str, row.values())) for row in facts]).encode()).hexdigest()

    def followed_by(self, others: pa.Table, place: str) -> Decisions:
        """With further decisions (DECISIONS_SCHEMA), later than those of the same day; all of them stand in `place`."""
        table = pa.concat_tables([self.table, others.cast(DECISIONS_SCHEMA)])
        return Decisions(table, [*self.places, *[place] * others.num_rows], self.unfilled)


@dataclass(frozen=True)
class Weighed:
    """Per decision, in the order given: `state` HOLDS, REPLACED by a later one on the same pair, or CONTRADICTED by
    later ones on others, whose rows are in `against`."""

    state: Sequence[str]
    against: Mapping[int, Sequence[int]]


def read_decisions(path: Path, today: dt.date) -> Decisions:
    """The decisions in a CSV file with a header, as spreadsheets save it: separated by semicolon, comma or tab, UTF-8
    or Windows-1252, dates as YYYY-MM-DD or DD/MM/YYYY. Columns other than COLUMNS are not read; lines without an action
    are counted.

    Raises DecisionsError naming every wrong line (the first ten) and what to do, and OSError when there is no file."""
    lines = _lines(path)
    rows: list[dict[str, object]] = []
    places: list[str] = []
    wrong: list[str] = []
    unfilled = 0
    for line, said in lines:
        if not said["action"]:
            unfilled += 1
            continue
        problems = list(_problems(said, today))
        wrong += [f"{path}: line {line}: {problem}" for problem in problems]
        if not problems:
            decided: dict[str, object] = {**said, "decided_on": _date(said["decided_on"])}
            rows.append(decided | {"action": said["action"].lower(), "reason": said["reason"] or None})
            places.append(f"{path.name} line {line}")
    if wrong:
        more = [f"... and {len(wrong) - _SHOWN:,} more"] if len(wrong) > _SHOWN else []
        raise DecisionsError("\n".join(wrong[:_SHOWN] + more))
    return Decisions(pa.Table.from_pylist(rows, schema=DECISIONS_SCHEMA), places, unfilled)


def write_undecided(path: Path, pairs: Iterable[tuple[Record, Record, str]], today: dt.date) -> int:
    """Write pairs of records and why they are asked about as a file that `read_decisions` takes, `action` left empty
    for a person to fill in; returns how many. A spreadsheet opens it by a double click and loses no digit of a key."""
    written = 0
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink, delimiter=_SEPARATORS[0], lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for one, other, reason in pairs:
            cells = (one[0], _as_text(one[1]), other[0], _as_text(other[1]))
            writer.writerow([today.isoformat(), "", *cells, reason])
            written += 1
    path.chmod(0o600)
    return written


def weigh(decisions: pa.Table) -> Weighed:
    """Which decisions hold, the latest first. Raises LedgerError for an action that is none."""
    rows = decisions.to_pylist()
    if unknown := {row["action"] for row in rows} - set(ACTIONS):
        raise LedgerError(f"decisions: action '{min(unknown)}' is unknown; expected {' or '.join(ACTIONS)}")
    order = sorted(range(len(rows)), key=lambda row: (rows[row]["decided_on"], row), reverse=True)
    state = [HOLDS] * len(rows)
    against: dict[int, Sequence[int]] = {}
    seen: set[frozenset[Record]] = set()
    held = _Held()
    for row in order:
        one, other = pair(rows[row])
        if frozenset((one, other)) in seen:
            state[row] = REPLACED
            continue
        seen.add(frozenset((one, other)))
        hold = held.link if rows[row]["action"] == "link" else held.unlink
        if contrary := hold(one, other, row):
            state[row] = CONTRADICTED
            against[row] = sorted(contrary)
    return Weighed(state, against)


def rulings(decisions: pa.Table, records: pa.Table) -> Rulings:
    """The decisions in force on two of `records` (source_system, source_person_key), by their numbers."""
    found: dict[str, list[tuple[int, int]]] = {action: [] for action in ACTIONS}
    if decisions.num_rows:
        names = zip(records["source_system"].to_pylist(), records["source_person_key"].to_pylist(), strict=True)
        number = {name: row for row, name in enumerate(names)}
        for decision, held in zip(decisions.to_pylist(), weigh(decisions).state, strict=True):
            one, other = (number.get(record) for record in pair(decision))
            if held == HOLDS and one is not None and other is not None and one != other:
                found[decision["action"]].append((min(one, other), max(one, other)))
    return Rulings(**{action: sorted(pairs) for action, pairs in found.items()})


def passed_over(decisions: pa.Table, delivered: Sequence[bool]) -> dict[str, int]:
    """How many decisions decide nothing: `decisions_ignored` hold, but on a record that is not `delivered`, or on one
    record twice; `decisions_contradicted` gave way to later ones."""
    state = weigh(decisions).state
    idle = (
        held == HOLDS and (not there or len(set(pair(row))) == 1)
        for row, held, there in zip(decisions.to_pylist(), state, delivered, strict=True)
    )
    return {"decisions_ignored": sum(idle), "decisions_contradicted": state.count(CONTRADICTED)}


def pair(decision: Mapping[str, str]) -> tuple[Record, Record]:
    """The two records of a row after DECISIONS_SCHEMA."""
    one, other = ((decision[f"source_system_{side}"], decision[f"source_person_key_{side}"]) for side in "ab")
    return one, other


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(number of its first line, cells by column) of every row that says anything."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = [_cell(name).lower() for name in next(reader, [])]
    for column in COLUMNS:
        if header.count(column) != 1 and column not in _OPTIONAL:
            how = "stands twice" if column in header else "is missing"
            raise DecisionsError(
                f"{path}: line 1: column '{column}' {how} among '{first.strip()}'; name the columns "
                f"{', '.join(COLUMNS)}, separated by a semicolon or a comma"
            )
    start = reader.line_num + 1
    for cells in reader:
        line, start = start, reader.line_num + 1
        said = [_cell(cell) for cell in cells]
        # A list that was added below another brings its header with it.
        if not any(said) or [cell.lower() for cell in said] == header:
            continue
        if any(said[len(header) :]):
            raise DecisionsError(
                f"{path}: line {line}: {len(said)} cells, but {len(header)} columns; put a value that holds "
                f"'{separator}' in double quotes"
            )
        by_name = dict(zip(header, said, strict=False))
        yield line, {column: by_name.get(column, "") for column in COLUMNS}


def _problems(said: Mapping[str, str], today: dt.date) -> Iterator[str]:
    """What is wrong with a line that has an action, each with its remedy."""
    if said["action"].lower() not in ACTIONS:
        yield (
            f"column 'action' holds '{said['action']}'; write link (one person) or unlink (two people), or leave it "
            "empty to decide later"
        )
    for column in COLUMNS[2:]:
        if not said[column] and column not in _OPTIONAL:
            yield f"column '{column}' is empty; name the record as the review list and `omnivue customer` do"
    for column in _KEYS:
        if _ROUNDED.fullmatch(said[column]):
            yield (
                f"column '{column}' holds '{said[column]}', a number a spreadsheet has rounded; format the column as "
                "text and write the key again"
            )
    one, other = pair(said)
    if one == other and all(one):
        yield f"column 'source_person_key_b' holds '{said['source_person_key_b']}', the record of side a; name two"
    decided_on = _date(said["decided_on"])
    if decided_on is None:
        yield f"column 'decided_on' holds '{said['decided_on']}'; write the day as 2026-10-31 or 31/10/2026"
    elif decided_on > today:
        yield f"column 'decided_on' holds '{said['decided_on']}', which is not yet; today is {today}"


def _date(text: str) -> dt.date | None:
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            try:
                return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None


def _cell(text: str) -> str:
    text = text.strip().removeprefix("\ufeff")
    if quoted := _AS_TEXT.fullmatch(text):
        return quoted[1].replace('""', '"')
    return text


def _as_text(key: str) -> str:
    """A key as a spreadsheet leaves it alone: one that begins with no letter would become a number, date or formula."""
    return key if key[:1].isalpha() else '="' + key.replace('"', '""') + '"'


class _Held:
    """Decisions that agree with one another: groups of linked records, and which groups are apart."""

    def __init__(self) -> None:
        self._links: dict[Record, list[tuple[Record, int]]] = {}
        self._group: dict[Record, int] = {}
        self._members: dict[int, list[Record]] = {}
        self._apart: dict[int, dict[int, tuple[Record, Record, int]]] = {}

    def link(self, one: Record, other: Record, row: int) -> list[int]:
        """Hold the two for one person; or the rows, those of the links between included, that say they are two."""
        ours, theirs = self._of(one), self._of(other)
        if ours == theirs:
            return []
        if theirs in self._apart[ours]:
            left, right, unlink = self._apart[ours][theirs]
            return [*self._path(one, left), unlink, *self._path(right, other)]
        self._links[one].append((other, row))
        self._links[other].append((one, row))
        keep, gone = sorted((ours, theirs), key=lambda group: -len(self._members[group]))
        for record in self._members.pop(gone):
            self._group[record] = keep
            self._members[keep].append(record)
        for group, (left, right, unlink) in self._apart.pop(gone).items():
            del self._apart[group][gone]
            self._apart[keep].setdefault(group, (left, right, unlink))
            self._apart[group].setdefault(keep, (right, left, unlink))
        return []

    def unlink(self, one: Record, other: Record, row: int) -> list[int]:
        """Hold the two for two people; or the rows of the links that make them one."""
        ours, theirs = self._of(one), self._of(other)
        if ours == theirs:
            return self._path(one, other)
        self._apart[ours].setdefault(theirs, (one, other, row))
        self._apart[theirs].setdefault(ours, (other, one, row))
        return []

    def _of(self, record: Record) -> int:
        if record not in self._group:
            number = len(self._group)
            self._group[record], self._members[number], self._apart[number] = number, [record], {}
            self._links[record] = []
        return self._group[record]

    def _path(self, start: Record, end: Record) -> list[int]:
        """The rows of the links that lead from one record of a group to another, the fewest."""
        came: dict[Record, tuple[Record, int]] = {}
        waiting = deque([start])
        while waiting and end not in came and start != end:
            record = waiting.popleft()
            for neighbour, row in self._links[record]:
                if neighbour != start and neighbour not in came:
                    came[neighbour] = (record, row)
                    waiting.append(neighbour)
        rows = []
        while end != start:
            end, row = came[end]
            rows.append(row)
        return rows
