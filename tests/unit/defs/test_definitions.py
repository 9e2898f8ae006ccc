"""What the graph holds: every contract, every model, every suite; and that all of it says what it is."""

from __future__ import annotations

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
    assert {key.asset_key.to_user_string(): key.name for key in graph.asset_check_keys} == expected
    assert set(expected) <= {key.to_user_string() for key in graph.materializable_asset_keys}
    assert all(graph.get(key).blocking for key in graph.asset_check_keys)


def test_nothing_in_the_graph_is_without_a_maker(graph: dg.AssetGraph) -> None:
    assert {key.to_user_string() for key in graph.get_all_asset_keys() - graph.materializable_asset_keys} == set()


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
