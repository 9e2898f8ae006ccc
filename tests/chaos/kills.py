"""Crash anywhere: `omnivue run` is killed, its whole process group with SIGKILL, at a random moment of every stage.

A retailer's days arrive bit by bit in two homes. In one of them runs end undisturbed; in the other, each delivery is
followed by ten runs that are killed and one that is left alone. After every kill what is published is whole and one
that was published before; after the run left alone, marts, customer directory and files are those of the other home.
PostgreSQL, where its server is installed, serves one whole release at any time.

Stages are hit by name, not by time alone: a run tells of each step as it ends, so the next has begun, and the instant
around the switch is seen in the folder of releases. Which stages and which share of them is drawn from a fixed seed;
how far a stage had come then is the machine's affair.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.cli.jobs import STEPS
from tests.chaos.homes import (
    COMMAND,
    SMALL,
    Place,
    arrivals,
    check_whole,
    contents,
    current_release,
    deliver,
    differences,
    files,
    scratch_folder,
    simulate,
)
from tests.chaos.report import Row
from tests.postgres_server import PostgresServer, running_server, server_binaries

KILLS_PER_ROUND = 10
START, SWITCH, END = "start", "switch", "end"
# The longer a stage, the more there is to break off; the shortest are hit as well.
_WEIGHTS = {
    "ingestion": 3, "dbt first pass": 2, "identity": 2, "dbt second pass": 2, "publication": 2, SWITCH: 3,
    "customer directory": 2,
}  # fmt: skip
# Few releases, so that their removal is reached; no customer's history is needed.
SETTINGS = "publishing:\n  keep_releases: 2\n"
_STEP = re.compile(r"^  (\S.*?)\s+([\d.]+) s ")


@dataclass
class Play:
    """Two homes of one retailer, `ours` with kills and `theirs` without, and what became of the kills."""

    ours: Place
    theirs: Place
    landing: Path
    dice: random.Random
    server: PostgresServer | None
    tell: bool
    hits: Counter[str] = field(default_factory=Counter)
    switched: int = 0
    kills: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    deck: list[str] = field(default_factory=list)

    @property
    def dsn(self) -> dict[str, str]:
        return {"OMNIVUE_POSTGRES_DSN": self.server.dsn()} if self.server else {}

    @property
    def order(self) -> list[str]:
        """The stages in the order of the undisturbed run."""
        return list(self.seconds)

    def say(self, text: str) -> None:
        if self.tell:
            print(text, flush=True)

    def deal(self, number: int) -> list[str]:
        """Stages to hit next, in the order they come in a run: those after the switch leave nothing to build."""
        while len(self.deck) < number:
            whole = [stage for stage in [*self.order, SWITCH] for _ in range(_WEIGHTS.get(stage, 1))]
            self.dice.shuffle(whole)
            self.deck += whole
        dealt, self.deck = self.deck[:number], self.deck[number:]
        return sorted(dealt, key=lambda stage: self.order.index("publication" if stage == SWITCH else stage))

    def round(self, days: Sequence[str], kills: int) -> None:
        """These days arrive; kills, and a run left alone. Raises AssertionError when any harm is done."""
        for place in (self.ours, self.theirs):
            deliver(self.landing, days, place)
        self.disturb(kills, stage_seconds(self.theirs.omnivue("run").stdout))

    def disturb(self, kills: int, seconds: dict[str, float]) -> None:
        """Kill runs over what has arrived, and leave one alone, after which our home must be theirs. `seconds` of each
        stage are those of their run."""
        self.seconds = seconds
        if self.server:
            self.seconds.setdefault("PostgreSQL", 1.0)
        before = current_release(self.ours.home)
        for stage in self.deal(kills):
            self.kill(stage, rebuild=current_release(self.ours.home) != before)
        done = self.ours.omnivue("run", more=self.dsn)
        check_whole(self.ours.home)
        self.compare(is_new="Nothing new" not in done.stdout)

    def kill(self, stage: str, *, rebuild: bool) -> None:
        """Kill a run in `stage`; once more, earlier, where it ended before."""
        share = self.dice.random()
        for _ in range(5):
            arguments = ["run", "--rebuild"] if rebuild else ["run"]
            hit = self._run_and_kill(arguments, stage, share)
            self.check()
            if hit is not None:
                break
            # It is published, so there is nothing to build for the next.
            rebuild, share = True, share / 2
        else:
            # A machine too busy for so short a stage.
            self.kill("dbt second pass", rebuild=True)
            return
        self.kills += 1
        self.hits[hit] += 1
        self.say(f"kill {self.kills:4}: aimed at {stage}, hit {hit}; current {current_release(self.ours.home)}")

    def _run_and_kill(self, arguments: Sequence[str], stage: str, share: float) -> str | None:
        """The stage it was killed in; None when it ended by itself."""
        run = Running(self.ours, arguments, self.dsn, self.order)
        try:
            # Between the renaming of the release and the end there are some milliseconds.
            wait = 0.01 * share if stage == SWITCH else share * self.seconds[stage]
            if stage == SWITCH:
                # It is over in a moment, in which whoever watches must not wait for the machine.
                os.setpriority(os.PRIO_PROCESS, run.process.pid, 10)
            while run.process.poll() is None and not run.has_begun(stage):
                time.sleep(0 if stage == SWITCH and run.has_begun("publication") else 0.005)
            end = time.monotonic() + wait
            while run.process.poll() is None and time.monotonic() < end:
                time.sleep(min(0.005, max(0.0, end - time.monotonic())))
        finally:
            code = run.kill()
        if code != -signal.SIGKILL:
            assert code == 0, f"a run that was not killed exited {code}: {run.output[-3000:]}"
            return None
        return run.stage()

    def check(self) -> None:
        """What is published is whole, and as it was when it was first seen."""
        manifest = check_whole(self.ours.home)
        if manifest is not None:
            known = self.published.setdefault(manifest["id"], manifest)
            assert manifest == known, f"release {manifest['id']} is another than it was"
        if self.server is not None:
            check_served(self.server, self.published)

    def compare(self, *, is_new: bool) -> None:
        """Marts, directory and files are those of the home where nothing was killed."""
        assert not (differ := differences(contents(self.ours.home), contents(self.theirs.home))), f"differ: {differ}"
        left, lacking = files(self.ours) - files(self.theirs), files(self.theirs) - files(self.ours)
        if not is_new:
            # Broken off in a rebuild, which the next night's run goes on from.
            left = {path for path in left if not path.endswith(".wal")}
        assert not left, f"left over: {sorted(left)[:20]}"
        assert not lacking, f"lacking: {sorted(lacking)[:20]}"


class Running:
    """`omnivue run` in a process group of its own, and what it has told so far."""

    def __init__(self, place: Place, arguments: Sequence[str], more: dict[str, str], order: Sequence[str]) -> None:
        self.place, self.order = place, order
        self.releases = place.home / "published" / "releases"
        self.known = _names(self.releases)
        self.before = current_release(place.home)
        self.started = time.time()
        self.ended: list[str] = []
        self.output = ""
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=place.environment(more),
            cwd=place.current_folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if (found := _STEP.match(line)) and found[1] in STEPS:
                self.ended.append(found[1])

    def has_begun(self, stage: str) -> bool:
        if stage == START:
            return True
        if stage == "ingestion":
            # It begins with an empty folder for what is about to be placed.
            with contextlib.suppress(FileNotFoundError):
                return (self.place.home / "lake" / ".incoming").stat().st_mtime >= self.started
            return False
        if stage == SWITCH:
            return any(name[0] != "." for name in _names(self.releases) - self.known)
        return self.order[self.order.index(stage) - 1] in self.ended

    def stage(self) -> str:
        """Where it is, or was killed."""
        if not self.ended:
            return "ingestion" if self.has_begun("ingestion") else START
        following = self.order[self.order.index(self.ended[-1]) + 1 :]
        if not following:
            return END
        if following[0] == "publication" and self.has_begun(SWITCH):
            moved = current_release(self.place.home) != self.before
            return "switch, current moved" if moved else "switch, current not moved"
        return following[0]

    def kill(self) -> int:
        """Kill the group, unless its leader has ended: the number of one that was waited for may be another's by now.
        Returns the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.finish()

    def finish(self) -> int:
        """Wait for its end and the last of what it says; returns the exit code."""
        code = self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()  # noqa: PTH208, in a tight loop


