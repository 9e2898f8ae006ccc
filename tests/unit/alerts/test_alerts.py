"""Messages arrive as webhooks and mailboxes read them; a receiver that is down is a line, without a secret in it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.alerts import Alert, send
from dagster_project.settings import Alerts, SettingsError, load_settings

if TYPE_CHECKING:
    from conftest import Mailbox, Webhook

ALERT = Alert(
    "gate_failed",
    "gate failed: marts.kpi_nps: expected that <promoters> & detractors\nadd up",
    "shop",
    "nightly",
    "3f2a",
    "000007-2026-11-01",
    "file:///srv/shop/docs/data_docs/index.html",
)


def settings(folder: Path, text: str) -> Alerts:
    file = folder / "settings.yaml"
    file.write_text(f"alerts: {text}", encoding="utf-8")
    return load_settings(file).alerts


def nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_webhook_gets_the_facts_and_a_text_that_chats_show(webhook: Webhook, tmp_path: Path) -> None:
    (receipt,) = send([ALERT], settings(tmp_path, f"{{webhooks: '{webhook.url}'}}"))
    assert (receipt.receiver, receipt.problem) == ("webhook 1 (127.0.0.1)", None)
    assert webhook.headers[0]["Content-Type"] == "application/json; charset=utf-8"
    assert webhook.taken == [
        {
            "version": 1,
            "kind": "gate_failed",
            "summary": "gate failed: marts.kpi_nps: expected that <promoters> & detractors add up",
            "text": "[shop] gate failed: marts.kpi_nps: expected that &lt;promoters&gt; &amp; detractors add up "
            "Run 3f2a, Release 000007-2026-11-01, Data Docs file:///srv/shop/docs/data_docs/index.html",
            "home": "shop",
            "job": "nightly",
            "run_id": "3f2a",
            "release_id": "000007-2026-11-01",
            "data_docs": "file:///srv/shop/docs/data_docs/index.html",
        }
    ]


def test_a_mailbox_gets_one_line_as_subject_and_the_facts_as_text(mailbox: Mailbox, tmp_path: Path) -> None:
    mail = (
        f"{{host: 127.0.0.1, port: {mailbox.port}, security: none, from: omnivue@shop.fr, to: [a@shop.fr, b@shop.fr]}}"
    )
    (receipt,) = send([ALERT], settings(tmp_path, f"{{email: {mail}}}"))
    assert receipt.problem is None
    (message,) = mailbox.taken
    assert message["Subject"].startswith("[shop] Omnivue: gate failed: marts.kpi_nps: expected that <promoters>")
    assert (message["From"], message["To"]) == ("omnivue@shop.fr", "a@shop.fr, b@shop.fr")
    text = message.get_content()
    for part in ("run: 3f2a", "release: 000007-2026-11-01", "Data Docs: file:///srv/shop", "docs/runbook.md"):
        assert part in text


def test_every_receiver_gets_every_alert_though_another_is_down(
    webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", f" {webhook.url}\n")
    down = f"http://127.0.0.1:{nobody_listens()}/services/T0/hush"
    receipts = send([ALERT, ALERT], settings(tmp_path, f"{{webhooks: ['{down}']}}"))
    assert [str(receipt) for receipt in receipts] == [
        "webhook 1 (127.0.0.1): Connection refused",
        "webhook 2 (127.0.0.1): taken",
    ] * 2
    assert len(webhook.taken) == 2


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_is_no_success_is_told_and_no_redirection_is_followed(
    webhook: Webhook, tmp_path: Path, status: int
) -> None:
    webhook.status = status
    (receipt,) = send([ALERT], settings(tmp_path, f"{{webhooks: ['{webhook.url}']}}"))
    assert receipt.problem == f"answered {status}"
    assert len(webhook.taken) == 1


def test_a_receiver_that_hangs_is_given_up(webhook: Webhook, mailbox: Mailbox, tmp_path: Path) -> None:
    webhook.hangs = True
    mail = f"{{host: 127.0.0.1, port: {mailbox.port}, security: none, from: o@shop.fr, to: [a@shop.fr]}}"
    found = send([ALERT], settings(tmp_path, f"{{webhooks: ['{webhook.url}'], email: {mail}, timeout_seconds: 1}}"))
    # The test goes on while the webhook still has not answered.
    assert not webhook.over.is_set()
    assert found[0].problem in ("no answer in time", "no answer within 1 s")
    assert found[1].problem is None


def test_a_password_is_not_sent_in_the_clear_and_secrets_are_not_told(
    mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIVUE_SMTP_USER", "robot")
    monkeypatch.setenv("OMNIVUE_SMTP_PASSWORD", "hush")
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", f"http://127.0.0.1:{nobody_listens()}/T0/hush")
    mail = f"{{host: 127.0.0.1, port: {mailbox.port}, security: none, from: o@shop.fr, to: [a@shop.fr]}}"
    told = "\n".join(map(str, send([ALERT], settings(tmp_path, f"{{email: {mail}}}"))))
    assert "alerts.email.security" in told
    assert "hush" not in told
    assert "robot" not in told
    assert not mailbox.taken


def test_a_wrong_secret_is_named_but_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", "hooks.chat.example/hush")
    (receipt,) = send([ALERT], settings(tmp_path, "{}"))
    assert "OMNIVUE_ALERT_WEBHOOK" in str(receipt)
    assert "hush" not in str(receipt)
    with pytest.raises(SettingsError) as error:
        settings(tmp_path, "{webhooks: ['https://user:hush@chat.example/x']}")
    assert "hush" not in str(error.value)


def test_nobody_is_told_where_nobody_is_named(tmp_path: Path) -> None:
    assert send([ALERT], settings(tmp_path, "{}")) == []


def test_a_long_text_is_cut_to_one_line() -> None:
    told = Alert("run_crashed", "a\r\nb " * 400, "shop").payload()
    assert len(str(told["summary"])) == 500
    assert "\n" not in str(told["text"])
