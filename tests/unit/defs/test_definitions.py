"""What the graph holds: every contract, every model, every suite; and that all of it says what it is."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from data_quality.contract import load_contracts
from data_quality.suites import core, marts


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> dg.AssetGraph:
    return definitions.resolve_asset_graph()


def test_every_contract_is_an_asset_of_the_lake(graph: dg.AssetGraph) -> None:
    raw = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "raw"}
    assert raw == set(load_contracts())


def test_every_suite_is_one_blocking_check_of_a_table_that_exists(graph: dg.AssetGraph) -> None:
    expected = {f"raw/{name}": f"landing_{name}" for name in load_contracts()}
    expected |= {suite.table.replace(".", "/"): suite.name.replace(".", "_") for suite in core.suites()}
    expected |= {suite.table.replace(".", "/"): suite.name.replace(".", "_") for suite in marts.suites()}
    gates = {key for key in graph.asset_check_keys if key.name != "negative_answers"}
    assert {key.asset_key.to_user_string(): key.name for key in gates} == expected
    assert set(expected) <= {key.to_user_string() for key in graph.materializable_asset_keys}
    assert all(graph.get(key).blocking for key in gates)


def test_unhappy_customers_keep_nothing_from_being_published(graph: dg.AssetGraph) -> None:
    check = dg.AssetCheckKey(dg.AssetKey(["marts", "fct_survey_responses"]), "negative_answers")
    assert not graph.get(check).blocking


def test_nothing_in_the_graph_is_without_a_maker_but_what_channels_deliver(graph: dg.AssetGraph) -> None:
    outside = {key.to_user_string() for key in graph.get_all_asset_keys() - graph.materializable_asset_keys}
    assert outside == {f"landing/{name}" for name in load_contracts()}


def test_a_delivery_is_late_after_the_days_of_its_contract(graph: dg.AssetGraph) -> None:
    # Surveys come every 7 days, up to 4 days late; the release after a night and its run, at the latest the second.
    surveys = graph.get(dg.AssetKey(["landing", "survey_responses"])).freshness_policy
    assert surveys == dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=11))
    for name, contract in load_contracts().items():
        policy = graph.get(dg.AssetKey(["landing", name])).freshness_policy
        days = contract.frequency_days + contract.latency_days
        assert policy == dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=days)), name
    assert graph.get(dg.AssetKey(["published", "release"])).freshness_policy is not None


def test_whoever_uses_the_warehouse_is_in_its_pool(definitions: dg.Definitions) -> None:
    outside = {"published__postgres"}
    for job in ("nightly", "backfill"):
        steps = {node.name: node.definition for node in definitions.resolve_job_def(job).nodes}
        pools = {name: step.pool for name, step in steps.items() if isinstance(step, dg.OpDefinition)}
        assert {name for name, pool in pools.items() if pool != "warehouse"} == outside & set(pools)


def test_the_night_is_one_run_and_days_are_another_job(definitions: dg.Definitions) -> None:
    nightly, backfill = (definitions.resolve_job_def(name) for name in ("nightly", "backfill"))
    assert nightly.partitions_def is None
    assert isinstance(backfill.partitions_def, dg.DailyPartitionsDefinition)
    by_day = dg.AssetKey(["landing", "deliveries_by_day"])
    assert backfill.asset_layer.executable_asset_keys == {by_day}
    assert by_day not in nightly.asset_layer.executable_asset_keys


def test_every_asset_says_what_it_is_whose_it_is_and_where_it_belongs(graph: dg.AssetGraph) -> None:
    groups = {"ingestion", "staging", "intermediate", "identity", "core", "attribution", "analytics", "kpis", "trust"}
    groups |= {"churn", "publication", "segments", "value"}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name in groups, key
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key


def test_the_release_is_downstream_of_every_extract(graph: dg.AssetGraph) -> None:
    upstream = graph.upstream_key_iterator(dg.AssetKey(["published", "release"]))
    reached = {key.path[1] for key in upstream if key.path[0] == "raw"}
    assert reached == set(load_contracts())
