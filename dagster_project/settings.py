"""Settings and places: the business's choices, validated once, and where everything lives under OMNIVUE_HOME.

Dagster, the rooms and dbt all read these two objects; nothing else reads the environment or the YAML.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt"
DEFAULTS_FILE = Path(__file__).with_name("settings.yaml")
DEMO_ID_KEY = "omnivue-demo-key"
POSTGRES_DSN = "OMNIVUE_POSTGRES_DSN"
ALERT_WEBHOOK = "OMNIVUE_ALERT_WEBHOOK"
SMTP_USER, SMTP_PASSWORD = "OMNIVUE_SMTP_USER", "OMNIVUE_SMTP_PASSWORD"
Engine = Literal["duckdb", "spark"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


_Probability = Annotated[float, Field(gt=0, lt=1)]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names file, setting, value and remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Business(_Section):
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str
    country: str = Field(pattern=r"^[A-Z]{2}$")
    default_vat_rate: float = Field(ge=0, lt=1)
    fx_rates: dict[str, float]
    non_product_skus: list[str]
    opening_hours: dict[int, tuple[str, str]] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Paris") from error
        return value

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if value not in holidays.list_supported_countries():
            raise ValueError(f"'{value}' is no ISO 3166 code of a country whose public holidays are known, such as FR")
        return value

    @field_validator("opening_hours")
    @classmethod
    def _open_then_closed(cls, value: dict[int, tuple[str, str]]) -> dict[int, tuple[str, str]]:
        for weekday, (opens, closes) in value.items():
            if not 1 <= weekday <= 7:
                raise ValueError(f"'{weekday}' is no ISO weekday, 1 Monday to 7 Sunday")
            times = [re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", time) for time in (opens, closes)]
            if not all(times) or opens >= closes:
                raise ValueError(
                    f"'{opens}' to '{closes}' on weekday {weekday}: expected two times HH:MM, the later one second; "
                    "24:00 is midnight, and a day without a line is closed"
                )
        return value

    def public_holidays(self, years: Iterable[int]) -> list[dt.date]:
        """The public holidays of the whole country in these years, in order; regional ones are left out."""
        return sorted(holidays.country_holidays(self.country, years=years))


class ServiceTarget(_Section):
    first_reply_hours: float = Field(gt=0)
    resolution_hours: float = Field(gt=0)


class Service(_Section):
    targets: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ServiceTarget] = Field(min_length=1)


class Pickups(_Section):
    prepared_hours: float = Field(gt=0)


class Messages(_Section):
    max_per_week: int = Field(gt=0)
    bands: list[Annotated[int, Field(gt=0)]] = Field(min_length=1)

    @field_validator("bands")
    @classmethod
    def _ascending(cls, value: list[int]) -> list[int]:
        if value != sorted(set(value)):
            raise ValueError("expected ascending numbers of messages, each once, such as [1, 2, 3, 5]")
        return value


class LakeOptions(_Section):
    endpoint: str | None = Field(pattern=r"^https?://[^/@]+/?$")
    region: str | None
    path_style: bool

    @property
    def endpoint_url(self) -> str | None:
        """Where the object store answers; None = AWS."""
        return self.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


class Lake(_Section):
    uri: str | None
    options: LakeOptions

    @field_validator("uri")
    @classmethod
    def _known_place(cls, value: str | None) -> str | None:
        folder, bucket = r"(file:///|(?!\w+:))[^*?\[\]]+", r"s3://[a-z0-9][a-z0-9.-]+(/[\w.=-]+)*/?"
        if value is None or re.fullmatch(f"{folder}|{bucket}", value):
            return value
        raise ValueError(
            "expected a folder, file:///folder, or s3://bucket/prefix, without credentials and wildcards (any store "
            "that speaks the protocol of S3 is s3:// with lake.options.endpoint)"
        )


class Windows(_Section):
    active_days: int = Field(gt=0)
    cart_abandoned_hours: int = Field(gt=0)
    cart_recovered_days: int = Field(gt=0)
    ticket_solved_days: int = Field(gt=0)
    contact_repeated_days: int = Field(gt=0)
    pickup_collected_days: int = Field(gt=0)
    click_session_minutes: int = Field(gt=0)
    journey_gap_days: int = Field(gt=0)
    journey_path_steps: int = Field(gt=0)
    channel_combination_days: int = Field(gt=0)
    channel_count_days: int = Field(gt=0)
    channel_order_days: int = Field(gt=0)
    anonymous_history_days: int = Field(ge=0)


class Experiments(_Section):
    conversion_days: int = Field(gt=0)
    control_variants: list[str] = Field(min_length=1)
    shares: dict[str, dict[str, Annotated[float, Field(gt=0)]]]
    sample_ratio_p: float = Field(ge=0, lt=1)


class OmnichannelValue(_Section):
    landmark_days: int = Field(gt=0)
    value_days: int = Field(gt=0)


class CustomerValue(_Section):
    model: Literal["paretonbd", "mbgnbd", "bgnbd"]
    held_out_days: int = Field(gt=0)
    yearly_discount_rate: float = Field(ge=0, allow_inf_nan=False)
    horizon_months: int = Field(gt=0)
    known_cost_share: float = Field(gt=0, le=1)
    needs_profiling_consent: bool


class Churn(_Section):
    horizon_days: int = Field(gt=0)
    recent_days: int = Field(gt=0)
    band_limits: tuple[_Probability, _Probability, _Probability]
    training_customers: int = Field(ge=1000)

    @field_validator("band_limits")
    @classmethod
    def _ascending(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if not value[0] < value[1] < value[2]:
            raise ValueError("expected three ascending probabilities, such as [0.3, 0.6, 0.8]")
        return value


class Segments(_Section):
    new_days: int = Field(gt=0)
    lapse_quantile: float = Field(gt=0, lt=1)
    next_categories: int = Field(gt=0)
    personas: int = Field(gt=1, le=20)
    persona_sample: int = Field(ge=1000)


class Reliability(_Section):
    min_n: int = Field(gt=0)


class Verbatims(_Section):
    negation_words: int = Field(ge=0)
    clear_sentiment: float = Field(gt=0, lt=1)


class AttributionPaths(_Section):
    lookback_days: int = Field(gt=0)
    touch_kinds: list[Literal["click", "session", "visit", "contact"]] = Field(min_length=1)
    remove_direct: bool
    first_occurrence: bool
    collapse_repeats: bool


class Costs(_Section):
    shared_categories: list[str]


class Attribution(_Section):
    direct_channel: str = Field(min_length=1)
    first_weight: float = Field(ge=0, le=1)
    last_weight: float = Field(ge=0, le=1)
    half_life_days: float = Field(gt=0, allow_inf_nan=False)
    step_days: float = Field(ge=0, allow_inf_nan=False)
    markov_order: int = Field(ge=1, le=3)

    @model_validator(mode="after")
    def _at_most_all(self) -> Attribution:
        if self.first_weight + self.last_weight > 1:
            raise ValueError(
                f"first_weight {self.first_weight} and last_weight {self.last_weight} are more than 1 together"
            )
        return self


class AttributionWhatIf(_Section):
    moved_share: float = Field(gt=0, le=1)


class ChannelMatrix(_Section):
    min_conversions: int = Field(gt=0)
    acquisition_share: float = Field(gt=0, le=1)
    opening_ratio: float = Field(gt=1, allow_inf_nan=False)


Rule = Literal["most_recent", "most_trusted"]
RuleOfParts = Literal["most_recent", "most_trusted", "most_complete"]


class GoldenRules(_Section):
    """Which value of a field survives. Only what has parts can be more or less complete."""

    name: RuleOfParts
    birth_date: Rule
    gender: Rule
    address: RuleOfParts
    language: Rule
    email: Rule
    phone: Rule
    loyalty_card: Rule
    web_account: Rule


class GoldenRecord(_Section):
    trusted_sources: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]]
    rules: GoldenRules

    @field_validator("trusted_sources")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        twice = [source for source in value if value.count(source) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' stands there twice; name each source once, most trusted first")
        return value


class Identity(_Section):
    id_key: str = Field(min_length=8)
    max_people_per_email: int = Field(gt=0)
    max_people_per_phone: int = Field(gt=0)
    max_cluster_records: int = Field(gt=1)
    match_model: str | None
    review_from: float = Field(gt=0, le=1)
    decisions: str | None
    golden_record: GoldenRecord


class Ingestion(_Section):
    max_rejected_share: float = Field(ge=0, le=1)
    contract_dirs: list[str]
    threads: int = Field(gt=0)
    max_file_mb: int = Field(gt=0)
    max_line_mb: int = Field(gt=0)
    max_file_rows: int = Field(gt=0)
    max_quarantined_rows: int = Field(gt=0)
    max_sheet_cells: int = Field(gt=0)
    max_columns: int = Field(gt=0)

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_mb * 1_000_000

    @property
    def max_line_bytes(self) -> int:
        return self.max_line_mb * 1_000_000


class Drift(_Section):
    releases: int = Field(gt=0)
    kept_releases: int = Field(gt=0)
    days: int = Field(gt=0)
    min_rows: int = Field(gt=0)
    volume: float = Field(gt=0, allow_inf_nan=False)
    null_share: float = Field(gt=0, le=1)
    mean: float = Field(gt=0, allow_inf_nan=False)
    mix: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _history_of_what_is_compared(self) -> Drift:
        if self.kept_releases < self.releases:
            raise ValueError(
                f"kept_releases {self.kept_releases} is less than releases {self.releases}, which are compared"
            )
        return self


class Quality(_Section):
    usual_times: float = Field(gt=1, allow_inf_nan=False)
    drift: Drift


class Postgres(_Section):
    reader_role: str | None = Field(min_length=1, max_length=63)
    switch_seconds: float = Field(ge=0, le=3600)

    @property
    def dsn(self) -> str | None:
        """Where releases are served too; None = nowhere. It holds a password, so it stands in the environment alone.
        Raises SettingsError, without showing it, when it is no connection string."""
        value = os.environ.get(POSTGRES_DSN, "").strip()
        uri, words = r"postgres(ql)?://([^@\s]*@)?[^@\s]*", r"(\w+\s*=\s*('([^'\\]|\\.)*'|[^\s'\\]+)(\s+|$))+"
        if value and not re.fullmatch(f"{uri}|{words}", value):
            raise SettingsError(
                f"{POSTGRES_DSN} is no connection string (it is not shown here, as it may hold a password). Expected "
                "postgresql://user:password@host:5432/database with special characters as %40, or host=... dbname=..."
            )
        return value or None


class Publishing(_Section):
    keep_releases: int = Field(gt=0)
    storage_version: str = Field(pattern=r"^v1\.\d+\.\d+$")
    postgres: Postgres


_WEBHOOK = r"https?://[^\s/@?#]+(/[^\s]*)?"
_ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+"


class AlertMail(_Section):
    host: str | None = Field(min_length=1, pattern=r"^[^\s/:@]+$")
    port: int = Field(gt=0, lt=65536)
    security: Literal["starttls", "tls", "none"]
    sender: str | None = Field(alias="from", pattern=f"^{_ADDRESS}$")
    to: list[Annotated[str, Field(pattern=f"^{_ADDRESS}$")]]

    @model_validator(mode="after")
    def _from_and_to(self) -> AlertMail:
        if self.host is not None and not (self.sender and self.to):
            raise ValueError("a server without `from` or `to`: name who writes and who is to read, or set host to null")
        return self

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, from the environment alone; None = the server asks for none."""
        user, password = os.environ.get(SMTP_USER, ""), os.environ.get(SMTP_PASSWORD, "")
        return (user, password) if user else None


