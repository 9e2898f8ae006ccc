"""Settings: what a wrong one says, how an override lies over the shipped ones, and that dbt's defaults are the same."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from dagster_project.settings import (
    DBT_PROJECT_DIR,
    PROJECT_ROOT,
    AttributionPaths,
    Churn,
    Costs,
    CustomerValue,
    Experiments,
    Home,
    Messages,
    OmnichannelValue,
    Pickups,
    Reliability,
    Segments,
    Service,
    SettingsError,
    Spark,
    Verbatims,
    Windows,
    home,
    load_settings,
    shipped_settings,
)


def override(folder: Path, text: str) -> Path:
    file = folder / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_override_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    settings = load_settings(override(tmp_path, "business: {currency: GBP}\nwindows: {active_days: 90}"))
    assert (settings.business.currency, settings.windows.active_days) == ("GBP", 90)
    assert settings.business.time_zone == shipped_settings().business.time_zone
    assert settings.windows.journey_gap_days == shipped_settings().windows.journey_gap_days


def test_exchange_rates_are_replaced_whole_so_that_one_can_be_taken_away(tmp_path: Path) -> None:
    settings = load_settings(override(tmp_path, "business: {fx_rates: {GBP: 1.0}}"))
    assert settings.business.fx_rates == {"GBP": 1.0}


def test_trusted_sources_are_replaced_whole_and_rules_one_by_one(tmp_path: Path) -> None:
    text = "identity: {golden_record: {trusted_sources: [shop], rules: {name: most_complete}}}"
    golden = load_settings(override(tmp_path, text)).identity.golden_record
    assert golden.trusted_sources == ["shop"]
    assert (golden.rules.name, golden.rules.address) == ("most_complete", "most_recent")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("windows: {activ_days: 100}", "no setting 'windows.activ_days'; did you mean 'windows.active_days'?"),
        ("active_days: 100", "no setting 'active_days'; did you mean 'windows.active_days'?"),
        ("moon: full", "no setting 'moon'. "),
    ],
)
def test_a_setting_that_is_not_there_is_named_with_the_one_that_was_meant(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load_settings(override(tmp_path, text))
    assert said in str(wrong.value)
    assert str(PROJECT_ROOT / "dagster_project" / "settings.yaml") in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("windows: {active_days: soon}", ["windows.active_days", "'soon'"]),
        ("business: {time_zone: Europe/Pari}", ["business.time_zone", "Europe/Pari", "Europe/Paris"]),
        ("windows: {retention_days: 3}", ["windows.retention_days"]),
        *((f"windows: {{{name}: -1}}", [f"windows.{name}", "-1", "greater than"]) for name in Windows.model_fields),
        *((f"windows: {{{name}: 1.5}}", [f"windows.{name}", "1.5", "integer"]) for name in Windows.model_fields),
        ("reliability: {min_n: 0}", ["reliability.min_n", "0", "greater than 0"]),
        ("verbatims: {negation_words: -1}", ["verbatims.negation_words", "-1"]),
        ("experiments: {conversion_days: 0}", ["experiments.conversion_days", "0", "greater than 0"]),
        ("experiments: {control_variants: []}", ["experiments.control_variants", "at least 1"]),
        ("experiments: {shares: {E: {a: 0}}}", ["experiments.shares.E.a", "0", "greater than 0"]),
        ("experiments: {sample_ratio_p: 1}", ["experiments.sample_ratio_p", "1", "less than 1"]),
        ("omnichannel_value: {landmark_days: 0}", ["omnichannel_value.landmark_days", "0", "greater than 0"]),
        ("omnichannel_value: {value_days: 0}", ["omnichannel_value.value_days", "0", "greater than 0"]),
        ("customer_value: {model: bg}", ["customer_value.model", "'bg'", "'paretonbd'", "'bgnbd'"]),
        ("customer_value: {held_out_days: 0}", ["customer_value.held_out_days", "0", "greater than 0"]),
        ("customer_value: {yearly_discount_rate: -0.1}", ["customer_value.yearly_discount_rate", "-0.1"]),
        ("customer_value: {known_cost_share: 0}", ["customer_value.known_cost_share", "0", "greater than 0"]),
        ("customer_value: {horizon_months: 0}", ["customer_value.horizon_months", "0", "greater than 0"]),
        ("churn: {horizon_days: 0}", ["churn.horizon_days", "0", "greater than 0"]),
        ("churn: {recent_days: 400}", ["churn.recent_days 400", "windows.active_days 365"]),
        ("churn: {recent_days: 0}", ["churn.recent_days", "0", "greater than 0"]),
        ("churn: {band_limits: [0.5, 0.3, 0.8]}", ["churn.band_limits", "ascending"]),
        ("churn: {band_limits: [0.5, 0.8, 1]}", ["churn.band_limits", "1", "less than 1"]),
        ("churn: {training_customers: 10}", ["churn.training_customers", "10", "1000"]),
        ("segments: {new_days: 0}", ["segments.new_days", "0", "greater than 0"]),
        ("segments: {lapse_quantile: 1}", ["segments.lapse_quantile", "1", "less than 1"]),
        ("segments: {personas: 1}", ["segments.personas", "1", "greater than 1"]),
        ("segments: {persona_sample: 999}", ["segments.persona_sample", "999", "greater than or equal to 1000"]),
        ("segments: {next_categories: 0}", ["segments.next_categories", "0", "greater than 0"]),
        ("attribution_paths: {lookback_days: 0}", ["attribution_paths.lookback_days", "0", "greater than 0"]),
        ("attribution_paths: {touch_kinds: [impression]}", ["attribution_paths.touch_kinds", "'click'", "'contact'"]),
        ("attribution: {half_life_days: 0.5}", ["half_life_days 0.5", "lookback_days 30"]),
        ("verbatims: {clear_sentiment: 1}", ["verbatims.clear_sentiment", "1", "less than 1"]),
        ("pickups: {prepared_hours: 0}", ["pickups.prepared_hours", "0", "greater than 0"]),
        ("messages: {max_per_week: 0}", ["messages.max_per_week", "0", "greater than 0"]),
        ("messages: {bands: [3, 1]}", ["messages.bands", "[3, 1]", "ascending"]),
        ("messages: {bands: []}", ["messages.bands", "[]"]),
        ("service: {targets: {}}", ["service.targets", "{}"]),
        ("service: {targets: {high: {first_reply_hours: 1}}}", ["service.targets.high.resolution_hours", "required"]),
        (
            "service: {targets: {high: {first_reply_hours: 0, resolution_hours: 8}}}",
            ["service.targets.high.first_reply_hours", "0", "greater than 0"],
        ),
        ("business: {country: ZZ}", ["business.country", "'ZZ'", "ISO 3166"]),
        ("business: {opening_hours: {8: ['09:00', '19:00']}}", ["business.opening_hours", "'8'", "ISO weekday"]),
        ("business: {opening_hours: {1: ['19:00', '09:00']}}", ["business.opening_hours", "'19:00' to '09:00'"]),
        ("- a list", ["name: value"]),
        ("business: {currency: [", ["not valid YAML"]),
        ("lake: {uri: 'gs://shop/lake'}", ["lake.uri", "gs://shop/lake", "s3:// with lake.options.endpoint"]),
        ("lake: {uri: 's3://'}", ["lake.uri", "s3://bucket/prefix"]),
        ("lake: {uri: 's3://key:word@shop/lake'}", ["lake.uri", "without credentials"]),
        ("lake: {uri: 's3://shop/*/lake'}", ["lake.uri", "wildcards"]),
        ("lake: {uri: 's3://shop/lake?region=eu-west-3'}", ["lake.uri"]),
        ("lake: {uri: 'file://host/lake'}", ["lake.uri", "file:///folder"]),
        ("lake: {options: {endpoint: 'localhost:9000'}}", ["lake.options.endpoint"]),
        ("lake: {options: {secret_key: x}}", ["lake.options.secret_key"]),
        ("identity: {golden_record: {rules: {email: newest}}}", ["rules.email", "'newest'", "'most_recent' or"]),
        ("identity: {golden_record: {rules: {email: most_complete}}}", ["rules.email", "'most_recent' or"]),
        ("identity: {golden_record: {rules: {city: most_recent}}}", ["identity.golden_record.rules.city"]),
        (
            "identity: {golden_record: {trusted_sources: [crm, shop, crm]}}",
            ["trusted_sources", "'crm' stands there twice"],
        ),
        ('identity: {golden_record: {trusted_sources: ["crm\' or 1"]}}', ["trusted_sources.0", "crm' or 1"]),
        ("alerts: {webhooks: [chat.example.org]}", ["alerts.webhooks", "https://", "OMNIVUE_ALERT_WEBHOOK"]),
        ("alerts: {email: {host: mail.example.org}}", ["alerts.email", "from", "to"]),
        ("alerts: {email: {to: ['Ana <a@example.org>, b']}}", ["alerts.email.to.0", "Ana"]),
        ("alerts: {email: {security: ssl}}", ["alerts.email.security", "'ssl'", "'tls'"]),
        ("alerts: {timeout_seconds: 0}", ["alerts.timeout_seconds", "0", "greater than 0"]),
        ("alerts: {csat: {days: 0}}", ["alerts.csat.days", "0", "greater than 0"]),
        ("alerts: {csat: {max_score: 5}}", ["alerts.csat.max_score", "5"]),
        ("identity: {golden_record: {trusted_sources: crm}}", ["trusted_sources", "'crm'", "list"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_value(tmp_path: Path, text: str, named: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(override(tmp_path, text))
    for part in ["settings.yaml", *named]:
        assert part in str(error.value)
    assert "should" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("windows: {active_days: soon}", "'soon': expected a valid integer; the default is 365."),
        ("windows: {active_days: -3}", "-3: expected a value greater than 0; the default is 365."),
        ("windows: 12", "'windows' holds 12: expected settings below it, as `name: value`. "),
        ("business: {country: FRA}", "'FRA': expected text of the form ^[A-Z]{2}$; the default is 'FR'."),
        ("windows:\n  active_days: [1", "settings.yaml: line 2, column 18: not valid YAML, expected ',' or ']'"),
    ],
)
def test_what_is_expected_of_a_setting_is_told_with_its_default(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(override(tmp_path, text))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "uri", ["lake", "/data/lake", "~/lake", "file:///data/lake", "s3://shop", "s3://my.shop/a/b_c/"]
)
def test_a_lake_may_be_a_folder_or_a_bucket(tmp_path: Path, uri: str) -> None:
    assert load_settings(override(tmp_path, f"lake: {{uri: '{uri}'}}")).lake.uri == uri


def test_what_leaves_python_holds_no_secret_and_no_place(tmp_path: Path) -> None:
    settings = load_settings(override(tmp_path, "lake: {uri: 's3://hush', options: {endpoint: 'https://hush'}}"))
    settings = settings.model_copy(
        update={"spark": Spark(master="yarn", config={"spark.hadoop.fs.s3a.secret.key": "hush"})}
    )
    variables = settings.dbt_vars(dt.date(2026, 1, 2), dt.date(2026, 1, 1))
    assert settings.identity.id_key not in variables
    assert "hush" not in variables
    assert json.loads(variables)["as_of"] == "2026-01-02"
    assert json.loads(variables)["data_through"] == "2026-01-01"


def test_dbt_run_by_hand_has_the_shipped_settings() -> None:
    """dbt_project.yml has to repeat the defaults, for linters and for dbt alone: they must not drift apart."""
    defaults = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    shipped = shipped_settings().public()
    assert defaults.pop("as_of") is None
    assert defaults.pop("data_through") is None
    assert defaults.pop("changed_months") is None
    assert defaults.pop("settled_months") is None
    assert defaults.pop("public_holidays") == []
    assert defaults.pop("identity") == {"golden_record": shipped["identity"]["golden_record"]}
    assert defaults == {name: shipped[name] for name in defaults}


def test_who_reads_postgres_makes_no_other_release() -> None:
    public = shipped_settings().public()
    assert public["publishing"] == {"keep_releases": 7, "storage_version": "v1.0.0"}


def test_who_is_told_makes_no_other_release_and_stands_in_none(tmp_path: Path) -> None:
    settings = load_settings(override(tmp_path, "alerts: {webhooks: 'https://chat.example/hush', home: shop}"))
    assert settings.public() == shipped_settings().public()
    assert "hush" not in settings.dbt_vars(dt.date(2026, 1, 2), dt.date(2026, 1, 1))


def test_a_webhook_may_come_from_the_environment_beside_those_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", "https://a.example/1  https://b.example/2")
    alerts = load_settings(override(tmp_path, "alerts: {webhooks: 'https://b.example/2'}")).alerts
    assert alerts.urls == ("https://b.example/2", "https://a.example/1")


def test_the_public_holidays_of_france_are_eleven_and_none_is_regional() -> None:
    # Easter is on 5 April 2026, so its Monday on the 6th, Ascension 39 days after it and Whit Monday 50.
    assert shipped_settings().business.public_holidays([2026]) == [
        dt.date(2026, month, day)
        for month, day in [
            (1, 1),
            (4, 6),
            (5, 1),
            (5, 8),
            (5, 14),
            (5, 25),
            (7, 14),
            (8, 15),
            (11, 1),
            (11, 11),
            (12, 25),
        ]
    ]


def test_public_holidays_are_those_of_the_country_and_of_every_year_asked_for(tmp_path: Path) -> None:
    german = load_settings(override(tmp_path, "business: {country: DE}")).business.public_holidays([2027, 2026])
    assert dt.date(2026, 10, 3) in german
    assert dt.date(2026, 7, 14) not in german
    assert german == sorted(german)
    assert {day.year for day in german} == {2026, 2027}


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("windows", Windows),
        ("service", Service),
        ("pickups", Pickups),
        ("messages", Messages),
        ("reliability", Reliability),
        ("verbatims", Verbatims),
        ("experiments", Experiments),
        ("omnichannel_value", OmnichannelValue),
        ("customer_value", CustomerValue),
        ("churn", Churn),
        ("segments", Segments),
        ("attribution_paths", AttributionPaths),
        ("costs", Costs),
    ],
)
def test_the_page_of_settings_explains_every_setting_of_the_kpis(section: str, fields: type[BaseModel]) -> None:
    explained = (PROJECT_ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [name for name in fields.model_fields if f"`{section}.{name}`" not in explained]
    assert not missing


def test_folders_with_personal_data_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    for folder in (home.lake, home.quarantine, home.ledger, home.warehouse.parent, home.directory.parent):
        assert folder.stat().st_mode & 0o077 == 0, folder


@pytest.mark.parametrize("name", ["what?", "c#"])
def test_a_home_that_databases_cannot_address_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path / name))
    with pytest.raises(SettingsError, match=rf"^OMNIVUE_HOME: .*holds '\{name[-1]}'.*; choose another folder$"):
        home()
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path / "l'été [1]"))
    assert home().root == tmp_path / "l'été [1]"
