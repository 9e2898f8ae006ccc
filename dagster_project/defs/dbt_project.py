"""dbt, called in process: the manifest when it is needed, and the passes between which Python works.

Belongs here: how dbt is invoked and what its results mean. Lives elsewhere: the models (`dbt/`), their assets
(`dagster_project.defs.models`). The project is parsed once per process and all passes share that manifest: `as_of`
changes every night, and dbt parses the whole project anew when a variable changed.
"""

from __future__ import annotations

import contextlib
import graphlib
import itertools
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dagster_project.defs.built_months import MonthsToBuild
from dagster_project.defs.errors import GateFailed
from dagster_project.defs.run_plan import RunPlan, digest_of_files
from dagster_project.publishing import Description
from dagster_project.settings import DBT_PROJECT_DIR, Home, Settings
from dagster_project.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

Watch = Callable[[str, int, int], None]
Pass = Literal["first_pass", "second_pass", "third_pass"]
# What a pass builds, as dbt selects it: a model waits for the step whose tables it reads, itself or through others, and
# what is published waits for identity: the gate judges it as a whole.
SELECTION: Mapping[Pass, tuple[str, str]] = {
    "first_pass": ("fqn:*", "source:identity+ source:analytics+ fqn:omnivue.marts+"),
    "second_pass": ("source:identity+ fqn:omnivue.marts+", "source:analytics+"),
    "third_pass": ("source:analytics+", ""),
}
_DIGEST_FILE = "omnivue_sources.sha256"


class DbtError(RuntimeError):
    """A model could not be built; the message names it and the database's complaint."""


@dataclass(frozen=True)
class ModelRun:
    """One model of one pass: `seconds` of execution."""

    schema: str
    name: str
    seconds: float


@dataclass(frozen=True)
class PassResult:
    """What one pass built and how many of its tests passed; a test with severity warn that failed is in `warnings`."""

    models: tuple[ModelRun, ...]
    tests_passed: int
    warnings: tuple[str, ...]


