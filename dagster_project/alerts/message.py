"""What a message says, and how webhooks and mailboxes read it. Neither holds personal data: sentences come with counts,
names of extracts and tables, and paths."""

from __future__ import annotations

import html
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

Kind = Literal[
    "data_rejected", "gate_failed", "run_crashed", "postgres_not_served", "negative_answers", "recovered", "test"
]
VERSION = 1
LONGEST_SUMMARY = 500


@dataclass(frozen=True)
class Alert:
    """One thing to tell. `summary` is a sentence, `home` the name of the OMNIVUE_HOME, `release_id` the release that BI
    reads now, `data_docs` a link; None where there is none."""

    kind: Kind
    summary: str
    home: str
    job: str | None = None
    run_id: str | None = None
    release_id: str | None = None
    data_docs: str | None = None

    @property
    def sentence(self) -> str:
        """The summary in one line of bounded length, whatever an error's text holds."""
        line = " ".join(self.summary.split())
        return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1] + "…"

    def payload(self) -> dict[str, str | int | None]:
        """The JSON of a webhook. `text` is what Slack, Teams and Mattermost show: they take `&`, `<` and `>` for
        mark-up, mentions of everybody included."""
        return {
            "version": VERSION,
            "kind": self.kind,
            "summary": self.sentence,
            "text": html.escape(f"[{self.home}] {self.sentence}" + self._where(), quote=False),
            "home": self.home,
            "job": self.job,
            "run_id": self.run_id,
            "release_id": self.release_id,
            "data_docs": self.data_docs,
        }

    def mail(self, sender: str, to: list[str]) -> EmailMessage:
        """The message as an e-mail, in plain text."""
        message = EmailMessage()
        message["Subject"] = f"[{self.home}] Omnivue: {self.sentence}"[:150]
        message["From"], message["To"] = sender, ", ".join(to)
        # So that nobody's holiday notice answers a machine.
        message["Auto-Submitted"] = "auto-generated"
        facts = {"kind": self.kind, "job": self.job, "run": self.run_id, "release": self.release_id}
        facts |= {"home": self.home, "Data Docs": self.data_docs}
        lines = [f"{name}: {value}" for name, value in facts.items() if value]
        message.set_content("\n".join([self.sentence, "", *lines, "", "What to do: docs/runbook.md", ""]))
        return message

    def _where(self) -> str:
        facts = {"Run": self.run_id, "Release": self.release_id, "Data Docs": self.data_docs}
        told = [f"{name} {value}" for name, value in facts.items() if value]
        return " " + ", ".join(told) if told else ""