class AlertCsat(_Section):
    days: int = Field(gt=0)
    min_answers: int = Field(gt=0)
    max_score: int = Field(ge=1, le=4)


class Alerts(_Section):
    home: str | None = Field(min_length=1, max_length=80)
    webhooks: list[str]
    email: AlertMail
    timeout_seconds: float = Field(gt=0, le=60)
    csat: AlertCsat

    @field_validator("webhooks", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("webhooks")
    @classmethod
    def _urls(cls, value: list[str]) -> list[str]:
        if not all(re.fullmatch(_WEBHOOK, url) for url in value):
            raise ValueError(
                "expected URLs such as https://chat.example.org/hook, without user and password; secret ones belong "
                f"in {ALERT_WEBHOOK}"
            )
        return value

    @property
    def urls(self) -> tuple[str, ...]:
        """Webhooks of the settings, then those of the environment, which are secrets. Raises SettingsError, without
        showing it, when one is no URL."""
        secret = os.environ.get(ALERT_WEBHOOK, "").split()
        if not all(re.fullmatch(_WEBHOOK, url) for url in secret):
            raise SettingsError(
                f"{ALERT_WEBHOOK} holds something that is no URL (it is not shown here, as it may be a secret). "
                "Expected https://host/path, several with a blank between them"
            )
        return tuple(dict.fromkeys((*self.webhooks, *secret)))


class Spark(_Section):
    master: str = Field(min_length=1)
    config: dict[str, str | int | float | bool]


class Objective(_Section):
    objective: str
    kpi: Literal["nps", "csat", "retention_rate", "net_revenue"]
    dimension: str
    owner: str
    target_kind: Literal["absolute", "relative", "points"]
    direction: Literal["higher", "lower"]
    start: dt.date
    due: dt.date
    target: float


class Settings(_Section):
    """Everything a retailer may choose. Raises pydantic.ValidationError on an unknown or ill-typed setting."""

    as_of: dt.date | None
    engine: Engine
    spark: Spark
    lake: Lake
    business: Business
    service: Service
    pickups: Pickups
    messages: Messages
    windows: Windows
    experiments: Experiments
    omnichannel_value: OmnichannelValue
    customer_value: CustomerValue
    churn: Churn
    segments: Segments
    reliability: Reliability
    verbatims: Verbatims
    attribution_paths: AttributionPaths
    costs: Costs
    attribution: Attribution
    attribution_what_if: AttributionWhatIf
    channel_matrix: ChannelMatrix
    identity: Identity
    ingestion: Ingestion
    quality: Quality
    publishing: Publishing
    alerts: Alerts
    objectives: list[Objective]

    @model_validator(mode="after")
    def _touches_that_weigh_something(self) -> Settings:
        if self.attribution_paths.lookback_days > 40 * self.attribution.half_life_days:
            raise ValueError(
                f"attribution.half_life_days {self.attribution.half_life_days} is too short beside "
                f"attribution_paths.lookback_days {self.attribution_paths.lookback_days}: early touches would weigh "
                "nothing"
            )
        return self

    @model_validator(mode="after")
    def _recent_days_within_the_active_ones(self) -> Settings:
        if self.churn.recent_days > self.windows.active_days:
            raise ValueError(
                f"churn.recent_days {self.churn.recent_days} is more than windows.active_days "
                f"{self.windows.active_days}: what is recent is a part of what is looked at"
            )
        return self

    def public(self) -> dict[str, Any]:
        """The settings as JSON values, without secrets: what dbt receives and `release_info` records. How Spark is
        reached, where the lake lies, who reads PostgreSQL and who is told of what change no row; Spark's properties and
        webhooks may hold credentials."""
        values: dict[str, Any] = self.model_dump(mode="json")
        del values["identity"]["id_key"]
        del values["spark"]
        del values["lake"]
        del values["alerts"]
        del values["publishing"]["postgres"]
        return values

    def dbt_vars(
        self,
        as_of: dt.date,
        data_through: dt.date,
        changed_months: Mapping[str, Sequence[str]] | None = None,
        settled_months: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> str:
        """The `--vars` argument of every dbt call: the public settings with `as_of` resolved, the latest business
        date delivered, by extract the months whose deliveries changed and those that are settled (None: not known),
        and the public holidays of the years the calendar may reach (`dim_dates`: 10,000 days back from the end of the
        year)."""
        run = {
            "as_of": as_of.isoformat(),
            "data_through": data_through.isoformat(),
            "changed_months": changed_months,
            "settled_months": settled_months,
            "public_holidays": self.business.public_holidays(range(data_through.year - 27, data_through.year + 2)),
        }
        return json.dumps(self.public() | run, sort_keys=True, default=str)


@dataclass(frozen=True)
class Home:
    """Where everything lives; nothing is written outside `root`."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """What ingestion remembers, and the raw rows unless the setting `lake.uri` names another place."""
        return self.root / "lake"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def directory(self) -> Path:
        return self.root / "directory" / "customer_directory.duckdb"

    @property
    def call_backs(self) -> Path:
        """Customers to call back; personal, as the directory."""
        return self.directory.with_name("contacts_to_call_back.csv")

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def quality(self) -> Path:
        """Results, failing keys and failing rows of the latest gate runs."""
        return self.root / "quality"

    @property
    def dbt(self) -> Path:
        return self.root / "dbt"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def settings_file(self) -> Path:
        return self.root / "settings.yaml"

    @property
    def lock(self) -> Path:
        return self.root / "run.lock"

    def create(self) -> Home:
        """Make the folders; those with personal data are for their owner alone (mode 0700)."""
        for path in (self.landing, self.published, self.docs, self.dbt, self.dagster):
            path.mkdir(parents=True, exist_ok=True)
        private = (self.lake, self.quarantine, self.ledger, self.quality, self.warehouse.parent, self.directory.parent)
        for path in private:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
        return self


def home() -> Home:
    """OMNIVUE_HOME, or `var` in the current folder. Raises SettingsError for a folder that databases cannot address."""
    root = Path(os.environ.get("OMNIVUE_HOME") or "var").resolve()
    if sign := next((sign for sign in "?#" if sign in str(root)), None):
        raise SettingsError(f"OMNIVUE_HOME: {root} holds '{sign}', which ends a path in a URL; choose another folder")
    return Home(root)


def _shipped_values() -> Any:
    return yaml.safe_load(DEFAULTS_FILE.read_text(encoding="utf-8"))


def load_settings(override: Path | None = None) -> Settings:
    """The shipped settings with `override` (a YAML file, may be absent) laid over them, key by key.

    Raises SettingsError naming the file, the setting, its value and what is expected.
    """
    values = _shipped_values()
    source = DEFAULTS_FILE
    if override is not None and override.exists():
        source = override
        try:
            own = yaml.safe_load(override.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise SettingsError(f"{override}: {_unreadable(error)}") from error
        if not isinstance(own, dict):
            raise SettingsError(f"{override}: expected settings as `name: value` lines, got {type(own).__name__}")
        values = _overlay(values, own)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        listed = f"{DEFAULTS_FILE} lists every setting with its default."
        if first["type"] == "extra_forbidden":
            near = _like(first["loc"])
            meant = f"; did you mean '{near}'?" if near else "."
            raise SettingsError(f"{source}: there is no setting '{where}'{meant} {listed}") from error
        value = "what is not shown" if where.startswith("alerts.webhooks") else repr(first.get("input"))
        default = _default(first["loc"])
        shipped = f"; the default is {default!r}" if source != DEFAULTS_FILE and default is not None else ""
        raise SettingsError(
            f"{source}: setting '{where}' holds {value}: {expectation(first)}{shipped}. {listed}"
        ) from error


def expectation(problem: ErrorDetails) -> str:
    """What pydantic found wrong with a value, in the words of whoever wrote it."""
    kind, message = problem["type"], problem["msg"].removeprefix("Value error, ").partition(", unable to parse")[0]
    if kind == "missing":
        return "this one is required"
    if kind in ("model_type", "dict_type"):
        return "expected settings below it, as `name: value`"
    if kind == "too_short":
        return f"expected at least {problem['ctx']['min_length']}"
    if kind == "string_pattern_mismatch":
        return f"expected text of the form {problem['ctx']['pattern']}"
    if message.startswith(("Input should be greater", "Input should be less")):
        message = message.replace("be ", "be a value ", 1)
    return message.replace("Input should be ", "expected ", 1)


def _unreadable(error: yaml.YAMLError) -> str:
    """Where YAML stops being YAML, and why."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: not valid YAML, {error.problem}"
    return f"not valid YAML, {error}"


def _default(where: Sequence[int | str]) -> object:
    """The shipped value of a setting that is one value, None for others."""
    value: Any = _shipped_values()
    for part in where:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return None if isinstance(value, dict) else value


def _like(where: Sequence[int | str]) -> str | None:
    """The setting of this name in another place or, failing that, the one beside it with the name most like this."""
    known: list[str] = []

    def walk(values: Any, path: str) -> None:
        for key, value in values.items() if isinstance(values, dict) else ():
            known.append(f"{path}{key}")
            walk(value, f"{path}{key}.")

    walk(_shipped_values(), "")
    *above, name = map(str, where)
    if elsewhere := [other for other in known if other.split(".")[-1] == name]:
        return elsewhere[0]
    beside = [other for other in known if other.split(".")[:-1] == above]
    return next(iter(difflib.get_close_matches(".".join([*above, name]), beside, n=1)), None)


# Maps whose keys are the retailer's own: an override replaces them whole, so that an entry can be taken away.
_WHOLE = {"fx_rates", "opening_hours", "targets"}


def _overlay(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if key not in _WHOLE and isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _overlay(merged[key], value)
        else:
            merged[key] = value
    return merged


@functools.cache
def shipped_settings() -> Settings:
    """The settings without any override."""
    return load_settings()
