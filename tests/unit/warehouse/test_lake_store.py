"""Where the lake lies: what each URI means, and that a folder and a bucket keep the same promises."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.settings import Home, LakeOptions, Settings, shipped_settings
from dagster_project.warehouse import DuckDBWarehouse, LakeError, RawTable, lake_store, open_lake
from dagster_project.warehouse.lake_store import LakeBucket, LakeFolder, LakeStore

PART = "raw/t/ds=2026-01-05/delivery=a/part.parquet"
OTHER = "raw/t/ds=2026-01-05/delivery=b/part.parquet"


def lake_at(uri: str | None, **options: object) -> Settings:
    shipped = shipped_settings()
    known = LakeOptions(**shipped.lake.options.model_dump() | options)
    return shipped.model_copy(update={"lake": shipped.lake.model_copy(update={"uri": uri, "options": known})})


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LakeStore:
    home = Home(tmp_path / "home")
    if request.param == "folder":
        return open_lake(home, lake_at(str(tmp_path / "lake")))
    endpoint = request.getfixturevalue("s3").endpoint
    return open_lake(home, lake_at(f"s3://{request.getfixturevalue('bucket')}/a/retailer", endpoint=endpoint))


def written(store: LakeStore, name: str, content: str) -> Path:
    store.aside.mkdir(parents=True, exist_ok=True)
    file = store.aside / name
    file.write_text(content)
    return file


@pytest.mark.parametrize(
    ("uri", "root"),
    [
        (None, "/home/lake"),
        ("elsewhere", "/home/elsewhere"),
        ("/data/lake", "/data/lake"),
        ("file:///data/a%20lake", "/data/a lake"),
    ],
)
def test_a_folder_is_a_path_below_home_or_an_absolute_one(uri: str | None, root: str) -> None:
    lake = open_lake(Home(Path("/home")), lake_at(uri))
    assert isinstance(lake, LakeFolder)
    assert (lake.root, lake.aside, lake.duckdb_setup) == (root, Path(root) / ".incoming", "")


def test_a_bucket_leaves_unfinished_files_at_home(credentials: None) -> None:
    lake = open_lake(Home(Path("/home")), lake_at("s3://retail-lake/omnivue/", region="eu-west-3"))
    assert isinstance(lake, LakeBucket)
    assert (lake.root, lake.aside) == ("s3://retail-lake/omnivue", Path("/home/lake/.incoming"))
    assert "hush" not in lake.duckdb_setup


def test_the_endpoint_of_the_environment_holds_unless_the_settings_name_one(
    credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://minio.example.com:9000")
    home = Home(Path("/home"))
    assert "endpoint 'minio.example.com:9000', use_ssl true" in open_lake(home, lake_at("s3://abc")).duckdb_setup
    own = lake_at("s3://abc", endpoint="http://127.0.0.1:1", path_style=False)
    assert "endpoint '127.0.0.1:1', use_ssl false, url_style 'vhost'" in open_lake(home, own).duckdb_setup


def test_a_file_is_put_replaced_listed_fetched_and_removed(store: LakeStore, tmp_path: Path) -> None:
    assert store.lacks() is None
    store.create()
    assert store.files("raw/t") == {}
    store.put({PART: written(store, "1", "one"), OTHER: written(store, "2", "two")})
    store.put({PART: written(store, "1", "other")})
    assert store.files("raw/t") == {PART: 5, OTHER: 3}
    assert store.files("raw/never") == {}
    assert store.fetch(PART, tmp_path).read_text() == "other"
    store.remove(PART)
    store.remove(PART)
    assert store.files("raw") == {OTHER: 3}


def test_clearing_takes_the_raw_files_and_nothing_beside_them(store: LakeStore, s3, tmp_path: Path) -> None:
    store.create()
    store.put({PART: written(store, "1", "one")})
    if isinstance(store, LakeFolder):
        (store.path / "notes.txt").write_text("mine")
    else:
        s3.put(store.bucket, "a/retailer/notes.txt", b"mine")
    store.clear()
    assert store.files("") == {"notes.txt": 4}
    store.clear()


def test_a_put_that_fails_halfway_leaves_whole_files_and_is_done_again(
    store: LakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create()
    store.put({OTHER: written(store, "0", "old")})
    with pytest.raises((LakeError, FileNotFoundError)):
        store.put({PART: written(store, "1", "one"), OTHER: store.aside / "gone"})
    assert store.files("raw") == {PART: 3, OTHER: 3}
    store.put({PART: written(store, "1", "one"), OTHER: written(store, "2", "newer")})
    assert store.files("raw") == {PART: 3, OTHER: 5}


def test_a_large_file_is_whole_as_well(bucket: str, s3, tmp_path: Path) -> None:
    """Above 10 MB an upload goes in parts, which the bucket shows when the last has come."""
    lake = open_lake(Home(tmp_path), lake_at(f"s3://{bucket}", endpoint=s3.endpoint))
    content = "0123456789abcdef" * (12 * 2**16)
    lake.put({PART: written(lake, "1", content)})
    assert s3.objects(bucket) == {PART: content.encode()}


def test_duckdb_reads_a_bucket_after_its_setup(bucket: str, s3, tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="make setup-s3")
    lake = open_lake(Home(tmp_path), lake_at(f"s3://{bucket}/deep/er", endpoint=s3.endpoint))
    lake.aside.mkdir(parents=True)
    with duckdb.connect() as session:
        session.execute(f"copy (select 42 as answer) to '{lake.aside}/1' (format parquet)")
        lake.put({PART: lake.aside / "1"})
        session.execute(lake.duckdb_setup)
        rows = session.execute(f"select * from read_parquet('{lake.root}/raw/*/*/*/*.parquet')").fetchall()
        assert rows == [(42, "a", dt.date(2026, 1, 5))]
        assert "hush" not in str(session.execute("from duckdb_secrets()").fetchall())


def test_a_warehouse_loads_a_bucket_month_by_month(bucket: str, s3, tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="make setup-s3")
    lake = open_lake(Home(tmp_path), lake_at(f"s3://{bucket}/x", endpoint=s3.endpoint))
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb", lake.duckdb_setup)

    def deliver(**ids: int) -> None:
        lake.aside.mkdir(parents=True, exist_ok=True)
        for day, id_ in ids.items():
            pq.write_table(pa.table({"id": [id_]}), lake.aside / day)
            path = f"raw/t/ds={day.removeprefix('d').replace('_', '-')}/delivery=a/part.parquet"
            lake.put({path: lake.aside / day})

    def load(**months: str) -> list[int]:
        named = {name.removeprefix("m").replace("_", "-"): digest for name, digest in months.items()}
        warehouse.load(RawTable("t", f"{lake.root}/raw/t", "a", named))
        return sorted(warehouse.table("raw", "t")["id"].to_pylist())

    deliver(d2026_01_05=1, d2026_02_06=2)
    assert load(m2026_01="x", m2026_02="x") == [1, 2]
    # January is as it was for all its digest says, so its file is not read again.
    deliver(d2026_01_05=10, d2026_02_06=20, d2026_02_07=21)
    assert load(m2026_01="x", m2026_02="y") == [1, 20, 21]
    lake.remove("raw/t/ds=2026-01-05/delivery=a/part.parquet")
    assert load(m2026_02="y") == [20, 21]


def test_what_a_bucket_lacks_is_said_with_its_remedy(
    bucket: str, s3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(uri: str, endpoint: str = s3.endpoint) -> str:
        return str(open_lake(Home(tmp_path), lake_at(uri, endpoint=endpoint)).lacks())

    missing = lacks("s3://not-there/x")
    assert missing == (
        "lake.uri s3://not-there/x: there is no bucket 'not-there'; create it, or mend lake.uri or lake.options"
    )
    nobody = lacks(f"s3://{bucket}", "http://127.0.0.1:1")
    assert f"s3://{bucket}" in nobody
    assert nobody.endswith("check lake.options and the network")
    monkeypatch.setattr(lake_store, "load_sql", lambda name: f"load '/nowhere/{name}.duckdb_extension'")
    assert "setup-s3" in lacks(f"s3://{bucket}")


def test_missing_credentials_are_named(bucket: str, s3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="make setup-s3")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    lacks = open_lake(Home(tmp_path), lake_at(f"s3://{bucket}", endpoint=s3.endpoint)).lacks()
    assert "check AWS_ACCESS_KEY_ID" in str(lacks)


def test_writing_into_a_bucket_that_is_gone_names_it(credentials: None, s3, tmp_path: Path) -> None:
    lake = open_lake(Home(tmp_path), lake_at("s3://not-there/x", endpoint=s3.endpoint))
    with pytest.raises(LakeError, match=r"lake.uri s3://not-there/x: .*NO_SUCH_BUCKET.*; create it, or mend"):
        lake.put({PART: written(lake, "1", "one")})


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    lacks = open_lake(Home(tmp_path), lake_at(str(tmp_path / "file" / "lake"))).lacks()
    assert "file is no folder" in str(lacks)


def test_a_folder_elsewhere_is_its_owners_alone(tmp_path: Path) -> None:
    lake = open_lake(Home(tmp_path), lake_at("elsewhere"))
    lake.create()
    assert (tmp_path / "elsewhere").stat().st_mode & 0o077 == 0
