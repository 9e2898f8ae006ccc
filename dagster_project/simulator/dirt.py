"""What goes wrong in deliveries: which defects are planted where, and the book of what was planted.

Planning only; `writers` carries it out. One defect per row, none inside a file that is rejected or replaced, and
never a defect in the last days of the window, so that every corrected delivery arrives before its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dagster_project.simulator.columns import Flags, Ints, stream

ROW_SHARE = 0.0005  # of an extract's rows, within the bounds below
ROW_BOUNDS = (3, 60)
MIN_ROWS_PER_DEFECT = 200  # so that defects stay far below two per cent of any extract


@dataclass(frozen=True)
class RowDefect:
    """A defect of one record. `column` gets `value` unless the kind says otherwise; `row`: record number in the
    extract.
    """

    kind: str
    outcome: str
    column: str = ""
    value: str | None = None
    row: int = -1


@dataclass(frozen=True)
class FilePlan:
    """What happens to one file: an action ('' for none) with its delay in days or column, and the defects of its
    rows.
    """

    action: str = ""
    delay: int = 0
    column: str = ""
    rows: tuple[RowDefect, ...] = ()


@dataclass(frozen=True)
class Planted:
    """One line of truth/dirt.csv; `line` is None for a defect of the whole file."""

    extract: str
    file: str
    line: int | None
    kind: str
    outcome: str


def _bad(kind: str, column: str, value: str | None) -> RowDefect:
    return RowDefect(kind, "row_quarantined", column, value)


_REPEAT = RowDefect("repeated_row", "deduplicated")
_FEW, _MANY = RowDefect("too_few_cells", "row_quarantined"), RowDefect("too_many_cells", "row_quarantined")
_BROKEN = RowDefect("invalid_json", "row_quarantined")

ROW_RECIPES: dict[str, tuple[RowDefect, ...]] = {
    "crm_contacts": (
        _bad("impossible_date", "Date of Birth", "1984-02-31"),
        _REPEAT,
        _bad("missing_required", "Create Date", None),
        _bad("wrong_type", "Record ID", "abc"),
        _bad("outside_enum", "Gender", "Mme"),
        _bad("outside_enum", "Preferred language", "xx"),
    ),
    "shop_orders": (
        _bad("wrong_type", "Lineitem price", "abc"),
        _bad("negative_quantity", "Lineitem quantity", "-1"),
        _bad("decimal_comma", "Lineitem price", '"12,50"'),
        _bad("missing_required", "Lineitem quantity", None),
    ),
    "shop_transactions": (
        _bad("wrong_type", "Amount", "abc"),
        _REPEAT,
        _bad("outside_enum", "Kind", "chargeback"),
        _FEW,
        _MANY,
    ),
    "shop_checkouts": (
        _bad("wrong_type", "Lineitem quantity", "deux"),
        _bad("missing_required", "Lineitem price", None),
    ),
    "shop_customers": (
        _bad("missing_required", "Created at", None),
        _REPEAT,
        _bad("outside_enum", "Accepts Email Marketing", "oui"),
        _bad("impossible_date", "Updated at", "2026-02-30 10:00:00 +0100"),
        _FEW,
    ),
    "pos_tickets": (
        _bad("wrong_type", "quantite", "abc"),
        _bad("impossible_date", "date", "31/02/2026"),
        _REPEAT,
        _FEW,
        _bad("outside_enum", "type", "AVOIR"),
        _bad("missing_required", "montant_ttc", None),
        _MANY,
        _bad("wrong_type", "prix_unitaire_ttc", "12,5O"),
    ),
    "loyalty_members": (
        _bad("outside_enum", "tier", "platine"),
        _bad("impossible_date", "joined_on", "2025-02-30"),
        _bad("wrong_type", "points_balance", "abc"),
        _REPEAT,
    ),
    "loyalty_events": (
        _bad("outside_enum", "event_type", "bonus"),
        _MANY,
        _bad("missing_required", "card_number", None),
        _REPEAT,
        _FEW,
        _bad("wrong_type", "points", "dix"),
    ),
    "web_events": (
        _BROKEN,
        _bad("wrong_type", "event_timestamp", '"abc"'),
        _bad("missing_required", "event_name", None),
        _bad("outside_enum", "platform", '"WINDOWS"'),
    ),
    "message_events": (
        _bad("outside_enum", "event", '"bounced"'),
        _REPEAT,
        _bad("missing_required", "recipient", None),
        _BROKEN,
        _bad("impossible_date", "occurred_at", '"2026-02-31T10:00:00Z"'),
    ),
    "google_ads_insights": (_bad("wrong_type", "Cost", "n/a"), _REPEAT, _bad("missing_required", "Campaign ID", None)),
    "meta_ads_insights": (_bad("wrong_type", "Impressions", "abc"), _MANY, _REPEAT),
    "linkedin_ads_insights": (
        _bad("impossible_date", "Start Date (in UTC)", "02/31/2026"),
        _bad("decimal_comma", "Total Spent", "12,50"),
    ),
    "social_post_insights": (
        _bad("outside_enum", "content_type", "reel"),
        _bad("wrong_type", "likes", "beaucoup"),
        _REPEAT,
    ),
    "support_tickets": (
        _bad("outside_enum", "status", '"reopened"'),
        _bad("missing_required", "created_at", None),
        _BROKEN,
    ),
    "survey_responses": (
        _bad("outside_enum", "survey", "nsat"),
        _bad("wrong_type", "score", "abc"),
        _bad("missing_required", "invited_at", None),
    ),
    "consents": (_bad("outside_enum", "purpose", '"fax"'), _REPEAT, _bad("missing_required", "status", None), _BROKEN),
    "other_costs": (_bad("wrong_type", "amount", "abc"),),
    "experiments": (
        _bad("impossible_date", "exposed_at", "2026-02-31T10:00:00Z"),
        _bad("missing_required", "variant", None),
    ),
    "store_footfall": (
        _bad("wrong_type", "entrees", "n/a"),
        _bad("impossible_date", "date", "31/02/2026"),
        _REPEAT,
        _bad("negative_quantity", "sorties", "-2"),
        _FEW,
        _bad("outside_enum", "etat", "HS"),
    ),
    "phone_calls": (
        _bad("outside_enum", "outcome", "busy"),
        _bad("wrong_type", "wait_seconds", "00:45"),
        _REPEAT,
        _MANY,
        _bad("missing_required", "offered_at", None),
    ),
    "bot_conversations": (
        _BROKEN,
        _bad("outside_enum", "outcome", '"escalated"'),
        _bad("missing_required", "started_at", None),
        _REPEAT,
    ),
    "social_comments": (
        _bad("outside_enum", "platform", "x"),
        _REPEAT,
        _bad("impossible_date", "written_at", "2026-02-31T10:00:00Z"),
        _bad("wrong_type", "likes", "1k"),
        _FEW,
    ),
    "social_followers": (_bad("wrong_type", "followers", "42.1k"), _REPEAT),
    "cart_relaunches": (_bad("outside_enum", "variant", "A"), _bad("missing_required", "enrolled_at", None), _REPEAT),
    "store_pickups": (
        _bad("outside_enum", "status", "lost"),
        _bad("impossible_date", "prepared_at", "2026-02-31 10:00:00"),
        _FEW,
    ),
    "stock_outs": (
        _bad("impossible_date", "out_since", "2026-02-31"),
        _bad("missing_required", "sku", None),
        _MANY,
    ),
    "store_stock": (_bad("negative_quantity", "quantity", "-3"), _bad("wrong_type", "quantity", "épuisé")),
}

# Action and, where it needs one, the column; in order of importance when there are few files.
FILE_RECIPES: dict[str, tuple[tuple[str, str], ...]] = {
    "crm_contacts": (("wrong_encoding", ""), ("late", ""), ("duplicate", ""), ("replaced", "")),
    "shop_orders": (
        ("replaced", ""),
        ("missing_column", "Lineitem price"),
        ("late", ""),
        ("extra_column", ""),
        ("duplicate", ""),
    ),
    "shop_transactions": (("extra_column", ""), ("late", "")),
    "shop_customers": (("wrong_encoding", ""), ("late", ""), ("replaced", "")),
    "pos_tickets": (
        ("wrong_encoding", ""),
        ("replaced", ""),
        ("late", ""),
        ("duplicate", ""),
        ("missing_column", "montant_ttc"),
    ),
    "loyalty_members": (("extra_column", ""),),
    "loyalty_events": (("late", ""), ("future", "")),
    "web_events": (("truncated", ""), ("duplicate", ""), ("late", ""), ("truncated", "")),
    "message_events": (("extra_column", ""), ("duplicate", "")),
    "google_ads_insights": (("missing_column", "Cost"), ("duplicate", "")),
    "meta_ads_insights": (("extra_column", ""), ("future", "")),
    "linkedin_ads_insights": (("late", ""),),
    "social_post_insights": (("duplicate", ""),),
    "support_tickets": (("late", ""), ("replaced", "")),
    "survey_responses": (("wrong_encoding", ""), ("replaced", "")),
    "consents": (("duplicate", ""),),
    "products": (("extra_column", ""),),
    "store_footfall": (("replaced", ""), ("extra_column", "")),
    "phone_calls": (("late", ""), ("duplicate", "")),
    "bot_conversations": (("duplicate", ""),),
    "social_comments": (("wrong_encoding", ""), ("late", "")),
    "store_pickups": (("late", ""),),
    "stock_outs": (("missing_column", "out_since"),),
}
_TYPED_KINDS = {"missing_required", "outside_enum"}  # what a Parquet row can hold


@dataclass
class DirtBook:
    """Plans defects and records those that were planted. Inert when `is_dirty` is False."""

    seed: int
    last_day: int
    is_dirty: bool
    planted: list[Planted] = field(default_factory=list)
    _plans: dict[str, list[FilePlan]] = field(default_factory=dict)
    _settled: dict[str, Flags] = field(default_factory=dict)

    def note(self, extract: str, file: str, line: int | None, kind: str, outcome: str) -> None:
        """Enter a defect that has just been written."""
        self.planted.append(Planted(extract, file, line, kind, outcome))

    def plan(
        self, extract: str, days: Sequence[int], starts: Ints, eligible: Flags | None = None, *, typed: bool = False
    ) -> list[FilePlan]:
        """The plan of each file. `starts`: first record of each file, and the end; `typed`: files hold types
        (Parquet, not text).
        """
        plans = [FilePlan() for _ in days]
        self._plans[extract] = plans
        if not self.is_dirty:
            return plans
        rng = stream(self.seed, f"dirt {extract}")
        counts = np.diff(starts)
        settled = np.array(days) <= self.last_day - 12  # corrections and late files still arrive inside the window
        self._settled[extract] = settled
        self._plan_files(extract, plans, rng, np.flatnonzero(settled & (counts >= 5)))
        clean = np.array([not plan.action for plan in plans], dtype=np.bool_)
        self._plan_rows(extract, plans, rng, starts, clean & (counts >= 2), eligible, typed)
        return plans

    def _plan_files(self, extract: str, plans: list[FilePlan], rng: np.random.Generator, candidates: Ints) -> None:
        recipes = FILE_RECIPES.get(extract, ())[: max(len(candidates) // 4, 1 if len(candidates) >= 2 else 0)]
        if not recipes:
            return
        chosen = rng.choice(candidates, size=len(recipes), replace=False)
        for file, (action, column) in zip(chosen, recipes, strict=True):
            delay = int(rng.integers(6, 9)) if action == "late" else int(rng.integers(1, 4))
            plans[int(file)] = FilePlan(action, delay, column)

    def _plan_rows(
        self,
        extract: str,
        plans: list[FilePlan],
        rng: np.random.Generator,
        starts: Ints,
        clean: Flags,
        eligible: Flags | None,
        typed: bool,
    ) -> None:
        recipes = [defect for defect in ROW_RECIPES.get(extract, ()) if not typed or defect.kind in _TYPED_KINDS]
        total = int(starts[-1])
        wanted = min(max(ROW_BOUNDS[0], int(total * ROW_SHARE)), ROW_BOUNDS[1], total // MIN_ROWS_PER_DEFECT)
        if not recipes or not wanted:
            return
        files = np.flatnonzero(clean)
        per_file = np.zeros(len(plans), dtype=np.int64)
        used: set[int] = set()
        done = 0
        # Weighted by size, so a defect rarely meets a tiny file; a few draws fall on rows that may not carry one.
        weight = np.diff(starts)[files] / max(int(np.diff(starts)[files].sum()), 1)
        for _ in range(wanted * 20):
            if done == wanted or not len(files):
                break
            file = int(rng.choice(files, p=weight))
            row = int(rng.integers(starts[file], starts[file + 1]))
            room = 1 + int(starts[file + 1] - starts[file]) // 100
            if row in used or per_file[file] >= room or (eligible is not None and not eligible[row]):
                continue
            recipe = recipes[done % len(recipes)]
            value = recipe.value.strip('"') if typed and recipe.value else recipe.value
            plans[file] = replace(plans[file], rows=(*plans[file].rows, replace(recipe, row=row, value=value)))
            used.add(row)
            per_file[file] += 1
            done += 1

    def postpone(self, extract: str, file: int, plan: FilePlan) -> FilePlan:
        """Move a wrong encoding from a file without accents to the next file free for it; the file itself stays
        good.
        """
        plans = self._plans[extract]
        for later in range(file + 1, len(plans)):
            if self._settled[extract][later] and not plans[later].action and not plans[later].rows:
                plans[later] = plan
                break
        return FilePlan()
