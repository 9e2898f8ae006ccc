"""Date patterns and types as SQL text."""

from __future__ import annotations

import pytest

from dagster_project.ingestion.date_formats import DateFormatError, date_format
from dagster_project.ingestion.expressions import struct_fields, structure
from dagster_project.ingestion.lake import path_segment


@pytest.mark.parametrize(
    ("pattern", "formats", "lengths", "zulu"),
    [
        ("dd/MM/yyyy", ("%d/%m/%Y",), (10,), ()),
        ("yyyy-MM-dd HH:mm:ss Z", ("%Y-%m-%d %H:%M:%S %z",), (25,), ()),
        ("yyyy-MM-dd'T'HH:mmXXX", ("%Y-%m-%dT%H:%M%z",), (22,), (17,)),
        ("HH'h'mm[:ss]", ("%Hh%M:%S", "%Hh%M"), (5, 8), ()),
        ("yy''MM 100%", ("%y'%m 100%%",), (10,), ()),
    ],
)
def test_jdk_patterns_become_strptime_formats(
    pattern: str, formats: tuple[str, ...], lengths: tuple[int, ...], zulu: tuple[int, ...]
) -> None:
    known = date_format(pattern)
    assert (known.formats, known.lengths, known.zulu_lengths) == (formats, lengths, zulu)


def test_unknown_letters_are_named() -> None:
    with pytest.raises(DateFormatError, match="date format 'EEE dd': 'EEE' is not supported"):
        date_format("EEE dd")


def test_struct_types_are_taken_apart() -> None:
    type_ = 'STRUCT(id BIGINT, "at" VARCHAR, price DECIMAL(12,2), value STRUCT(a DOUBLE, b VARCHAR[])[])'
    assert struct_fields(type_) == [
        ("id", "BIGINT"), ("at", "VARCHAR"), ("price", "DECIMAL(12,2)"), ("value", "STRUCT(a DOUBLE, b VARCHAR[])[]"),
    ]  # fmt: skip
    assert structure(type_ + "[]", leaves="VARCHAR") == [
        {"id": "VARCHAR", "at": "VARCHAR", "price": "VARCHAR", "value": [{"a": "VARCHAR", "b": ["VARCHAR"]}]}
    ]


@pytest.mark.parametrize("key", ["a/b", "a=b", "..", "é", "a b", "x" * 200])
def test_delivery_keys_become_path_segments_that_stay_apart(key: str) -> None:
    segment = path_segment(key)
    assert segment != path_segment(key + "x")
    assert len(segment) < 130
    assert not set(segment) & set("/= ")
    assert not segment.startswith(".")
    assert path_segment("orders_2026-01-05.v2") == "orders_2026-01-05.v2"
