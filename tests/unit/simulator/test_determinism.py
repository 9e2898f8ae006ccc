"""The same arguments give the same bytes, whatever the machine's clock, time zone and hash seed."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.simulator import SimulationError, simulate

UNTIL = dt.date(2026, 5, 31)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    simulate(400, 3, 1, tmp_path / "a" / "landing", until=UNTIL)
    simulate(400, 3, 2, tmp_path / "c" / "landing", until=UNTIL)
    program = (
        "import datetime, pathlib, sys; from dagster_project.simulator import simulate; "
        "simulate(400, 3, 1, pathlib.Path(sys.argv[1]), until=datetime.date(2026, 5, 31))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "b" / "landing")], check=True, env=environment)
    first, again, other = (_digests(tmp_path / name) for name in "abc")
    assert first == again
    for extract in ("crm_contacts", "shop_orders", "pos_tickets", "web_events", "message_events", "store_stock"):
        mine = {name: digest for name, digest in first.items() if extract in name}
        assert mine != {name: digest for name, digest in other.items() if extract in name}


def test_people_do_not_depend_on_dirt_or_on_the_web_format(tmp_path: Path) -> None:
    simulate(300, 2, 4, tmp_path / "a" / "landing", until=UNTIL)
    simulate(300, 2, 4, tmp_path / "b" / "landing", until=UNTIL, dirt=False, web_format="parquet")
    for name in ("orders.parquet", "people.parquet", "touches.parquet", "source_records.csv"):
        assert (tmp_path / "a" / "truth" / name).read_bytes() == (tmp_path / "b" / "truth" / name).read_bytes()


def test_a_landing_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "landing" / "x").mkdir(parents=True)
    (tmp_path / "landing" / "x" / "y.csv").write_text("a\n")
    with pytest.raises(SimulationError, match="already holds files"):
        simulate(100, 1, 1, tmp_path / "landing")
    assert (tmp_path / "landing" / "x" / "y.csv").read_text() == "a\n"


@pytest.mark.parametrize(("customers", "months"), [(10, 1), (100, 0), (100, 121)])
def test_arguments_out_of_range_are_refused_by_name(tmp_path: Path, customers: int, months: int) -> None:
    with pytest.raises(SimulationError, match=str(months if customers == 100 else customers)):
        simulate(customers, months, 1, tmp_path / "landing")
    assert not (tmp_path / "landing").exists()
