"""Webhooks and the mail server. Whoever is down, slow or wrong is a line in the log, never an error of the run.

URLs and passwords never stand in what this says: a receiver is named by its kind, number and host.
"""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from dagster_project.alerts.message import Alert
from dagster_project.settings import SMTP_USER, AlertMail, Alerts, SettingsError


@dataclass(frozen=True)
class Receipt:
    """What became of a message at one receiver; `problem` is None when it was taken."""

    receiver: str
    problem: str | None = None

    def __str__(self) -> str:
        return f"{self.receiver}: {self.problem or 'taken'}"


def send(alerts: Sequence[Alert], settings: Alerts) -> list[Receipt]:
    """Send every alert to every receiver of the settings; one receipt each, in their order. Receivers are spoken to
    beside each other, and given up after `timeout_seconds` in all. Does not raise."""
    try:
        receivers = _receivers(settings)
    except SettingsError as error:
        return [Receipt("webhooks", str(error))]
    found: dict[tuple[int, int], str | None] = {}
    threads = []
    for number, (_, deliver) in enumerate(receivers):

        def work(number: int = number, deliver: Callable[[Alert], None] = deliver) -> None:
            for place, alert in enumerate(alerts):
                try:
                    deliver(alert)
                    found[number, place] = None
                except Exception as error:
                    found[number, place] = _problem(error)

        # A daemon: whoever hangs does not keep the process from ending either.
        threads.append(threading.Thread(target=work, daemon=True))
    for thread in threads:
        thread.start()
    _join(threads, settings.timeout_seconds)
    silent = f"no answer within {settings.timeout_seconds:g} s"
    return [
        Receipt(name, found.get((number, place), silent))
        for place in range(len(alerts))
        for number, (name, _) in enumerate(receivers)
    ]


def _receivers(settings: Alerts) -> list[tuple[str, Callable[[Alert], None]]]:
    known: list[tuple[str, Callable[[Alert], None]]] = []
    for number, url in enumerate(settings.urls, start=1):
        name = f"webhook {number} ({urlsplit(url).hostname})"
        known.append((name, partial(_post, url, settings.timeout_seconds)))
    mail = settings.email
    if mail.host is not None:
        known.append((f"e-mail ({mail.host}:{mail.port})", partial(_mail, mail, settings.timeout_seconds)))
    return known


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    done = threading.Event()

    def wait() -> None:
        for thread in threads:
            thread.join()
        done.set()

    # Each wait of its own would add up.
    threading.Thread(target=wait, daemon=True).start()
    done.wait(seconds)


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET without the message, and its answer looks like a success."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _post(url: str, seconds: float, alert: Alert) -> None:
    body = json.dumps(alert.payload(), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "omnivue"}
    request = urllib.request.Request(url, body, headers, method="POST")
    with urllib.request.build_opener(_StayHere).open(request, timeout=seconds):
        pass


def _mail(settings: AlertMail, seconds: float, alert: Alert) -> None:
    if settings.host is None or settings.sender is None:
        raise ValueError("no mail server is named")
    if settings.credentials is not None and settings.security == "none":
        raise _Unsafe
    secure = ssl.create_default_context()
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=seconds, context=secure)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=seconds)
    with server:
        if settings.security == "starttls":
            server.starttls(context=secure)
        if settings.credentials is not None:
            server.login(*settings.credentials)
        server.send_message(alert.mail(settings.sender, settings.to))


class _Unsafe(Exception):  # noqa: N818
    """A password is not sent in the clear."""


def _problem(error: Exception) -> str:
    """What went wrong, without what was sent, to which path, and as whom."""
    if isinstance(error, _Unsafe):
        return f"{SMTP_USER} is set, and a password is not sent unencrypted: set alerts.email.security"
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code} ({type(error).__name__})"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, ssl.SSLError):
        return f"no safe connection ({cause.reason or type(cause).__name__})"
    if isinstance(cause, socket.gaierror):
        return "its name is not known"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__
