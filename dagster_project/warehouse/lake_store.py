"""Where the lake's raw rows lie, as the setting `lake.uri` says: a folder, or a bucket of an object store.

Files go by their path below the root: `raw/<extract>/ds=<date>/delivery=<key>/part.parquet`. A file appears whole, in
the place of the one before, or not at all: a folder gets it by a rename, a bucket by one upload, which it shows when it
is complete. What the paths mean is ingestion's business, and so is the ledger, which stays in OMNIVUE_HOME.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.fs as pafs

from dagster_project.settings import Home, LakeOptions, Settings
from dagster_project.warehouse.duckdb_session import load_sql, session
from dagster_project.warehouse.warehouse import literal

UPLOADS_AT_A_TIME = 16
CONNECT_SECONDS = 10


class LakeError(RuntimeError):
    """The lake cannot be reached; the message names its URI, the cause and the remedy."""


class LakeStore(Protocol):
    """The raw files of one lake."""

    @property
    def root(self) -> str:
        """What holds `raw/`, as SQL reads it: a path, or `s3://bucket/prefix`."""

    @property
    def aside(self) -> Path:
        """A folder of this machine for files that are about to be put."""

    @property
    def duckdb_setup(self) -> str:
        """The SQL after which a DuckDB session reads `root`; empty when any does. It holds no credentials."""

    def create(self) -> None:
        """Make what the first file needs."""

    def lacks(self) -> str | None:
        """Why the lake cannot be used, as a sentence with its remedy; None when it can."""

    def files(self, folder: str) -> dict[str, int]:
        """Bytes of each file below `folder`, by path; empty when there is no such folder."""

    def put(self, files: Mapping[str, Path]) -> None:
        """Make each local file the one at its path. Those left over when it fails are put by doing it again."""

    def remove(self, path: str) -> None:
        """Take the file away, if it is there."""

    def fetch(self, path: str, aside: Path) -> Path:
        """The file for reading: itself, or a copy in the folder `aside`."""

    def clear(self) -> None:
        """Remove every raw file."""


def open_lake(home: Home, settings: Settings) -> LakeStore:
    """The lake of the settings; nothing is read or made yet."""
    uri = settings.lake.uri
    if uri is None:
        return LakeFolder(home.lake)
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        return _bucket(uri.rstrip("/"), home.lake / ".incoming", settings.lake.options)
    return LakeFolder(Path(unquote(parts.path)) if parts.scheme else home.root / Path(uri).expanduser())


@dataclass(frozen=True)
class LakeFolder:
    """A folder of this machine, or of a file system that all machines of a cluster see; follows `LakeStore`."""

    path: Path

    @property
    def root(self) -> str:
        return self.path.as_posix()

    @property
    def aside(self) -> Path:
        """In the folder itself: a rename works within one file system."""
        return self.path / ".incoming"

    @property
    def duckdb_setup(self) -> str:
        return ""

    def create(self) -> None:
        """For its owner alone: raw rows are personal data."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def lacks(self) -> str | None:
        existing = next(path for path in (self.path, *self.path.parents) if path.exists())
        if existing.is_dir() and os.access(existing, os.W_OK):
            return None
        return f"lake.uri {self.path}: {existing} is no folder that can be written; choose another"

    def files(self, folder: str) -> dict[str, int]:
        found = (file for file in (self.path / folder).rglob("*") if file.is_file())
        return {file.relative_to(self.path).as_posix(): file.stat().st_size for file in found}

    def put(self, files: Mapping[str, Path]) -> None:
        for path, file in files.items():
            target = self.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)

    def remove(self, path: str) -> None:
        """And the folders it leaves empty, up to the extract's."""
        target = self.path / path
        target.unlink(missing_ok=True)
        for folder in (target.parent, target.parent.parent):
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()

    def fetch(self, path: str, aside: Path) -> Path:
        return self.path / path

    def clear(self) -> None:
        for folder in (self.path / "raw", self.aside):
            if folder.exists():
                shutil.rmtree(folder)