def stage_seconds(output: str) -> dict[str, float]:
    """Seconds of each stage, in order, as a run told them."""
    lines = filter(None, map(_STEP.match, output.splitlines()))
    told = {found[1]: float(found[2]) for found in lines if found[1] in STEPS}
    assert "publication" in told, f"nothing was published: {output}"
    time_ = re.search(r"\btime\s+(\d+) s", output)
    return {START: max(1.0, float(time_[1]) - sum(told.values())) if time_ else 5.0} | told


def check_served(server: PostgresServer, published: dict[str, Any]) -> None:
    """Schema marts is one whole release that was published, and every release there holds all its rows."""
    with psycopg.connect(server.dsn(), autocommit=True) as session:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return session.execute(sql.encode()).fetchall()

        if ask("select to_regclass('omnivue.releases') is null") == [(True,)]:
            return
        listed = ask("select id, schema_name, is_current from omnivue.releases order by id")
        there = {name for (name,) in ask("select nspname from pg_namespace where nspname ~ '^(release|superseded)_'")}
        assert there == {name for _, name, _ in listed}, f"schemas {there}, releases {listed}"
        for id_, schema, _ in listed:
            for table in published[id_]["tables"]:
                rows = ask(f'select count(*) from "{schema}"."{table["name"]}"')
                assert rows == [(table["rows"],)], f"{schema}.{table['name']} has {rows} rows, not {table['rows']}"
        served = [id_ for id_, _, is_current in listed if is_current]
        if served:
            assert ask("select release_id from marts.release_info") == [(served[0],)]