class DbtProject:
    """The dbt project of this code over one OMNIVUE_HOME."""

    def __init__(self, home: Home, settings: Settings, warehouse: Warehouse | None = None) -> None:
        self._home = home
        self._settings = settings
        self._warehouse = warehouse or open_warehouse(home, settings)
        self._parsed: Manifest | None = None

    @property
    def manifest_path(self) -> Path:
        return self._home.dbt / "target" / "manifest.json"

    def manifest(self) -> dict[str, Any]:
        """manifest.json as dbt wrote it, parsed anew when it is missing, older than the project's files, or cut off."""
        digest = digest_of_files([DBT_PROJECT_DIR])
        record = self.manifest_path.with_name(_DIGEST_FILE)
        if record.exists() and record.read_text(encoding="utf-8") == digest:
            # dbt writes the file in place, several times a run: a run that was killed meanwhile leaves half of it.
            with contextlib.suppress(FileNotFoundError, ValueError):
                return self._written()
        self._parse()
        record.write_text(digest, encoding="utf-8")
        return self._written()

    def _written(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        return manifest

    def build(
        self,
        pass_: Pass,
        plan: RunPlan,
        months: MonthsToBuild,
        *,
        watch: Watch | None = None,
    ) -> PassResult:
        """Build and test every model of `pass_`, those built month by month as `months` tells. `watch` hears of each
        model as it ends: its name, how many are done, how many there are.

        Raises DbtError when a model fails, GateFailed when only tests do.
        """
        manifest = self._parsed or self._parse()
        arguments = [
            "build",
            "--select",
            *SELECTION[pass_][0].split(),
            *(["--exclude", *SELECTION[pass_][1].split()] if SELECTION[pass_][1] else []),
            # Unit tests belong to `make test`; a test that needs the other pass's models waits for that pass.
            "--exclude-resource-type",
            "unit_test",
            "--indirect-selection",
            "buildable",
            "--vars",
            self._settings.dbt_vars(plan.as_of, plan.data_through, months.changed, months.settled),
        ]
        if months.changed is None:
            arguments.append("--full-refresh")
        total = _models_by_pass(manifest)[pass_]
        result = self._invoke(arguments, manifest=manifest, listen=_model_listener(watch, total) if watch else None)
        return _pass_result(result, self._home.dbt / "logs" / "dbt.log")

    def descriptions(self, schema: str) -> dict[str, Description]:
        """By table of a schema, what dbt's YAML says of it, the meta of KPI tables included."""
        manifest = self.manifest()
        nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
        keys = _keys(manifest["nodes"].values())
        return {
            node.get("alias") or node["name"]: Description(
                _described(node["description"], node.get("config", {}).get("meta", {})),
                {name: column["description"] for name, column in node["columns"].items() if column["description"]},
                tuple(sorted(keys.get(node["unique_id"], ()))),
            )
            for node in nodes
            if node["resource_type"] in ("model", "source") and node["schema"] == schema
        }

    def command(self, arguments: Sequence[str], plan: RunPlan) -> int:
        """Any dbt command, its output on the screen; returns dbt's exit code: 0, or 1 when a node failed. Raises
        DbtError when dbt does not understand it."""
        os.environ.update(self._env())
        from dbt.cli.main import dbtRunner

        self._warehouse.start()
        variables = self._settings.dbt_vars(plan.as_of, plan.data_through)
        outcome = dbtRunner().invoke([*arguments, *self._places(), "--vars", variables])
        if outcome.exception is not None:
            raise DbtError(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
        return 0 if outcome.success else 1

    def _env(self) -> dict[str, str]:
        return os.environ | {
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OMNIVUE_WAREHOUSE": str(self._home.warehouse),
        }

    def _places(self) -> list[str]:
        return [
            "--project-dir",
            str(DBT_PROJECT_DIR),
            "--profiles-dir",
            str(DBT_PROJECT_DIR),
            "--target-path",
            str(self._home.dbt / "target"),
            "--log-path",
            str(self._home.dbt / "logs"),
            "--target",
            self._warehouse.dbt_target,
        ]

    def _parse(self) -> Manifest:
        variables = json.dumps(self._settings.public(), sort_keys=True)
        manifest: Manifest = self._invoke(["parse", "--vars", variables])
        self._parsed = manifest
        return manifest

    def _invoke(
        self,
        arguments: Sequence[str],
        *,
        manifest: Manifest | None = None,
        listen: Callable[[Any], None] | None = None,
    ) -> Any:
        os.environ.update(self._env())
        from dbt.cli.main import dbtRunner

        if arguments[0] != "parse":
            self._warehouse.start()
        outcome = dbtRunner(manifest=manifest, callbacks=[listen] if listen else []).invoke(
            [
                *arguments,
                *self._places(),
                "--log-level-file",
                "info",
                "--log-level",
                "none",
                "--no-version-check",
            ]
        )
        self._let_go()
        if isinstance(outcome.exception, Exception):
            raise DbtError(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
        if outcome.exception is not None:
            # Told to end: that is for who called, not a failure of dbt.
            raise outcome.exception
        return outcome.result

    def _let_go(self) -> None:
        """Close what dbt keeps for the life of the process: its log file, and what the engine holds."""
        for handler in logging.getLogger("file_log").handlers:
            handler.close()
        self._warehouse.let_go()


def _models_by_pass(manifest: Manifest) -> Counter[Pass]:
    """How many models each pass builds, see SELECTION."""
    order = list(SELECTION)
    written: dict[str, Pass] = {"identity": "second_pass", "analytics": "third_pass"}
    found: dict[str, Pass] = {
        key: written.get(source.source_name, "first_pass") for key, source in manifest.sources.items()
    }
    nodes = {key: node for key, node in manifest.nodes.items() if node.resource_type in ("model", "seed")}
    parents = {key: set(node.depends_on_nodes) & (nodes.keys() | found.keys()) for key, node in nodes.items()}
    for key in graphlib.TopologicalSorter(parents).static_order():
        if key not in found:
            own: Pass = "second_pass" if nodes[key].fqn[1] == "marts" else "first_pass"
            found[key] = max([own, *(found[parent] for parent in parents[key])], key=order.index)
    return Counter(pass_ for key, pass_ in found.items() if key.startswith("model."))


def _keys(nodes: Iterable[Mapping[str, Any]]) -> dict[str, set[tuple[str, ...]]]:
    """By model, the columns of each key that a test without exceptions holds unique."""
    keys: dict[str, set[tuple[str, ...]]] = {}
    for node in nodes:
        test = node.get("test_metadata") or {}
        if test.get("name") in ("unique", "unique_combination") and not node["config"].get("where"):
            arguments = test["kwargs"]
            columns = arguments.get("columns") or [arguments["column_name"]]
            keys.setdefault(str(node["attached_node"]), set()).add(tuple(columns))
    return keys


def _described(description: str, meta: Mapping[str, Any]) -> str:
    """A table's description, and after it what its meta says of a KPI: caveats, date basis, window, owner."""
    if "caveats" not in meta:
        return description
    facts = f"Counts by {meta['counts_by']}. Window {meta['time_window']}. Owner {meta['owner']}."
    return " ".join([description, *meta["caveats"], facts])


def _model_listener(watch: Watch, total: int) -> Callable[[Any], None]:
    """A listener to dbt's events that counts finished models."""
    done = itertools.count(1)

    def listen(event: Any) -> None:
        if event.info.name == "NodeFinished" and event.data.node_info.resource_type == "model":
            watch(event.data.node_info.node_name, next(done), total)

    return listen


def _pass_result(result: Any, log: Path) -> PassResult:
    errors: list[str] = []
    failures: list[str] = []
    warnings: list[str] = []
    models: list[ModelRun] = []
    tests_passed = 0
    for node_result in result.results:
        node, status = node_result.node, str(node_result.status)
        sentence = f"{node.name}: {_first_line(node_result.message)}"
        if node.resource_type == "test":
            if status == "pass":
                tests_passed += 1
            elif status == "warn":
                warnings.append(sentence)
            elif status == "fail":
                failures.append(sentence)
        elif node.resource_type == "model" and status == "success":
            models.append(ModelRun(node.schema, node.name, float(node_result.execution_time)))
        if status in {"error", "runtime error"}:
            errors.append(sentence)
    if errors:
        raise DbtError(f"dbt: {errors[0]}{_and_more(errors)}; see {log}")
    if failures:
        raise GateFailed(f"dbt test {failures[0]}{_and_more(failures)}")
    return PassResult(tuple(models), tests_passed, tuple(warnings))


def _first_line(message: str | None) -> str:
    lines = [line.strip() for line in (message or "no message").splitlines() if line.strip()]
    return " ".join(lines[:3])


def _and_more(items: Sequence[str]) -> str:
    return f" (and {len(items) - 1} more)" if len(items) > 1 else ""
