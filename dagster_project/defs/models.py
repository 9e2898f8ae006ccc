"""The dbt models as assets, in passes between which identity and analytics work, and those two.

Read from dbt's manifest when definitions are loaded; it is parsed on demand and kept until the dbt project changes.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project.defs.catalog import OWNER, WAREHOUSE, model_specs
from dagster_project.defs.dbt_project import DbtProject, Pass
from dagster_project.defs.pipeline import Pipeline, decision_warnings
from dagster_project.settings import home, load_settings

LINKS = dg.AssetKey(["identity", "customer_links"])
_IDENTITY = {
    "customer_links": "One row per source record and the customer it belongs to. Read by every fact.",
    "customer_history": "One row per event in the life of a customer id. Read by marts.customer_id_history.",
    "link_evidence": "One row per piece of evidence and source record it joins. Personal, kept in the directory.",
    "normalised_keys": "One row per source record and contact key in its normal form. Personal, read by no mart.",
    "review_queue": "One row per pair of customers that may be one. Personal, read by `omnivue identity review`.",
}
_ANALYTICS = {
    "attribution_shares": (
        "One row per distinct path and step: the step's share of an order by model. Read by "
        "intermediate.int_attribution_credits.",
        ["int_attribution_paths"],
    ),
    "attribution_weights": (
        "One row per channel and algorithmic model: removal effect or Shapley value. Read by "
        "marts.attribution_by_channel.",
        ["int_attribution_paths"],
    ),
    "experiment_effects": (
        "One row per experiment and variant: lifts with intervals. Read by marts.kpi_experiments.",
        ["int_experiment_results"],
    ),
    "omnichannel_effects": (
        "One row per period and measure: worth of omnichannel customers against others. Read by "
        "marts.kpi_omnichannel_value.",
        ["int_landmark_strata"],
    ),
    "value_scores": (
        "One row per distinct history of purchases: p_alive and orders to expect. Read by "
        "intermediate.int_customer_value.",
        ["int_purchase_statistics"],
    ),
    "order_value_model": (
        "The parameters of the Gamma-Gamma model. Read by intermediate.int_customer_value.",
        ["int_order_value_statistics"],
    ),
    "churn_scores": (
        "One row per customer active now: probability of churn and what speaks for it. Read by marts.customer_churn.",
        ["int_churn_features", "int_purchase_statistics"],
    ),
    "model_evaluations": (
        "One row per model, metric, frequency band and baseline on held-out days. Read by marts.model_evaluations.",
        ["int_purchase_statistics", "int_churn_features"],
    ),
    "personas": (
        "One row per persona and month that defines it, with its centre. Read by intermediate.int_customer_personas.",
        ["int_persona_sample"],
    ),
    "model_parameters": (
        "The parameters of all models, in one row. Read by marts.release_info.",
        ["int_purchase_statistics", "int_order_value_statistics", "int_churn_features"],
    ),
}


def dbt_pass(name: Pass, specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    """One dbt invocation as one step that materialises `specs`."""

    # Without retry: a model that fails, fails again.
    @dg.multi_asset(name=f"dbt_{name}", specs=specs, pool=WAREHOUSE)
    def build(
        context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.MaterializeResult[None]]:
        result = pipeline.build(name)
        for warning in result.warnings:
            context.log.warning(f"dbt test {warning}")
        seconds = {(model.schema, model.name): model.seconds for model in result.models}
        rows = pipeline.rows(list(seconds))
        for spec in specs:
            table = (spec.key.path[0], spec.key.path[1])
            metadata: dict[str, float] = {"seconds": round(seconds.get(table, 0.0), 2)}
            if table in rows:
                metadata["dagster/row_count"] = rows[table]
            yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)

    return build


@dg.multi_asset(
    name="identity",
    pool=WAREHOUSE,
    specs=[
        dg.AssetSpec(
            ["identity", table],
            deps=[["intermediate", name] for name in ("int_customer_records", "int_record_revenue")],
            group_name="identity",
            description=description,
            owners=[OWNER],
            kinds={"python", "duckdb"},
        )
        for table, description in _IDENTITY.items()
    ],
)
def identity(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.MaterializeResult[None]]:
    counts = pipeline.identify()
    for warning in decision_warnings(counts):
        context.log.warning(warning)
    rows = pipeline.rows([("identity", table) for table in _IDENTITY])
    for table in _IDENTITY:
        metadata: dict[str, int] = {"dagster/row_count": rows[("identity", table)]}
        if table == LINKS.path[1]:
            metadata |= counts
        yield dg.MaterializeResult(asset_key=["identity", table], metadata=metadata)


@dg.multi_asset(
    name="analytics",
    pool=WAREHOUSE,
    specs=[
        dg.AssetSpec(
            ["analytics", table],
            deps=[["intermediate", name] for name in read],
            group_name="analytics",
            description=description,
            owners=[OWNER],
            kinds={"python"},
        )
        for table, (description, read) in _ANALYTICS.items()
    ],
)
def analytics(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.MaterializeResult[None]]:
    for table, rows in pipeline.analyse().items():
        yield dg.MaterializeResult(asset_key=["analytics", table], metadata={"dagster/row_count": rows})


@dg.definitions
def models() -> dg.Definitions:
    place = home().create()
    manifest = DbtProject(place, load_settings(place.settings_file)).manifest()
    return dg.Definitions(
        assets=[
            dbt_pass("first_pass", model_specs(manifest, "first_pass")),
            identity,
            dbt_pass("second_pass", model_specs(manifest, "second_pass")),
            analytics,
            dbt_pass("third_pass", model_specs(manifest, "third_pass")),
        ]
    )
