"""The shipped rules for machines, on user agents as they are met."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.settings import DBT_PROJECT_DIR

RULES = DBT_PROJECT_DIR / "seeds" / "intermediate" / "machine_event_rules.csv"


@pytest.mark.parametrize(
    ("agent", "rules"),
    [
        ("Mozilla/5.0", ["apple_mail_privacy"]),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            ["gmail_image_proxy"],
        ),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", ["yahoo_mail_proxy"]),
        ("LinkScanner/2.4 (+https://scanner.example.org)", ["scanner"]),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ["bot_slash", "googlebot"]),
        ("python-requests/2.32", ["python"]),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile", []),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            [],
        ),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT P80) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", []),
    ],
)
def test_user_agents_of_machines_are_known_and_those_of_people_are_not(agent: str, rules: list[str]) -> None:
    found = duckdb.execute(
        f"select rule from '{RULES}' where agent_like is not null and lower(?) like agent_like order by rule", [agent]
    ).fetchall()
    assert [rule for (rule,) in found] == rules
