"""Unhappy customers: a check that warns of negative answers, and the list of whom to call back for them."""

import dagster as dg
import pyarrow as pa

from dagster_project.defs.catalog import OWNER, WAREHOUSE
from dagster_project.defs.gate import RESULTS
from dagster_project.defs.outcomes import NEGATIVE_ANSWERS
from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.retries import tried_again
from dagster_project.feedback import summary

SHOWN_CUSTOMERS = 100


@dg.asset_check(
    asset=["marts", "fct_survey_responses"],
    name=NEGATIVE_ANSWERS,
    blocking=False,
    pool=WAREHOUSE,
    description="Warns of negative answers (CSAT) of known customers that the release before did not hold.",
)
def negative_answers(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    answers = pipeline.negative_answers()
    new = answers.filter(answers["is_new"])
    moments = new.group_by(["channel", "interaction_type"]).aggregate([([], "count_all")])
    customers = list(dict.fromkeys(new["customer_id"].to_pylist()))
    return dg.AssetCheckResult(
        passed=new.num_rows < pipeline.settings.alerts.csat.min_answers,
        severity=dg.AssetCheckSeverity.WARN,
        description=summary(answers) or None,
        metadata={
            "answers": answers.num_rows,
            "new_answers": new.num_rows,
            "customers_to_call_back": len(customers),
            "by_channel_and_moment": _moments(moments),
            # Ids alone: `omnivue customer <id>` says who it is, to those who may know.
            "customer_ids": dg.MetadataValue.json(customers[:SHOWN_CUSTOMERS]),
        },
    )


def _moments(moments: pa.Table) -> dg.TableMetadataValue:
    columns = [dg.TableColumn("channel"), dg.TableColumn("moment"), dg.TableColumn("new_answers", "int")]
    rows = sorted(
        ((row["channel"], row["interaction_type"], row["count_all"]) for row in moments.to_pylist()),
        key=lambda row: (-row[2], row[0], row[1]),
    )
    names = [column.name for column in columns]
    records = [dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


@dg.asset(
    key=["directory", "contacts_to_call_back"],
    deps=[["marts", "fct_survey_responses"], ["intermediate", "int_customer_golden"], RESULTS],
    group_name="publication",
    description=(
        "Who gave a negative answer lately, with name and phone: a CSV file (mode 0600) beside the customer directory. "
        "For service calls: they need no consent to marketing, offers do."
    ),
    owners=[OWNER],
    kinds={"csv"},
    pool=WAREHOUSE,
)
def contacts_to_call_back(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult[None]:
    with tried_again(context):
        return dg.MaterializeResult(metadata={"dagster/row_count": pipeline.write_call_backs()})
