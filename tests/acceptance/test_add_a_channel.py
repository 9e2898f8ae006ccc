"""CONTRIBUTING's "Add a channel", followed to the letter in a copy of the sources: its blocks are the only input."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
SOURCES = ("dagster_project", "data_quality", "dbt")
BLOCK = re.compile(r"^```(?:yaml|sql|json)\n(?:#|--) (?P<place>.+)\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)
ADDITION = re.compile(r"add to (?P<path>\S+), at the end of the union `(?P<cte>\w+)`")


def follow(guide: str, target: Path) -> list[Path]:
    """Write the guide's files below `target` and add its lines to the unions it names; returns what was touched."""
    touched = []
    for block in BLOCK.finditer(guide):
        place, text = block["place"], block["text"]
        addition = ADDITION.fullmatch(place)
        path = target / (addition["path"] if addition else place)
        if addition:
            model = path.read_text(encoding="utf-8")
            start = model.index(f"\n{addition['cte']} as (\n")
            end = model.index("\n)", start)
            path.write_text(f"{model[:end]}\n{text.rstrip()}{model[end:]}", encoding="utf-8")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        touched.append(path)
    return touched


def test_the_guide_makes_whatsapp_a_channel(tmp_path: Path, omnivue) -> None:
    sources, home = tmp_path / "sources", tmp_path / "home"
    for name in SOURCES:
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    shutil.copy(ROOT / "pyproject.toml", sources)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    guide = guide[guide.index("## Add a channel") : guide.index("## Add a KPI")]
    touched = follow(guide, sources)
    assert len(touched) == 8

    omnivue("simulate", "--customers", "150", "--months", "3", "--no-dirt", home=home)
    shutil.copytree(sources / "tests/fixtures/whatsapp_messages", home / "landing/whatsapp_messages")
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(sources), "OMNIVUE_HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]

    # By hand: two inbound messages from two numbers, on 31 October in Paris; our own answer is no touch.
    with duckdb.connect(str(home / "published/current/omnivue.duckdb"), read_only=True) as session:
        touches = session.execute(
            "select touched_at::varchar, customer_id <> 'unknown' from marts.fct_touchpoints "
            "where touch_channel = 'whatsapp' order by 1"
        ).fetchall()
        channel = session.execute("select count(*) from marts.dim_channels where channel = 'whatsapp'").fetchone()
        off = session.execute("select sum(abs(difference)) from marts.reconciliation").fetchone()
    assert touches == [("2026-10-31 08:12:44", True), ("2026-10-31 17:02:31", True)]
    assert channel == (1,)
    assert off == (0,)
