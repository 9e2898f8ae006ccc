"""Which files count: repeats, corrections, late and refused files, in any order of runs and after being killed."""

from __future__ import annotations

import datetime as dt
import errno
import itertools
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.ingestion import (
    Day,
    days_of_arrival,
    first_folder,
    inventory,
    latest_arrival,
    ledger,
    pipeline,
    read_deliveries,
    replay,
    take_again,
)
from dagster_project.ingestion.ledger import Entry, settle
from dagster_project.ingestion.loader import Loader

HEAD = "id,amount\n"


@pytest.fixture
def shop(world: Any, column_of: Any) -> Any:
    world.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")])
    return world


def test_the_same_file_twice_is_one_load(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,x\n")
    first = shop.ingest()
    before = shop.lake_files()
    second = shop.ingest()
    assert (first.total("files_new"), second.total("files_new"), second.total("files_skipped")) == (1, 0, 1)
    assert second.total("rows_read") == 0
    assert shop.lake_files() == before
    assert shop.quarantine() == [(3, "amount", "row_quarantined")]


def test_modification_times_mean_nothing(shop: Any) -> None:
    path = shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    os.utime(path, (0, 0))
    assert shop.ingest().total("files_new") == 0


def test_the_same_content_delivered_again_is_reported_and_not_loaded(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-01-08", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    assert shop.rows("t", "id, _arrival_date") == [(1, dt.date(2026, 1, 6))]
    assert shop.quarantine("file", "line", "outcome") == [("t/2026-01-08/t_20260105.csv", None, "deduplicated")]


def test_a_corrected_delivery_replaces_its_predecessor_and_its_quarantine(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,x\n3,3\n")
    shop.ingest()
    shop.deliver("t", "2026-01-08", "t_20260105.csv", HEAD + "1,10\n2,20\n")
    shop.ingest()
    assert [(int(id_), int(amount)) for id_, amount in shop.rows("t", "id, amount")] == [(1, 10), (2, 20)]
    assert shop.quarantine("file", "line", "outcome") == [("t/2026-01-06/t_20260105.csv", None, "replaced")]
    assert shop.deliveries() == [
        ("t/2026-01-06/t_20260105.csv", "replaced", False),
        ("t/2026-01-08/t_20260105.csv", "loaded", True),
    ]


def test_an_earlier_arrival_found_later_changes_nothing(shop: Any) -> None:
    shop.deliver("t", "2026-01-08", "t_20260105.csv", HEAD + "1,10\n")
    shop.ingest()
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    assert shop.rows("t", "amount, _arrival_date") == [(10, dt.date(2026, 1, 8))]
    assert shop.quarantine("file", "outcome") == [("t/2026-01-06/t_20260105.csv", "replaced")]


def test_a_refused_file_stays_listed_after_the_good_one(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", "amount\n1\n")
    shop.ingest()
    shop.deliver("t", "2026-01-07", "t_20260105.csv", HEAD + "1,1\n")
    report = shop.ingest()
    assert shop.rows("t", "id") == [(1,)]
    assert shop.quarantine("file", "outcome") == [("t/2026-01-06/t_20260105.csv", "file_rejected")]
    assert report.threshold_exceeded == ()


def test_a_refused_correction_leaves_the_good_delivery_in_place(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-01-07", "t_20260105.csv", "amount\n1\n")
    shop.ingest()
    assert shop.rows("t", "id, _arrival_date") == [(1, dt.date(2026, 1, 6))]


def test_a_correction_withdrawn_brings_its_predecessor_back(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-01-07", "t_20260105.csv", HEAD + "1,2\n")
    shop.ingest()
    shop.deliver("t", "2026-01-07", "t_20260105.csv", "amount\n2\n")  # edited in place, now unusable
    shop.ingest()
    assert [int(amount) for (amount,) in shop.rows("t", "amount")] == [1]
    assert shop.deliveries("outcome") == [("loaded",), ("file_rejected",)]


def test_late_files_land_in_their_own_day_and_are_reported(shop: Any) -> None:
    shop.deliver("t", "2026-01-09", "t_20260105.csv", HEAD + "1,1\n")  # 4 days: within the contract
    shop.deliver("t", "2026-01-11", "t_20260106.csv", HEAD + "2,2\n")  # 5 days
    shop.deliver("t", "2026-01-08", "t_20260107.csv", HEAD + "3,3\n")
    shop.deliver("t", "2026-01-20", "t_20260107.csv", HEAD + "3,4\n")  # a correction of what came in time
    report = shop.ingest()
    assert shop.rows("t", "id, ds") == [
        (1, dt.date(2026, 1, 5)),
        (2, dt.date(2026, 1, 6)),
        (3, dt.date(2026, 1, 7)),
    ]
    assert shop.quarantine("file", "outcome") == [
        ("t/2026-01-08/t_20260107.csv", "replaced"),
        ("t/2026-01-11/t_20260106.csv", "kept_reported"),
    ]
    assert report.extracts[0].drift == ("t/2026-01-11/t_20260106.csv arrived 5 days after its business date",)


def test_folders_of_the_future_are_refused_until_their_day_comes(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-02-01", "t_20260131.csv", HEAD + "2,2\n")
    shop.deliver("t", "2999-01-01", "t_29990101.csv", HEAD + "3,3\n")
    shop.ingest(dt.date(2026, 1, 31))
    assert latest_arrival(shop.home) == dt.date(2026, 1, 6)
    assert shop.deliveries("outcome") == [("loaded",), ("file_rejected",), ("file_rejected",)]
    again = shop.ingest(dt.date(2026, 1, 31))
    assert again.total("files_new") == 0
    shop.ingest(dt.date(2026, 2, 1))
    assert latest_arrival(shop.home) == dt.date(2026, 2, 1)
    assert shop.deliveries("outcome") == [("loaded",), ("loaded",), ("file_rejected",)]


def test_the_setting_as_of_closes_the_folders_after_it(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "2,2\n")
    shop.settings = shop.settings.model_copy(update={"as_of": dt.date(2026, 1, 6)})
    shop.ingest()
    assert shop.rows("t", "id") == [(1,)]


@pytest.mark.parametrize(
    ("arrival", "name", "reason"),
    [
        ("2026-01-06", "orders.csv", "has a name unlike"),
        ("2026-01-06", "t_20261301.csv", "has a name unlike"),
        ("06-01-2026", "t_20260105.csv", "does not lie in t/<arrival date YYYY-MM-DD>/"),
        ("2026-01-06/more", "t_20260105.csv", "does not lie in t/<arrival date YYYY-MM-DD>/"),
    ],
)
def test_files_out_of_place_are_refused_with_the_remedy(shop: Any, arrival: str, name: str, reason: str) -> None:
    shop.deliver("t", arrival, name, HEAD + "1,1\n")
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "2,2\n")
    report = shop.ingest()
    assert shop.rows("t", "id") == [(2,)]
    assert reason in report.extracts[0].rejected[0]


def test_files_still_being_written_are_left_alone(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", ".t_20260105.csv", HEAD)
    shop.deliver("t", "2026-01-06", "t_20260105.csv.part", HEAD)
    assert shop.ingest().total("files_seen") == 0


def test_a_folder_without_contract_is_named(shop: Any) -> None:
    shop.deliver("whatsapp", "2026-01-06", "x.csv", HEAD)
    assert shop.ingest().unknown_folders == ("whatsapp",)


def test_an_archived_landing_stays_loaded(shop: Any) -> None:
    path = shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    path.unlink()
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "2,2\n")
    shop.ingest()
    assert shop.rows("t", "id") == [(1,), (2,)]


def test_kind_of_delivery_and_key_come_from_the_name(world: Any, column_of: Any) -> None:
    world.contract(
        "t", [column_of("id", "BIGINT")], pattern=r"^t-(?P<kind>full|changes)-(?P<date>[0-9-]{10})( \(fr\))?\.csv$",
        delivery={"full": "snapshot", "changes": "increment"},
    )  # fmt: skip
    world.deliver("t", "2026-01-06", "t-full-2026-01-05.csv", "id\n1\n")
    world.deliver("t", "2026-01-06", "t-changes-2026-01-05.csv", "id\n2\n")
    world.deliver("t", "2026-01-06", "t-full-2026-01-05 (fr).csv", "id\n3\n")
    world.ingest()
    assert sorted(world.rows("t", "id, _delivery_kind, ds")) == [
        (1, "snapshot", dt.date(2026, 1, 5)),
        (2, "increment", dt.date(2026, 1, 5)),
        (3, "snapshot", dt.date(2026, 1, 5)),
    ]
    keys = {key for (key,) in world.rows("t", "delivery")}
    assert len(keys) == 3
    assert all(character.isalnum() or character in "._-" for key in keys for character in key)


PIECES = [
    ("2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,x\n"),
    ("2026-01-07", "t_20260105.csv", HEAD + "1,1\n2,2\n"),
    ("2026-01-08", "t_20260105.csv", HEAD + "1,1\n2,2\n"),
    ("2026-01-09", "t_20260105.csv", "amount\n1\n"),
    ("2026-01-10", "t_20260105.csv", HEAD + "1,1\n2,x\n"),
    ("2026-01-12", "t_20260106.csv", HEAD + '7,"1\n"\n8,x\n'),
]


def state(world: Any) -> tuple[Any, ...]:
    return (
        world.rows("t"),
        world.quarantine("file", "line", "column_name", "value", "reason", "outcome"),
        read_deliveries(world.home).to_pylist(),
    )


def test_any_order_of_nights_gives_what_one_run_over_all_gives(
    make_world: Callable[[str], Any], column_of: Any
) -> None:
    columns = [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")]
    whole = make_world("whole")
    whole.contract("t", columns)
    for piece in PIECES:
        whole.deliver("t", *piece)
    whole.ingest()
    orders = list(itertools.permutations(range(len(PIECES))))
    for number, order in enumerate(random.Random(3).sample(orders, 3)):
        nightly = make_world(f"nightly_{number}")
        nightly.contract("t", columns)
        for piece in order:
            nightly.deliver("t", *PIECES[piece])
            nightly.ingest()
        assert state(nightly) == state(whole)


def test_the_lake_has_the_same_bytes_whether_built_at_once_or_twice(
    make_world: Callable[[str], Any], column_of: Any
) -> None:
    built = []
    for name in ("one", "two"):
        world = make_world(name)
        world.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")])
        for piece in PIECES:
            world.deliver("t", *piece)
        world.ingest()
        built.append(world.lake_files())
    assert built[0] == built[1]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["replace", "write_ledger", "_write"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_run_killed_anywhere_is_repaired_by_the_next(
    make_world: Callable[[str], Any], column_of: Any, monkeypatch: pytest.MonkeyPatch, moment: str, count: int
) -> None:
    columns = [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")]
    whole, killed = make_world("whole"), make_world("killed")
    for world in (whole, killed):
        world.contract("t", columns)
        world.deliver("t", *PIECES[0])
        world.ingest()
        for piece in PIECES[1:]:
            world.deliver("t", *piece)
    whole.ingest()
    owner: Any = {"replace": Path, "write_ledger": pipeline, "_write": ledger}[moment]
    original = getattr(owner, moment)
    calls = itertools.count(1)

    def dying(*arguments: Any, **more: Any) -> Any:
        if next(calls) == count:
            raise Killed
        return original(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(owner, moment, dying)
        if moment == "write_ledger" and count == 2:
            killed.ingest()  # one extract writes its ledger once
        else:
            with pytest.raises(Killed):
                killed.ingest()
    killed.ingest()
    assert state(killed) == state(whole)


def test_changed_columns_are_read_again_from_landing(shop: Any, column_of: Any) -> None:
    archived = shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.deliver("t", "2026-01-07", "t_20260106.csv", "id,amount,note\n2,2,n\n")
    shop.ingest()
    archived.unlink()
    shop.contract("t", [column_of("id", key=1), column_of("amount", "DECIMAL(12,2)"), column_of("note")])
    report = shop.ingest()
    # What has left landing keeps its values in the new types; its column that was never read is empty.
    assert shop.rows("t", "id, amount::integer, note, _extra") == [("1", 1, None, None), ("2", 2, "n", None)]
    assert report.total("files_new") == 1
    assert shop.ingest().total("files_new") == 0


def test_a_mended_contract_and_a_replay_load_what_was_set_aside(shop: Any, column_of: Any) -> None:
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)", options={"maximum": 5})])
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,7\n")
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "3,3\n")
    shop.ingest()
    assert shop.quarantine() == [(3, "amount", "row_quarantined")]
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)", options={"maximum": 9})])
    assert shop.ingest().total("files_new") == 0
    report = replay(shop.home, shop.settings, shop.contracts, today=dt.date(2026, 1, 31))
    assert (report.total("files_new"), report.total("rows_loaded")) == (1, 2)
    assert shop.rows("t", "id") == [(1,), (2,), (3,)]
    assert shop.quarantine() == []
    with pytest.raises(KeyError, match="never ingested"):
        replay(shop.home, shop.settings, shop.contracts, today=dt.date(2026, 1, 31), file="t/2026-01-06/x.csv")


def test_days_are_taken_in_again_by_arrival_and_no_others(shop: Any, column_of: Any) -> None:
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)", options={"maximum": 5})])
    for day in (6, 7, 8, 9):
        shop.deliver("t", f"2026-01-0{day}", f"t_2026010{day - 1}.csv", HEAD + f"{day},1\n{day}0,7\n")
    shop.ingest()
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)", options={"maximum": 9})])
    first, last = dt.date(2026, 1, 7), dt.date(2026, 1, 8)
    report = take_again(shop.home, shop.settings, shop.contracts, today=dt.date(2026, 1, 31), first=first, last=last)
    (t,) = report.extracts
    assert (t.files_new, t.files_arrived, t.arrivals) == (2, 0, (first, last))
    assert shop.rows("t", "id") == [(6,), (7,), (70,), (8,), (80,), (9,)]
    before = shop.lake_files()
    take_again(shop.home, shop.settings, shop.contracts, today=dt.date(2026, 1, 31), first=first, last=last)
    assert shop.lake_files() == before
    assert shop.ingest().total("files_new") == 0


def test_a_dirty_day_that_is_read_again_is_judged_with_those_it_came_with(shop: Any) -> None:
    """3 of 105 rows are within 2 %, rounded up; 3 of the 5 of its own are not."""
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "".join(f"{number},1\n" for number in range(100)))
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "200,x\n201,x\n202,x\n203,1\n204,1\n")
    assert shop.ingest().threshold_exceeded == ()
    day, today = dt.date(2026, 1, 7), dt.date(2026, 1, 31)
    for _ in range(2):
        report = take_again(shop.home, shop.settings, shop.contracts, today=today, first=day, last=day)
        assert (report.total("files_new"), report.threshold_exceeded) == (1, ())
    assert replay(shop.home, shop.settings, shop.contracts, today=today).threshold_exceeded == ()
    # Other content is a delivery of another night.
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "200,x\n201,x\n202,x\n203,1\n")
    assert len(shop.ingest().threshold_exceeded) == 1


def test_what_left_landing_stays_as_it_was_when_its_day_is_taken_in_again(shop: Any) -> None:
    path = shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    path.unlink()
    day = dt.date(2026, 1, 6)
    report = take_again(shop.home, shop.settings, shop.contracts, today=dt.date(2026, 1, 31), first=day, last=day)
    assert report.total("files_new") == 0
    assert shop.rows("t", "id") == [(1,)]


def test_days_of_arrival_count_what_became_of_their_files(shop: Any, column_of: Any) -> None:
    shop.contract("u", [column_of("id", "BIGINT", key=1)])
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,x\n")
    shop.deliver("u", "2026-01-06", "u_20260105.csv", "id\n1\n2\n3\n")
    shop.deliver("u", "2026-01-06", "wrong name.csv", "id\n1\n")
    # It replaces the file of the 6th, whose rows count no more.
    shop.deliver("t", "2026-01-07", "t_20260105.csv", HEAD + "1,1\n2,2\n")
    report = shop.ingest()
    assert report.total("files_arrived") == 3
    assert days_of_arrival(shop.home) == {
        dt.date(2026, 1, 6): Day(files=3, files_rejected=1, extracts=2, rows_loaded=3, rows_quarantined=0),
        dt.date(2026, 1, 7): Day(files=1, files_rejected=0, extracts=1, rows_loaded=2, rows_quarantined=0),
    }
    assert first_folder(shop.home.landing) == dt.date(2026, 1, 6)
    (shop.home.landing / "t" / "notes").mkdir()
    assert first_folder(shop.home.landing) == dt.date(2026, 1, 6)


def test_too_many_broken_rows_fail_the_run_until_they_are_mended(shop: Any) -> None:
    good = "".join(f"{number},1\n" for number in range(100))
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + good + "200,x\n201,x\n202,x\n")
    report = shop.ingest()  # 3 of 103 rows; 2 % of 103, rounded up, allows 3
    assert report.threshold_exceeded == ()
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + good + "200,x\n201,x\n202,x\n203,x\n")
    sentence = (
        "t: 4 of 104 rows (3.8%) break the contract, the threshold is 2.0%; see `omnivue quarantine list --extract t`"
    )
    assert shop.ingest().threshold_exceeded == (sentence,)
    assert shop.ingest().threshold_exceeded == (sentence,)
    shop.deliver("t", "2026-01-08", "t_20260106.csv", HEAD + good)
    assert shop.ingest().threshold_exceeded == ()


