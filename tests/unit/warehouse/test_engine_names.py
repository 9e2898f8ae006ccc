"""Engine names stay where engines are known: models and rooms speak to both without naming either."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from dagster_project.settings import DBT_PROJECT_DIR, PROJECT_ROOT

NAMES = re.compile(r"target\.type|duckdb|spark", re.IGNORECASE)
# Ingestion reads files with DuckDB on both engines; the others are where engines are chosen or spoken to.
KNOWS_ENGINES = {"warehouse", "publishing", "ingestion", "defs"}
# Matching compares records in a database of its own, the same on both engines.
OF_MATCHING = {"identity/scratch.py", "identity/splink_linker.py"}
ROOMS = sorted(
    path
    for path in (PROJECT_ROOT / "dagster_project").iterdir()
    if path.is_dir() and path.name not in KNOWS_ENGINES and any(path.glob("*.py"))
)
COMMENTS = {".sql": r"--[^\n]*|\{#.*?#\}|/\*.*?\*/", ".yml": r"(?m)(?:^|\s)#[^\n]*"}


def code_of(path: Path) -> str:
    """A file without its comments; of Python, without docstrings too."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return re.sub(COMMENTS[path.suffix], " ", text, flags=re.DOTALL if path.suffix == ".sql" else 0)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def test_no_model_names_an_engine() -> None:
    files = [path for path in (DBT_PROJECT_DIR / "models").rglob("*") if path.suffix in COMMENTS]
    assert len(files) > 80
    assert [path.name for path in files if NAMES.search(code_of(path))] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_room_names_an_engine(room: Path) -> None:
    naming = {f"{room.name}/{path.name}" for path in room.rglob("*.py") if NAMES.search(code_of(path))}
    assert naming - OF_MATCHING == set()


@pytest.mark.parametrize(
    ("name", "text", "is_found"),
    [
        ("a.sql", "select 1 -- duckdb\n{# spark #}", False),
        ("b.sql", "select {{ 'x' if target.type == 'y' }} -- fine", True),
        ("c.yml", "a: 1 # on spark\n", False),
        ("d.yml", "a: DuckDB\n", True),
        ("e.py", '"""DuckDB does it."""\na = 1  # spark\n', False),
        ("f.py", "import duckdb\n", True),
    ],
)
def test_comments_are_told_from_code(tmp_path: Path, name: str, text: str, is_found: bool) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert bool(NAMES.search(code_of(path))) == is_found