@dataclass(frozen=True)
class LakeBucket:
    """A bucket of S3, or of what speaks its protocol; follows `LakeStore`.

    Credentials come from where AWS's own tools take them: environment variables, `~/.aws`, the role of the machine.
    """

    root: str
    aside: Path
    filesystem: pafs.FileSystem
    duckdb_setup: str

    @property
    def bucket(self) -> str:
        return urlsplit(self.root).netloc

    def create(self) -> None:
        """A bucket needs no folders, and is made by its owner."""

    def lacks(self) -> str | None:
        try:
            with self._explained():
                # Of a bucket that is not there, `files` would say that it is empty.
                if self.filesystem.get_file_info(self.bucket).type == pafs.FileType.NotFound:
                    return f"lake.uri {self.root}: there is no bucket '{self.bucket}'; {_REMEDIES['NO_SUCH_BUCKET']}"
            with session() as connection:
                connection.execute(self.duckdb_setup)
        except LakeError as error:
            return str(error)
        except duckdb.Error as error:
            remedy = _CREDENTIALS if "Secret" in str(error) else "`make setup-s3`, or pip install 'omnivue[s3]'"
            return f"lake.uri {self.root}: DuckDB cannot read it ({_sentence(error)}); {remedy}"
        return None

    def files(self, folder: str) -> dict[str, int]:
        with self._explained():
            below = pafs.FileSelector(self._key(folder), recursive=True, allow_not_found=True)
            found = [info for info in self.filesystem.get_file_info(below) if info.type == pafs.FileType.File]
        return {info.path.removeprefix(self._key("")): info.size for info in found}

    def put(self, files: Mapping[str, Path]) -> None:
        """Many at a time: a first run's thousands of small files would wait for each other's answers."""
        with self._explained(), ThreadPoolExecutor(UPLOADS_AT_A_TIME) as pool:
            list(pool.map(self._upload, files.items()))

    def _upload(self, item: tuple[str, Path]) -> None:
        path, file = item
        # Not by `copy_files`, which keeps silent when the upload fails in its last step. Read before it is opened, so
        # that a file that cannot be read leaves no half of it: closing completes an upload.
        with pa.memory_map(str(file)) as source:
            content = source.read_buffer()
            with self.filesystem.open_output_stream(self._key(path)) as target:
                target.write(content)

    def remove(self, path: str) -> None:
        with self._explained(), contextlib.suppress(FileNotFoundError):
            self.filesystem.delete_file(self._key(path))

    def fetch(self, path: str, aside: Path) -> Path:
        file = aside / "fetched.parquet"
        with self._explained(), self.filesystem.open_input_stream(self._key(path)) as source, file.open("wb") as target:
            shutil.copyfileobj(source, target)
        return file

    def clear(self) -> None:
        with self._explained():
            self.filesystem.delete_dir_contents(self._key("raw"), missing_dir_ok=True)

    def _key(self, path: str) -> str:
        """A path below the root as pyarrow names it: the bucket, then the key."""
        return f"{self.root.removeprefix('s3://')}/{path}"

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            text = _sentence(error)
            remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in text), _OTHERWISE)
            raise LakeError(f"lake.uri {self.root}: {text}; {remedy}") from error


# By the words of the AWS client's messages.
_CREDENTIALS = (
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or ~/.aws, or the machine's role), and that they may list, "
    "read, write and delete there"
)
_REMEDIES = {
    "NO_SUCH_BUCKET": "create it, or mend lake.uri or lake.options",
    "ACCESS_DENIED": _CREDENTIALS,
    "INVALID_ACCESS_KEY_ID": _CREDENTIALS,
    "SIGNATURE_DOES_NOT_MATCH": _CREDENTIALS,
}
_OTHERWISE = "check lake.options and the network"


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _bucket(root: str, aside: Path, options: LakeOptions) -> LakeBucket:
    endpoint, region = options.endpoint_url, options.region
    for_pyarrow: dict[str, str] = {}
    for_duckdb = {"scope": literal(f"s3://{urlsplit(root).netloc}/")}
    if region is not None:
        for_pyarrow["region"] = region
        for_duckdb["region"] = literal(region)
    # AWS's own endpoint needs no style: a bucket has a host name there.
    if endpoint is not None:
        for_pyarrow["endpoint_override"] = endpoint
        url = urlsplit(endpoint)
        for_duckdb |= {
            "endpoint": literal(url.netloc),
            "use_ssl": str(url.scheme == "https").lower(),
            "url_style": literal("path" if options.path_style else "vhost"),
        }
    filesystem = pafs.S3FileSystem(
        **for_pyarrow,
        force_virtual_addressing=not options.path_style,
        # One request for a file below 10 MB, rather than the three of an upload in parts.
        allow_delayed_open=True,
        connect_timeout=CONNECT_SECONDS,
    )
    listed = ", ".join(f"{name} {value}" for name, value in for_duckdb.items())
    secret = f"create or replace temporary secret omnivue_lake (type s3, provider credential_chain, {listed})"
    return LakeBucket(root, aside, filesystem, "; ".join((load_sql("httpfs"), load_sql("aws"), secret)))