@contextlib.contextmanager
def _server(wanted: bool) -> Iterator[PostgresServer | None]:
    if not wanted or server_binaries() is None:
        yield None
        return
    with running_server() as server:
        yield server


def play(
    scratch: Path,
    kills: int,
    *,
    seed: int,
    size: tuple[int, int] = SMALL,
    tell: bool = False,
    postgres: bool = True,
    stages: Sequence[str] = (),
) -> Play:
    """Kill so many runs, the last round's fewer, in homes below `scratch`. `stages` are hit before any drawn ones.
    Raises AssertionError when any harm is done."""
    landing = simulate(scratch / "retailer", *size, seed)
    rounds = -(-kills // KILLS_PER_ROUND)
    days = arrivals(landing)
    # The first half at once, then some days before each further round.
    cuts = [0, *(len(days) // 2 + (len(days) - len(days) // 2) * done // rounds for done in range(rounds))]
    with _server(postgres) as server:
        game = Play(
            Place(scratch / "ours").create(),
            Place(scratch / "theirs").create(),
            landing,
            random.Random(seed),
            server,
            tell,
            deck=list(stages),
        )
        for place in (game.ours, game.theirs):
            place.settings(SETTINGS)
        for number, (start, end) in enumerate(itertools.pairwise(cuts), start=1):
            began = time.perf_counter()
            game.round(days[start:end], min(KILLS_PER_ROUND, kills - game.kills))
            game.say(
                f"round {number} of {len(cuts) - 1}: {game.kills} kills survived, {time.perf_counter() - began:.0f} s"
            )
    return game


def run(kills: int, *, seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with scratch_folder() as scratch:
        game = play(scratch, kills, seed=seed, tell=tell)
    note = ", ".join(f"{stage} {number}" for stage, number in game.hits.most_common())
    without = "" if game.server else "; without PostgreSQL, whose server is not installed"
    return Row(
        "crash anywhere", kills=kills, survived=game.kills, seconds=time.perf_counter() - started, note=note + without
    )
