"""Telling people what became of a run: a message of one sentence, sent to webhooks and by e-mail.

What happened is for the caller to say (`defs.watch` reads it from Dagster's events); `send` never raises and never
takes longer than the settings allow.
"""

from dagster_project.alerts.message import Alert, Kind
from dagster_project.alerts.receivers import Receipt, send

__all__ = ["Alert", "Kind", "Receipt", "send"]