def test_one_broken_row_in_a_small_file_passes_unless_the_contract_allows_none(shop: Any, column_of: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,x\n2,2\n")
    assert shop.ingest().threshold_exceeded == ()
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")], maxRejectedShare=0.0)
    assert len(shop.ingest().threshold_exceeded) == 1


def test_an_extract_of_which_nothing_can_be_used_fails_the_run(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", "amount\n1\n")
    report = shop.ingest()
    assert report.threshold_exceeded[0].startswith("t: none of its 1 files could be used, the first: t/2026-01-06/")


def test_a_delivery_without_usable_rows_replaces_one_that_had_some(shop: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    shop.deliver("t", "2026-01-07", "t_20260105.csv", HEAD)
    shop.ingest()
    assert shop.rows("t") == []
    assert not list((shop.home.lake / "raw" / "t").glob("ds=2026*"))


def entry(file: str, arrival: int, content: str, **more: Any) -> Entry:
    return Entry("t", file, content, dt.date(2026, 1, arrival), "d", "increment", dt.date(2026, 1, 1), **more)


def test_content_that_returns_after_a_correction_counts_again() -> None:
    settled = settle([entry("a", 2, "x"), entry("b", 3, "y"), entry("c", 4, "x"), entry("d", 5, "x")])
    assert [(file, item.outcome) for file, item in sorted(settled.items())] == [
        ("a", "replaced"), ("b", "replaced"), ("c", "loaded"), ("d", "deduplicated"),
    ]  # fmt: skip


def test_settling_does_not_depend_on_order() -> None:
    entries = [entry("a", 2, "x"), entry("b", 3, "y", refusal="is empty"), entry("c", 4, "x"), entry("e", 4, "z")]
    expected = settle(entries)
    assert all(settle(order) == expected for order in itertools.permutations(entries))
    assert [item.file for item in expected.values() if item.is_current] == ["e"]


def test_a_loaded_file_that_cannot_be_opened_any_more_stays_loaded(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: its rows left the lake until it could be opened again; one that has left landing keeps them."""
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    before = shop.lake_files()
    shop.deliver("t", "2026-01-07", "t_20260106.csv", HEAD + "2,2\n")
    hashed = inventory._sha256

    def deny(path: Path) -> str:
        if "2026" in path.name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return hashed(path)

    monkeypatch.setattr(inventory, "_sha256", deny)
    shop.ingest()
    assert shop.lake_files() == before
    assert shop.quarantine("file", "outcome", "reason") == [
        (
            "t/2026-01-07/t_20260106.csv",
            "file_rejected",
            "t/2026-01-07/t_20260106.csv cannot be opened (Permission denied); make it readable",
        )
    ]
    monkeypatch.undo()
    assert shop.ingest().total("files_new") == 1
    assert [id_ for (id_,) in shop.rows("t", "id")] == [1, 2]


def test_a_full_disk_refuses_no_file(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a file whose rows could not be written was taken for a damaged one, and never read again."""
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,x\n")
    full = duckdb.IOException('IO Error: Could not write file "part.parquet": No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(Loader, "_finish", lambda *_: (_ for _ in ()).throw(full))
        with pytest.raises(duckdb.IOException, match="No space left"):
            shop.ingest()
    assert shop.ingest().total("rows_loaded") == 1
    assert shop.quarantine() == [(3, "amount", "row_quarantined")]
