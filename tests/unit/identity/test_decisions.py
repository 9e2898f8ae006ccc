"""A steward's file of decisions as people and spreadsheets write it, and which of the decisions holds."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pytest

from dagster_project.identity import IdentityResult, Ledger, LedgerError, decide
from dagster_project.identity.decisions import Decisions, DecisionsError, read_decisions, weigh, write_undecided

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]

TODAY = dt.date(2026, 10, 31)
HEADER = "decided_on,action,source_system_a,source_person_key_a,source_system_b,source_person_key_b,reason"
PLAIN = f"""{HEADER}
2026-10-03,link,crm,12,shop,acc-1,"said so, twice"
2026-10-04,unlink,crm,13,support,7,décidé à Noël
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "decisions.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_a_plain_file_is_read_as_it_stands(written: Callable[..., Path]) -> None:
    found = read_decisions(written(PLAIN), TODAY)
    assert [tuple(row.values()) for row in found.table.to_pylist()] == [
        (dt.date(2026, 10, 3), "link", "crm", "12", "shop", "acc-1", "said so, twice"),
        (dt.date(2026, 10, 4), "unlink", "crm", "13", "support", "7", "décidé à Noël"),
    ]
    assert list(found.places) == ["decisions.csv line 2", "decisions.csv line 3"]
    assert found.unfilled == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_french_spreadsheets_file_says_the_same(written: Callable[..., Path], encoding: str) -> None:
    french = (
        "Decided_On;Action;source_system_a;source_person_key_a;source_system_b;source_person_key_b;reason;;\r\n"
        "03/10/2026;Link;crm;12;shop;acc-1;said so, twice;;\r\n"
        ";;;;;;;;\r\n"
        '4/10/2026; UNLINK ;crm;="13";support;7;décidé à Noël;;\r\n'
    )
    assert read_decisions(written(french, encoding), TODAY).table.equals(read_decisions(written(PLAIN), TODAY).table)


def test_lines_without_an_action_decide_nothing_and_are_counted(written: Callable[..., Path]) -> None:
    found = read_decisions(written(f"{PLAIN}{HEADER}\n2026-10-05,,crm,14,shop,acc-2,\nnot yet,,,,,,\n"), TODAY)
    assert (found.table.num_rows, found.unfilled) == (2, 2)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-10-05,merge,crm,1,shop,2,", "column 'action' holds 'merge'; write link .one person. or unlink"),
        ("05.10.2026,link,crm,1,shop,2,", "column 'decided_on' holds '05.10.2026'; write the day as 2026-10-31 or 31/"),
        ("31/02/2026,link,crm,1,shop,2,", "column 'decided_on' holds '31/02/2026'; write the day"),
        ("2062-10-05,link,crm,1,shop,2,", "column 'decided_on' holds '2062-10-05', which is not yet; today is 2026-10"),
        ("2026-10-05,link,crm,,shop,2,", "column 'source_person_key_a' is empty; name the record"),
        ('2026-10-05,link,crm,"9,25E+12",shop,2,', "column 'source_person_key_a' holds '9,25E.12', a number a spread"),
        ("2026-10-05,link,crm,1,crm,1,", "column 'source_person_key_b' holds '1', the record of side a; name two"),
        ("2026-10-05,link,crm,1,shop,2,why, really", "8 cells, but 7 columns; put a value that holds ',' in double"),
    ],
)
def test_a_wrong_line_is_named_with_column_value_and_remedy(
    written: Callable[..., Path], line: str, expected: str
) -> None:
    # The line before it spans two.
    path = written(f'{HEADER}\n2026-10-03,link,crm,12,shop,acc-1,"first\nsecond"\n{line}\n')
    with pytest.raises(DecisionsError, match=rf"decisions\.csv: line 4: {expected}"):
        read_decisions(path, TODAY)


def test_every_wrong_line_is_told_at_once(written: Callable[..., Path]) -> None:
    path = written(HEADER + "\n" + "today,maybe,crm,1,shop,2,\n" * 6)
    with pytest.raises(DecisionsError) as told:
        read_decisions(path, TODAY)
    assert str(told.value).count("\n") == 10
    assert str(told.value).endswith("... and 2 more")


def test_a_missing_column_is_named(written: Callable[..., Path]) -> None:
    with pytest.raises(DecisionsError, match=r"line 1: column 'action' is missing among 'decided_on;who'"):
        read_decisions(written("decided_on;who\n"), TODAY)
    with pytest.raises(DecisionsError, match="column 'decided_on' is missing"):
        read_decisions(written(""), TODAY)


