"""The lake in an object store: the same marts, and what the commands say and do."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
from acceptance_tools import fingerprints, marts

SIZE = ("--customers", "200", "--months", "3", "--seed", "7")
has_extension = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_httpfs") is None, reason="needs `make setup-s3`"
)


def point_to(home: Path, bucket: str, endpoint: str) -> None:
    home.mkdir(exist_ok=True)
    text = f"lake: {{uri: 's3://{bucket}/retailer', options: {{endpoint: '{endpoint}', region: eu-west-3}}}}"
    (home / "settings.yaml").write_text(text, encoding="utf-8")


def parts(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("part.parquet")}


@pytest.mark.slow
@has_extension
def test_a_lake_in_a_bucket_gives_the_marts_of_one_at_home(omnivue, s3, bucket: str, tmp_path: Path) -> None:
    at_home, remote = tmp_path / "at_home", tmp_path / "remote"
    omnivue("simulate", *SIZE, home=at_home)
    point_to(remote, bucket, s3.endpoint)
    shutil.copytree(at_home / "landing", remote / "landing")
    for home in (at_home, remote):
        omnivue("run", home=home)

    # When it was built is all that differs: the settings of both releases are the same, and so is their digest.
    apart = frozenset({"release_info"})
    assert fingerprints(remote, without=apart) == fingerprints(at_home, without=apart)
    release = "select settings, input_digest, as_of from release_info"
    with marts(at_home) as one, marts(remote) as other:
        assert other.execute(release).fetchall() == one.execute(release).fetchall()
    assert set(s3.objects(bucket)) == {f"retailer/{path}" for path in parts(at_home / "lake")}
    assert parts(remote) == set()

    assert "nothing new" in omnivue("run", home=remote).stdout.lower()
    assert f"lake: s3://{bucket}/retailer" in omnivue("doctor", home=remote).stdout

    s3.put(bucket, "retailer/notes.txt", b"mine")
    assert f"s3://{bucket}/retailer/raw" in omnivue("clean", home=remote).stdout
    assert set(s3.objects(bucket)) == {"retailer/notes.txt"}


def test_a_run_without_its_bucket_says_so_and_changes_nothing(omnivue, s3, credentials: None, tmp_path: Path) -> None:
    point_to(tmp_path, "not-there", s3.endpoint)
    (tmp_path / "landing" / "consents" / "2026-10-26").mkdir(parents=True)
    for command in ("run", "doctor"):
        done = omnivue(command, home=tmp_path, expect=1)
        said = " ".join((done.stdout + done.stderr).split())
        assert "lake.uri s3://not-there/retailer: there is no bucket 'not-there'; create it" in said
        assert "hush" not in said
    assert not (tmp_path / "lake" / "deliveries").exists()
