"""A French omnichannel retailer whose truth is known: extracts as real systems export them, and what really happened.

`simulate` writes both. In here: `people` (who they are), `behaviour` (touches, orders, contacts, dropout, with their
causes), `marketing` (campaigns, mailings, experiments), `sales` (what is in an order and becomes of it), `channels`
(one module per source system), `records` (who stands behind a source record), `writers` and `render` (files),
`dirt` (planted defects), `truth`. Reference words are in `names`, `places`, `catalogue`, `verbatims`.

What is delivered: `landing/<extract>/<arrival date>/<file>`, in the formats of `data_quality/contracts`. Daily,
weekly (Monday to Sunday) and monthly files arrive on the day after their business date. A week cut off by the end of
the window is not delivered.

What is true: `truth/`, a sibling of the landing folder (mode 0700). The pipeline never reads it. Instants are UTC,
money is in cents with tax.

- `people.parquet`, one row per person: names, birth, household partner, addresses, e-mails, phones (national digits
  without the 0), account, card, and since when; `is_prospect` never buys, `is_anonymous` leaves no record anywhere.
- `source_records.csv`, one row per record of a source: source_system, source_person_key, person_id, kind (exact,
  no_accents, nickname, typo, capitals, maiden_name, second_email, second_contact, marketplace_relay, shared_device,
  shared_mailbox). A shared mailbox is two people's, so its person_id is empty. A web account's kind is what the
  shop's export says of it. Records seen only in rows with a planted defect are listed too.
- `processes.parquet`, one row per person: baseline purchase rate and dropout rate a day, instant of natural dropout
  (it may lie behind the window) and of actual dropout, and its cause (natural, dissatisfaction, none for
  prospects).
- `orders.parquet`, one row per order: order_key (shop Name or ticket key), source_system, person_id, instant,
  channel, amounts, born_of (baseline or touch), touch_id and touch_channel of the touch that caused it,
  visit_touch_id of the touch whose session holds the purchase, experiment_id when only a treatment brought it
  about. Voided tickets are no orders.
- `touches.parquet`, one row per touch: person_id, instant, touch_channel, campaign_id, touch_kind, expected_orders
  (the integral of the hazard it adds) and orders_caused. Visits through search for the brand that lead to an order
  of the baseline are touches too; they caused nothing.
- `sessions.parquet`, one row per session of the web site and the apps: device_id (GA4's user_pseudo_id), device_session
  (its ga_session_id), person_id (empty: a stranger, of no file of people), instant, whether logged in, whether on a
  tablet two people share, cookie consent.
- `channel_counterfactual.csv`, one row per touch channel and one for the baseline: orders that exist because of it.
- `experiments.csv`: units, lift of the hazard (site) and orders caused by the treatment per treated unit.
- `satisfaction_effects.csv`, one row per service contact: felt ease (1 to 7), hours to resolution, the hazard of
  leaving it added, whether it made the person leave.
- `relaunches.csv`, one row per abandoned checkout in the relaunch trial: is_relaunched, order_key of the order that
  recovered it, is_caused (that order would not have come without the relaunch), planted_lift (difference of the shares
  recovered of the arms of its group). Which the relaunch caused besides stays counted where it was born in
  `orders.parquet`.
- `bot_conversations.csv`, one row per conversation with the bot: person_id, topic, outcome, is_settled (the question
  was answered; what the bot calls contained and is not settled comes back by e-mail or phone).
- `store_conversion.csv`, one row per store: planned tickets per visitor.
- `verbatims.csv`, one row per survey answer or social comment with a text: extract, reference (invitation_id,
  comment_id), language, topic (verbatims.SUBJECT_MATTERS), sentiment.
- `parameters.json`: the arguments and every parameter of the processes.
- `dirt.csv`, one row per planted defect: extract, file (path in the landing folder), line (physical line where the
  record begins; header = 1, preamble counted; empty for a defect of the file), kind, outcome (row_quarantined,
  file_rejected, deduplicated, replaced, kept_reported).
"""

from dagster_project.simulator.simulation import SimulationError, SimulationSummary, simulate

__all__ = ["SimulationError", "SimulationSummary", "simulate"]
