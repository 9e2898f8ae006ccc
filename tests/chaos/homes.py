"""Homes to do harm to: a small retailer whose days arrive bit by bit, `omnivue` in a process of its own, and looks at
what it left. What was published is looked at without Omnivue's own code: the manifest's checksums are computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.acceptance.acceptance_tools import fingerprints

# These say which run made them.
OF_THE_RUN = frozenset({"release_info", "data_quality_results", "data_profile"})
_OLDER_LOG = re.compile(r"/dbt/logs/dbt\.log\.[1-5]$")
_RELEASE = re.compile(r"\d{6,}-\d{4}-\d{2}-\d{2}")
# Customers and months: how long a run takes hangs on the number of models, hardly on them.
SMALL = 60, 3
# Root without the power to go past modes.
BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
COMMAND = (sys.executable, "-c", "from dagster_project.cli import main; main()")


@dataclass(frozen=True)
class Place:
    """A folder with a home, and a temporary folder and a current folder of its own, so that what is left in them is
    seen."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def current_folder(self) -> Path:
        return self.folder / "cwd"

    def create(self) -> Place:
        for path in (self.landing, self.temporary, self.current_folder):
            path.mkdir(parents=True, exist_ok=True)
        return self

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        own = {
            "OMNIVUE_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "HOME": str(self.folder),
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "GX_ANALYTICS_ENABLED": "false",
        }
        return os.environ | own | dict(more or {})

    def omnivue(
        self,
        *arguments: str,
        expect: int | None = 0,
        more: Mapping[str, str] | None = None,
        bound: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `omnivue ARGUMENTS` to its end. `bound`: by the modes of files, which otherwise mean nothing to root.
        Raises AssertionError on another exit code than `expect`."""
        done = subprocess.run(
            [*(BOUND if bound and os.getuid() == 0 else ()), *COMMAND, *arguments],
            env=self.environment(more),
            cwd=self.current_folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert expect is None or done.returncode == expect, (
            f"omnivue {' '.join(arguments)} exited {done.returncode}, expected {expect}\n"
            f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def settings(self, text: str) -> None:
        (self.home / "settings.yaml").write_text(text, encoding="utf-8")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the block. It goes with it, but stays to be looked at when something failed."""
    folder = Path(tempfile.mkdtemp(prefix="omnivue-chaos-"))
    try:
        yield folder
    except Exception:
        print(f"the homes are in {folder}", flush=True)
        raise
    shutil.rmtree(folder)


def simulate(folder: Path, customers: int, months: int, seed: int) -> Path:
    """A retailer's landing folder."""
    place = Place(folder).create()
    size = ("--customers", str(customers), "--months", str(months), "--seed", str(seed))
    place.omnivue("simulate", *size)
    return place.landing


def arrivals(landing: Path) -> list[str]:
    """The days on which something arrived, in order; not those of the far future, which dirt is."""
    return sorted({folder.name for folder in landing.glob("*/*") if folder.name < "2900"})


def deliver(landing: Path, days: Iterable[str], place: Place) -> None:
    """Let these days' extracts arrive."""
    wanted = set(days)
    for folder in landing.glob("*/*"):
        if folder.name in wanted:
            shutil.copytree(folder, place.landing / folder.relative_to(landing), dirs_exist_ok=True)


# -- what was published ----------------------------------------------------------------------------------------------


def current_release(home: Path) -> str | None:
    """The id of the release that is current; None before the first."""
    link = home / "published" / "current"
    return link.readlink().name if link.is_symlink() else None


def check_whole(home: Path) -> dict[str, Any] | None:
    """Assert that the current release is whole, every byte and row as its manifest says; returns the manifest, None
    before the first release."""
    release = current_release(home)
    link = home / "published" / "current"
    if release is None:
        assert not os.path.lexists(link), f"{link} is no link"
        return None
    assert _RELEASE.fullmatch(release), f"current leads to {link.readlink()}"
    manifest: dict[str, Any] = json.loads((link / "release.json").read_text(encoding="utf-8"))
    assert manifest["id"] == release
    stated = {
        file["name"]: file for file in [manifest["database"], *(table["parquet"] for table in manifest["tables"])]
    }
    held = {path.name for path in link.iterdir()}
    assert held == {*stated, "release.json"}, f"{release} has other files than its manifest: {held ^ {*stated}}"
    for name, file in stated.items():
        content = (link / name).read_bytes()
        assert len(content) == file["bytes"], f"{release}: {name} has {len(content)} bytes, not {file['bytes']}"
        assert hashlib.sha256(content).hexdigest() == file["sha256"], f"{release}: {name} is not as published"
    with duckdb.connect(str((link / manifest["database"]["name"]).resolve()), read_only=True) as session:
        for table in manifest["tables"]:
            ((rows,),) = session.execute(f'select count(*) from marts."{table["name"]}"').fetchall()
            assert rows == table["rows"], f"{release}: {table['name']} has {rows} rows, not {table['rows']}"
    return manifest


def contents(home: Path) -> dict[str, Any]:
    """Digests of every published table that does not tell which run made it, and of the customer directory's."""
    found: dict[str, Any] = dict(fingerprints(home, without=OF_THE_RUN))
    with duckdb.connect(str(home / "directory" / "customer_directory.duckdb"), read_only=True) as session:
        for (name,) in session.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall():
            digest = session.execute(f"select count(*), bit_xor(hash(source)) from {name} as source").fetchone()
            found[f"directory.{name}"] = digest
    return found


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))


# -- what lies about -------------------------------------------------------------------------------------------------


def files(place: Place) -> set[str]:
    """Every file and folder that the home's runs made, and what is in the temporary and the current folder; names
    without what tells one release or one run from another. Dagster's own folder keeps every run, and is left out; dbt
    keeps five logs of 10 MB, and more runs fill more of them."""
    apart = {"landing", "dagster", "truth"}
    found = set()
    for root in (place.home, place.temporary, place.current_folder):
        for folder, folders, names in os.walk(root):
            if Path(folder) == place.home:
                folders[:] = [name for name in folders if name not in apart]
            for name in [*folders, *names]:
                path = (Path(folder) / name).relative_to(place.folder).as_posix()
                if not _OLDER_LOG.search(path):
                    found.add(_RELEASE.sub("<release>", path))
    return found
