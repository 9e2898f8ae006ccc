"""How the shipped match model is made: `python -m benchmarks.match_model --landing DIR [--save FILE]`.

Trains on the people of a simulated landing folder (`omnivue simulate --no-dirt`): the contacts of the CRM's last full
export, the loyalty programme's members, and the web shop's buyers, once per name and mailbox. Says how well the model
tells them apart, over pairs of records, by the truth beside the folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.people import pairwise
from dagster_project.identity import MatchModel, resolve, train

LEAST_HOUSEHOLD = 0.5
_CRM = """
    select
        'crm:' || "Record ID" as record_id, 'crm' as source_system, "First Name" as given_name, "Last Name" as surname,
        "Date of Birth" as birth_date, concat_ws(';', Email, "Additional email addresses") as email,
        concat_ws(';', "Phone Number", "Mobile Phone Number") as phone, "Street Address" as address,
        "Postal Code" as postcode, City as city, 'crm' as system, "Record ID" as key
    from read_csv('{landing}/crm_contacts/{snapshot}/hubspot-contacts-full*.csv', all_varchar = true)
"""
_LOYALTY = """
    select
        'loyalty:' || card_number, 'loyalty', first_name, last_name, birth_date, email, phone, null, postal_code, city,
        'loyalty', 'card:' || card_number
    from read_csv('{landing}/loyalty_members/{day}/*.csv', all_varchar = true)
"""
_SHOP = """
    select
        'shop:' || lower(Email) || ':' || "Billing Name", 'shop', regexp_extract("Billing Name", '^(\\S+)', 1),
        regexp_extract("Billing Name", '\\s(.+)$', 1), null, Email, any_value("Billing Phone"),
        any_value("Billing Street"), any_value("Billing Zip"), any_value("Billing City"),
        'shop', 'email:' || lower(Email)
    from read_csv('{landing}/shop_orders/*/*.csv', all_varchar = true, union_by_name = true)
    where "Billing Name" is not null and Email is not null
    group by Email, "Billing Name"
"""


def people(landing: Path) -> pd.DataFrame:
    """The records as `resolve` takes them, with the truth's person in `person_id` where the truth knows the record."""
    snapshot = sorted((landing / "crm_contacts").glob("*/hubspot-contacts-full*.csv"))[-1].parent.name
    day = max(path.name for path in (landing / "loyalty_members").iterdir())
    union = " union all ".join((_CRM, _LOYALTY, _SHOP)).format(landing=landing, snapshot=snapshot, day=day)
    truth = landing.parent / "truth" / "source_records.csv"
    return duckdb.sql(
        f"""
        select records.* exclude (system, key), person_id
        from ({union}) as records
        left join read_csv('{truth}', all_varchar = true) as truth
            on truth.source_system = records.system and truth.source_person_key = records.key
        order by record_id
        """
    ).df()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--save", type=Path, help="write the model there")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    records = people(arguments.landing)
    model = train(records)
    # The simulator's households are couples; a retailer's hold children, twins among them.
    model = dataclasses.replace(model, household=max(model.household, LEAST_HOUSEHOLD))
    if arguments.save:
        model.save(arguments.save)
        model = MatchModel.load(arguments.save)
    known = records["person_id"].notna().to_numpy()
    found = resolve(records, model)["customer_id"].to_numpy()[known]
    precision, recall, f1 = pairwise(found, records["person_id"].to_numpy()[known])
    print(
        f"{len(records):,} records, model {model.version}: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}"
    )


if __name__ == "__main__":
    main()
