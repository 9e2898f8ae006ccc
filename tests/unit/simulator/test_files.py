"""Files without dirt: every row meets its contract, names and numbers of files are as agreed, figures tie out.

Read with Python's own csv, json and gzip, and judged by the shipped contracts.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from python_calamine import CalamineWorkbook

CONTRACTS = Path(__file__).resolve().parents[3] / "data_quality" / "contracts"
EXTRACTS = sorted(path.name.removesuffix(".odcs.yaml") for path in CONTRACTS.glob("*.odcs.yaml"))
FORMATS = {
    "yyyy-MM-dd": "%Y-%m-%d",
    "dd/MM/yyyy": "%d/%m/%Y",
    "MM/dd/yyyy": "%m/%d/%Y",
    "yyyy-MM-dd HH:mm": "%Y-%m-%d %H:%M",
    "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S",
    "yyyy-MM-dd HH:mm:ss Z": "%Y-%m-%d %H:%M:%S %z",
    "yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX": "%Y-%m-%dT%H:%M:%S%z",
}


def _contract(extract: str) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    document = yaml.safe_load((CONTRACTS / f"{extract}.odcs.yaml").read_text(encoding="utf-8"))
    custom = {item["property"]: item["value"] for item in document.get("customProperties", [])}
    return custom, document["schema"][0]["properties"], document["servers"][0]


def _records(
    path: Path, custom: dict[str, Any], server: dict[str, Any]
) -> tuple[list[str] | None, list[dict[str, Any]]]:
    if path.suffix == ".xlsx":
        rows = CalamineWorkbook.from_path(path).get_sheet_by_name(custom["sheet"]).to_python()
        return [str(cell) for cell in rows[0]], [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    if path.suffix == ".parquet":
        return None, pq.read_table(path).to_pylist()
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if server["format"] == "json":
        return None, [json.loads(line) for line in raw.decode().splitlines()]
    lines = raw.decode(server["encoding"]).split("\n")[int(custom.get("skipLines", 0)) :]
    if custom.get("footerPattern"):
        lines = [line for line in lines if not re.match(custom["footerPattern"], line)]
    reader = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=custom["delimiter"])
    header, *rows = list(reader)
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def _breaks(value: Any, column: dict[str, Any], custom: dict[str, Any]) -> str | None:
    """What is wrong with a cell, None if it meets the contract."""
    if value is None or value == "":
        return "missing" if column.get("required") else None
    kind, options = column["physicalType"], column.get("logicalTypeOptions") or {}
    number: float | None = None
    if kind in ("BIGINT", "INTEGER") or kind.startswith("DECIMAL"):
        text = str(value).replace(custom.get("thousandsSeparator", "\0"), "")
        if custom.get("decimalSeparator") == ",":
            text = text.replace(".", "?").replace(",", ".")
        if kind.startswith("DECIMAL") or isinstance(value, float):
            if not re.fullmatch(r"-?\d+(\.\d+)?", text):
                return f"not a decimal: {value}"
        elif not re.fullmatch(r"-?\d+", text):
            return f"not an integer: {value}"
        number = float(text)
    elif kind in ("DATE", "TIMESTAMP") and isinstance(value, str):
        try:
            dt.datetime.strptime(value, FORMATS[options["format"]])  # noqa: DTZ007 - only whether it parses
        except ValueError:
            return f"not a time: {value}"
    elif kind == "BOOLEAN" and value not in ("true", "false", True, False):
        return f"not a boolean: {value}"
    if number is not None and not options.get("minimum", number) <= number <= options.get("maximum", number):
        return f"out of range: {value}"
    if "pattern" in options and not re.search(options["pattern"], str(value)):
        return f"not of the pattern: {value}"
    for rule in column.get("quality", []):
        allowed = (rule.get("arguments") or {}).get("validValues")
        if allowed and value not in allowed:
            return f"not in the enumeration: {value}"
    return None


def _judge(simulated: Any, extract: str) -> tuple[int, Counter[str]]:
    custom, columns, server = _contract(extract)
    header = [column["physicalName"] for column in columns]
    keys = [column["physicalName"] for column in columns if column.get("primaryKey")]
    faults: Counter[str] = Counter()
    rows = 0
    for path in simulated.files(extract):
        found, records = _records(path, custom, server)
        if found is not None and found != header:
            faults[f"header {found}"] += 1
        match = re.match(custom["filePattern"], path.name)
        if match is None:
            faults[f"name {path.name}"] += 1
        else:
            day = dt.date.fromisoformat(match["date"])
            if (dt.date.fromisoformat(path.parent.name) - day).days != 1:
                faults[f"arrival {path}"] += 1
        seen = Counter(tuple(str(record[key]) for key in keys) for record in records) if keys else Counter()
        faults["repeated key"] += sum(count - 1 for count in seen.values())
        rows += len(records)
        for record in records:
            for column in columns:
                fault = _breaks(record.get(column["physicalName"]), column, custom)
                if fault:
                    faults[f"{column['physicalName']}: {fault}"] += 1
    return rows, +faults


@pytest.mark.parametrize("extract", EXTRACTS)
def test_without_dirt_every_row_meets_its_contract(clean: Any, extract: str) -> None:
    rows, faults = _judge(clean, extract)
    assert not faults
    assert rows == clean.summary.rows[extract]
    assert rows > 0


def test_there_are_thirty_one_extracts_and_each_has_a_contract(clean: Any) -> None:
    assert sorted(path.name for path in clean.landing.iterdir()) == EXTRACTS
    assert len(EXTRACTS) == 31
    assert clean.summary.dirt == {}


def test_web_events_as_parquet_say_the_same_as_json_lines(tmp_path: Path, run: Any) -> None:
    text = run(tmp_path / "text", customers=300, months=2, dirt=False)
    typed = run(tmp_path / "typed", customers=300, months=2, dirt=False, web_format="parquet")
    _, faults = _judge(typed, "web_events")
    assert not faults

    def events(simulated: Any) -> list[dict[str, Any]]:
        custom, _, server = _contract("web_events")
        return [record for path in simulated.files("web_events") for record in _records(path, custom, server)[1]]

    def bare(value: Any) -> Any:
        """Without nulls, which JSON leaves out and Parquet spells out."""
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if item is not None}
        return [bare(item) for item in value] if isinstance(value, list) else value

    assert [bare(event) for event in events(typed)] == [bare(event) for event in events(text)]


def test_budgets_of_files_and_events_hold(dirty: Any) -> None:
    # 5,000 files and 60 web and 60 message events a customer, for 24 months.
    assert dirty.summary.files / 5 <= 5_000 / 24
    share = 24 / 5 / dirty.summary.people
    assert dirty.summary.rows["web_events"] * share <= 60
    assert dirty.summary.rows["message_events"] * share <= 60
    assert dirty.summary.files == sum(len(dirty.files(extract)) for extract in EXTRACTS)


def test_an_order_states_its_own_fields_on_its_first_line_only_and_they_add_up(clean: Any) -> None:
    seen: dict[str, dict[str, str]] = {}
    for path in clean.files("shop_orders"):
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
        begins = [number for number, row in enumerate(rows) if row["Total"]]
        for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True):
            lines = rows[begin:end]
            head = lines[0]
            assert {row["Name"] for row in lines} == {head["Name"]}
            assert all(row["Email"] == head["Email"] and row["Created at"] == head["Created at"] for row in lines)
            assert all(
                not row[name] for row in lines[1:] for name in ("Financial Status", "Billing Name", "Id", "Source")
            )
            gross = sum(Decimal(row["Lineitem price"]) * int(row["Lineitem quantity"]) for row in lines)
            assert Decimal(head["Subtotal"]) == gross - Decimal(head["Discount Amount"])
            assert Decimal(head["Total"]) == Decimal(head["Subtotal"]) + Decimal(head["Shipping"])
            assert 0 < Decimal(head["Taxes"]) < Decimal(head["Total"]) / 5
            before = seen.get(head["Name"])
            if before:  # exported again: something changed, the goods did not
                assert before != head
                assert before["Subtotal"] == head["Subtotal"]
            seen[head["Name"]] = head
    statuses = Counter(head["Financial Status"] for head in seen.values())
    assert {"paid", "refunded", "partially_refunded"} <= set(statuses)
    assert any("\n" in head["Note Attributes"] for head in seen.values())


def test_every_account_is_in_every_months_export_from_its_creation_on(clean: Any) -> None:
    people = clean.frame("people.parquet").dropna(subset="web_account").set_index("web_account")
    for path in clean.files("shop_customers"):
        day = path.stem.removeprefix("customers_export_")
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        assert (dt.date.fromisoformat(day) + dt.timedelta(days=1)).day == 1
        assert {row["Customer ID"] for row in rows} == set(people.index[people["account_since"] <= day])
        for row in rows:
            owner = people.loc[row["Customer ID"]]
            assert row["Email"] in (owner["email"], owner["second_email"])
            assert row["Created at"][:10] == owner["account_since"] <= row["Updated at"][:10] <= day
    assert people["shares_mailbox"].any()


def test_an_account_is_older_than_its_orders_and_keeps_their_address(clean: Any) -> None:
    last = {row["Customer ID"]: row for row in clean.csv_rows("shop_customers")}
    exported_until = max(path.stem for path in clean.files("shop_customers"))[-10:]
    sold: dict[str, list[dict[str, str]]] = {}
    for row in clean.csv_rows("shop_orders"):
        note = re.search(r"customer_account: (\S+)", row["Note Attributes"])
        if note and row["Created at"][:10] <= exported_until:
            sold.setdefault(note[1], []).append(row)
    assert len(sold) > 100
    for account, orders in sold.items():
        own = last[account]
        assert {order["Email"] for order in orders} <= {own["Email"], ""}  # by phone, some give none
        opened = dt.datetime.strptime(own["Created at"], "%Y-%m-%d %H:%M:%S %z")
        assert all(opened <= dt.datetime.strptime(order["Created at"], "%Y-%m-%d %H:%M:%S %z") for order in orders)
        assert own["Default Address Address1"]
        assert own["First Name"]
    others = [row for account, row in last.items() if account not in sold]
    assert 0 < sum(bool(row["Default Address Zip"]) for row in others) < 0.5 * len(others)
    assert 0.2 < sum(not row["First Name"] for row in others) / len(others) < 0.6
    assert 0.02 < sum(bool(row["Phone"]) for row in last.values()) / len(last) < 0.25


def test_ticket_lines_add_up_and_returns_point_at_a_ticket_that_was_sold(clean: Any) -> None:
    rows = clean.csv_rows("pos_tickets", ";", "cp1252")
    sold = set()
    for row in rows:
        amount, price, discount = (
            Decimal(row[name].replace(",", ".")) for name in ("montant_ttc", "prix_unitaire_ttc", "remise_ttc")
        )
        assert amount == int(row["quantite"]) * price - discount
        assert (int(row["quantite"]) < 0) == (row["type"] == "RETOUR")
        day = "".join(reversed(row["date"].split("/")))
        if row["type"] == "VENTE":
            sold.add(f"{row['magasin']}-{row['caisse']}-{row['ticket']}-{day}")
    origins = [row["ticket_origine"] for row in rows if row["ticket_origine"]]
    assert origins
    assert set(origins) <= sold
    assert any(not row["libelle"].isascii() for row in rows)


def test_a_purchase_event_carries_its_orders_name_revenue_and_lines(clean: Any) -> None:
    heads: dict[str, Decimal] = {}
    lines: Counter[str] = Counter()
    for path in clean.files("shop_orders"):
        for row in csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")):
            if row["Total"]:
                heads[row["Name"]] = Decimal(row["Subtotal"])
                lines[row["Name"]] = 0
            lines[row["Name"]] += 1
    bought = Counter()
    custom, _, server = _contract("web_events")
    for path in clean.files("web_events"):
        for event in _records(path, custom, server)[1]:
            if event["event_name"] == "purchase":
                name = event["ecommerce"]["transaction_id"]
                bought[name] += 1
                assert Decimal(str(event["ecommerce"]["purchase_revenue"])) == heads[name]
                assert len(event["items"]) == lines[name]
            else:
                assert event["ecommerce"] is None
    orders = clean.frame("orders.parquet")
    digital = set(orders.loc[orders["sales_channel"].isin(["web", "app"]), "order_key"])
    assert set(bought) == digital
    assert set(bought.values()) == {1}


def test_the_advertising_total_line_is_the_sum_of_its_file(clean: Any) -> None:
    for path in clean.files("google_ads_insights"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "Campaign performance"
        rows = list(csv.reader(lines[2:]))
        total = rows[-1]
        assert total[0] == "Total: Account"
        for column in (5, 6, 7):
            values = [Decimal(row[column].replace(",", "")) for row in rows[1:-1]]
            assert sum(values) == Decimal(total[column].replace(",", ""))


def test_linkedin_is_utf_16_with_a_byte_order_mark_and_three_lines_before_the_header(clean: Any) -> None:
    raw = clean.files("linkedin_ads_insights")[0].read_bytes()
    assert raw[:2] == b"\xff\xfe"
    assert raw.decode("utf-16").splitlines()[3].startswith("Start Date (in UTC)\tCampaign ID")


def test_a_ticket_comes_again_with_a_longer_history_and_ends_in_its_last_status(clean: Any) -> None:
    versions: dict[int, dict[str, Any]] = {}
    repeated = 0
    custom, _, server = _contract("support_tickets")
    for path in clean.files("support_tickets"):
        for ticket in _records(path, custom, server)[1]:
            events = ticket["events"]
            times = [event["at"] for event in events]
            assert times == sorted(times)
            assert (events[0]["type"], events[0]["at"]) == ("created", ticket["created_at"])
            assert times[-1] == ticket["updated_at"]
            states = [event["value"] for event in events if event["type"] == "status_change"]
            assert ticket["status"] == (states[-1] if states else "new")
            assert all(not event["public"] for event in events if event["type"] == "internal_note")
            if ticket["id"] in versions:
                repeated += 1
                before = versions[ticket["id"]]["events"]
                assert events[: len(before)] == before
                assert len(events) > len(before)
            versions[ticket["id"]] = ticket
    assert repeated


def test_survey_answers_stay_in_the_scale_of_their_survey(clean: Any) -> None:
    rows = clean.csv_rows("survey_responses")
    scales = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}
    answered = [row for row in rows if row["response_id"]]
    assert all(int(row["score"]) in scales[row["survey"]] for row in answered)
    assert all(not row["score"] and not row["verbatim"] for row in rows if not row["response_id"])
    assert {row["survey"] for row in answered} == set(scales)
    verbatims = [row["verbatim"] for row in clean.csv_rows("survey_responses") if row["verbatim"]]
    assert any("\n" in text or '"' in text for text in verbatims)


def test_running_phone_chat_push_and_sms_costs_each_month(clean: Any) -> None:
    rows = clean.csv_rows("other_costs", delimiter=";")
    running = [row for row in rows if row["category"] == "running"]
    months = {row["month"] for row in rows}

    assert sorted((row["month"], row["touch_channel"]) for row in running) == sorted(
        (month, channel) for month in months for channel in ("phone", "chat", "push", "sms")
    )
    assert all(float(row["amount"].replace(",", ".")) > 0 for row in running)
    assert len({row["cost_id"] for row in rows}) == len(rows)


def test_exposures_keep_to_the_plan_of_their_experiment(clean: Any) -> None:
    plans = {row["experiment_id"]: row for row in clean.csv_rows("experiment_plans")}
    exposures = clean.csv_rows("experiments")

    assert {row["experiment_id"] for row in exposures} == set(plans)
    for row in exposures:
        plan = plans[row["experiment_id"]]
        assert row["variant"] in (plan["control"], plan["treatment"])
        assert row["unit_type"] == plan["unit_type"]
        assert plan["starts_at"] <= row["exposed_at"] < plan["ends_at"]
    for experiment, plan in plans.items():
        came = sum(row["experiment_id"] == experiment for row in exposures)
        assert came / 1.5 - 10 <= int(plan["planned_units"]) <= came * 1.5 + 10


def test_tickets_have_every_priority(clean: Any) -> None:
    tickets = [
        json.loads(line)
        for path in clean.files("support_tickets")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert {ticket["priority"] for ticket in tickets} == {"low", "normal", "high", "urgent"}


def test_truth_is_for_its_owner_alone(clean: Any) -> None:
    assert clean.truth.stat().st_mode & 0o777 == 0o700
    assert clean.frame("dirt.csv").empty
