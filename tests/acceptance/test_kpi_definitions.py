"""What KPIs rest on: the last answer of an invitation, plans of experiments, costs of every channel, the settings."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from pathlib import Path

import pytest
from acceptance_tools import fingerprints, marts

# What looks back over windows.active_days (the margin rate of customer_value and churn do), and what is shown by the
# omnichannel level that does.
OF_ACTIVE_DAYS = frozenset(
    {
        "customer_category_lapse", "customer_churn", "customer_segments_monthly", "customer_value", "data_profile",
        "data_quality_results", "dim_customers", "kpi_ces", "kpi_channel_matrix", "kpi_channel_transitions",
        "kpi_churn_drivers", "kpi_conversion", "kpi_csat", "kpi_customer_value", "kpi_definitions",
        "kpi_message_engagement", "kpi_nps", "kpi_retention", "kpi_scorecard", "kpi_segment_movements",
        "model_evaluations", "persona_profiles", "release_info",
    }
)  # fmt: skip


def _answers(home: Path) -> dict[str, dict[str, tuple[str, int]]]:
    """By invitation and response_id, (local time of the answer, score), read from landing without Omnivue."""
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for file in home.glob("landing/survey_responses/*/*.csv"):
        for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8", errors="replace"), newline="")):
            if (row["score"] or "").isdigit() and row["responded_at"] and row["survey"] in ("nps", "csat", "ces"):
                answer = (row["responded_at"], int(row["score"]))
                found.setdefault(row["invitation_id"], {})[row["response_id"]] = answer
    return found


def test_of_a_survey_answered_twice_the_latest_answer_counts(retailer: Path) -> None:
    answers = _answers(retailer)
    twice = {invitation for invitation, given in answers.items() if len(given) > 1}
    latest = {
        hashlib.md5(f"survey_response|{invitation}".encode()).hexdigest(): max(given.values())[1]
        for invitation, given in answers.items()
    }
    with marts(retailer) as session:
        published = dict(
            session.execute("select survey_response_id, score from fct_survey_responses where is_answered").fetchall()
        )
    assert twice
    assert published == latest


def test_every_experiment_has_its_plan_and_every_channel_its_cost(retailer: Path) -> None:
    with marts(retailer) as session:
        outside = session.execute(
            """
            select count(*)
            from fct_experiment_exposures as exposures
            left join dim_experiments as plans using (experiment_id)
            where plans.planned_units is null
                or exposures.variant not in (plans.control_variant, plans.treatment_variant)
                or exposures.first_exposed_at not between plans.starts_at and plans.ends_at
            """
        ).fetchone()
        running = session.execute(
            "select touch_channel, count(distinct cost_month), min(cost) > 0 from fct_channel_costs "
            "where category = 'running' group by 1 order by 1"
        ).fetchall()
    assert outside == (0,)
    assert [row[0] for row in running] == ["chat", "phone", "push", "sms"]
    # One row of a month may have been refused.
    assert all(months >= 14 and costs for _, months, costs in running)


def test_a_run_leaves_the_kpi_catalogue_beside_the_data_docs(retailer: Path) -> None:
    page = (retailer / "docs" / "kpi_catalogue.html").read_text(encoding="utf-8")
    with marts(retailer) as session:
        tables = [name for (name,) in session.execute("select distinct kpi from kpi_definitions").fetchall()]
        (comment,) = session.execute(
            "select comment from duckdb_tables() where schema_name = 'marts' and table_name = 'kpi_retention'"
        ).fetchone()
    assert tables
    assert all(f'id="{table}"' in page for table in tables)
    assert comment.endswith("Counts by date of order. Window 365 days. Owner marketing.")


@pytest.mark.slow
def test_another_window_changes_the_tables_that_use_it_and_no_other(retailer: Path, omnivue, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(retailer, home, symlinks=True)
    before = fingerprints(home)
    (home / "settings.yaml").write_text("windows: {active_days: 180}\n", encoding="utf-8")
    omnivue("run", home=home)
    after = fingerprints(home)

    changed = {table for table in before.keys() | after.keys() if before.get(table) != after.get(table)}
    assert changed <= OF_ACTIVE_DAYS
    assert changed >= {"customer_segments_monthly", "kpi_definitions", "kpi_retention", "release_info"}
    with marts(home) as session:
        ((window,),) = session.execute(
            "select distinct time_window from kpi_definitions where kpi = 'kpi_retention'"
        ).fetchall()
    assert window == "180 days"
    assert "180 days" in (home / "docs" / "kpi_catalogue.html").read_text(encoding="utf-8")
