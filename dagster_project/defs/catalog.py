"""How assets are named, grouped and described: one place, so that the graph reads as one.

Asset keys mirror the warehouse: `raw/<extract>`, `staging/stg_...`, `marts/fct_orders`.
"""

from __future__ import annotations

import datetime as dt
import graphlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, build_dbt_asset_specs

from dagster_project.defs.dbt_project import SELECTION, Pass
from data_quality.contract import Contract

OWNER = "team:data"
# Steps that use the warehouse, or what it is loaded from: of the runs that have one, one goes on at a time.
WAREHOUSE = "warehouse"
# A model's innermost folder named here is its group; the golden record belongs to who-is-who.
_GROUPS = {
    "staging": "staging",
    "intermediate": "intermediate",
    "golden": "identity",
    "core": "core",
    "attribution": "attribution",
    "kpis": "kpis",
    "segments": "segments",
    "trust": "trust",
    "value": "value",
    "churn": "churn",
}


def team(name: str) -> str:
    """An owner as Dagster spells it: `E-commerce team` -> `team:e-commerce`."""
    slug = "-".join(name.lower().removesuffix("team").split())
    return f"team:{slug}" if slug else OWNER


def delivered(extract: str) -> dg.AssetKey:
    """What a channel delivers: made by the channel, noted when a file arrives that was never seen before."""
    return dg.AssetKey(["landing", extract])


def delivery_spec(contract: Contract) -> dg.AssetSpec:
    """The files of one extract, which the channel promised to bring within days of each other. Late by the wall clock,
    whether or not the nightly job runs; the gate judges lateness as of the run's day."""
    return dg.AssetSpec(
        delivered(contract.id),
        group_name="ingestion",
        description=f"Files as delivered: {contract.name}. Fresh while a new one came within the contract's days.",
        owners=[team(contract.owner)],
        kinds={contract.dialects[0].format},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=promised_days(contract))),
    )


def promised_days(contract: Contract) -> int:
    """Days within which the next file has to come: how often it is delivered, and how late it may be."""
    return max(contract.frequency_days + contract.latency_days, 1)


def raw_spec(contract: Contract) -> dg.AssetSpec:
    """The lake's table of one extract."""
    return dg.AssetSpec(
        ["raw", contract.id],
        deps=[delivered(contract.id)],
        group_name="ingestion",
        description=f"{contract.grain} {contract.description}".strip(),
        owners=[team(contract.owner)],
        kinds={"parquet", contract.dialects[0].format},
        tags={"domain": _tag(contract.domain)} if contract.domain else {},
        skippable=True,
    )


def model_specs(manifest: Mapping[str, Any], pass_: Pass) -> Sequence[dg.AssetSpec]:
    """The dbt models of one pass, each after those it reads, with what they depend on outside."""
    select, exclude = SELECTION[pass_]
    specs = build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=_Translator(), select=select, exclude=exclude or None
    )
    by_key = {spec.key: spec for spec in specs}
    order = graphlib.TopologicalSorter({spec.key: [dep.asset_key for dep in spec.deps] for spec in specs})
    return [by_key[key] for key in order.static_order() if key in by_key]


class _Translator(DagsterDbtTranslator):
    def __init__(self) -> None:
        super().__init__(
            DagsterDbtTranslatorSettings(enable_asset_checks=False, enable_duplicate_source_asset_keys=True)
        )

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "")

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders = Path(dbt_resource_props.get("path", "")).parts
        named = [_GROUPS[folder] for folder in folders if folder in _GROUPS]
        return named[-1] if named else "models"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        owner = (dbt_resource_props.get("meta") or {}).get("owner")
        return [team(owner)] if isinstance(owner, str) else [OWNER]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        return {}


def _tag(value: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in value.lower())