def test_an_exported_list_is_read_back_with_every_key_whole(tmp_path: Path) -> None:
    keys = ["acc-1", "9250293487793", "007", "+33612345678", "=1+1", 'a;"b"', '"', "phone:+33 (0)6 39 98 04 78"]
    pairs = [(("loyalty", key), ("crm", f"x{key}"), "likely; see both") for key in keys]
    path = tmp_path / "todo.csv"
    assert write_undecided(path, pairs, TODAY) == len(keys)
    assert (read_decisions(path, TODAY).unfilled, path.stat().st_mode & 0o777) == (len(keys), 0o600)
    filled = path.read_text("utf-8-sig").replace("2026-10-31;;", "31/10/2026;link;")
    path.write_text(filled, encoding="utf-8")
    assert read_decisions(path, TODAY).table["source_person_key_a"].to_pylist() == keys


def test_the_digest_changes_with_a_decision_but_not_with_a_reason(written: Callable[..., Path]) -> None:
    digest = read_decisions(written(PLAIN), TODAY).digest
    assert read_decisions(written(PLAIN.replace("twice", "thrice")), TODAY).digest == digest
    assert read_decisions(written(PLAIN.replace("unlink", "link")), TODAY).digest != digest
    assert Decisions().followed_by(read_decisions(written(PLAIN), TODAY).table, "elsewhere").digest == digest


def _decisions(*said: tuple[int, str, str, str]) -> pa.Table:
    """(day, action, a, b)"""
    parts = [decide(action, [("crm", a)], [("crm", b)], dt.date(2026, 1, day), "") for day, action, a, b in said]
    return pa.concat_tables(parts)


def test_of_a_pair_the_latest_decision_holds_and_of_one_day_the_later_line() -> None:
    decisions = _decisions(
        (3, "link", "1", "2"), (5, "unlink", "2", "1"), (5, "link", "1", "2"), (4, "unlink", "1", "2")
    )
    assert weigh(decisions).state == ["replaced", "replaced", "holds", "replaced"]


def test_what_follows_from_later_decisions_is_told_as_a_contradiction() -> None:
    """1 = 2 and 2 = 3 leave no room for 1 != 3; and with 1 != 3 first, the link that would join them gives way."""
    weighed = weigh(_decisions((1, "unlink", "1", "3"), (2, "link", "1", "2"), (3, "link", "2", "3")))
    assert (weighed.state, weighed.against) == (["contradicted", "holds", "holds"], {0: [1, 2]})
    weighed = weigh(_decisions((2, "link", "1", "2"), (3, "link", "2", "3"), (4, "unlink", "1", "3")))
    assert (weighed.state, weighed.against) == (["contradicted", "holds", "holds"], {0: [1, 2]})


@pytest.mark.parametrize("seed", range(20))
def test_what_holds_agrees_and_what_does_not_is_against_what_it_names(seed: int) -> None:
    """An independent oracle: connected components. Each decision, latest first, stands if the graph allows it."""
    chance = random.Random(seed)
    people = [str(number) for number in range(8)]
    pairs = list(itertools.combinations(people, 2))
    said = [(chance.randint(1, 9), chance.choice(["link", "unlink"]), *chance.choice(pairs)) for _ in range(25)]
    weighed = weigh(_decisions(*said))

    def consistent(rows: set[int]) -> bool:
        graph = nx.Graph([said[row][2:] for row in rows if said[row][1] == "link"])
        graph.add_nodes_from(people)
        return not any(nx.has_path(graph, *said[row][2:]) for row in rows if said[row][1] == "unlink")

    held: set[int] = set()
    for row in sorted(range(len(said)), key=lambda row: (said[row][0], row), reverse=True):
        if weighed.state[row] == "replaced":
            continue
        assert (weighed.state[row] == "holds") == consistent(held | {row})
        if weighed.state[row] == "holds":
            held.add(row)
        else:
            against = set(weighed.against[row])
            assert against <= held
            assert not consistent(against | {row})
            assert all(consistent((against | {row}) - {one}) for one in against)
    assert held


def test_decisions_on_absent_records_and_contradicted_ones_are_counted_apart(record: Record, run: Run) -> None:
    decisions = _decisions(
        (1, "unlink", "1", "3"), (2, "link", "1", "2"), (3, "link", "2", "3"), (3, "link", "4", "404")
    )
    rows = [record(f"crm:{number}", number) for number in range(1, 5)]
    report = run(rows, Ledger(Ledger.empty().rows, decisions)).report
    assert (report.customers, report.decisions_ignored, report.decisions_contradicted) == (2, 1, 1)


def test_an_action_that_is_none_is_refused(record: Record, run: Run) -> None:
    decisions = _decisions((1, "glue", "1", "2"))
    with pytest.raises(LedgerError, match="action 'glue' is unknown"):
        run([record("crm:1")], Ledger(Ledger.empty().rows, decisions))
