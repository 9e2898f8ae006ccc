"""Opaque ids: keyed hashes, so that nobody without the key can tell whose they are or make them up."""

from __future__ import annotations

import hmac

UNKNOWN_CUSTOMER = "unknown"


def customer_id(id_key: str, source_system: str, source_person_key: str) -> str:
    """The id of the customer whose eldest record this is: `c_` and 24 hex digits (96 bits of an HMAC)."""
    return "c_" + _digest(id_key, "customer", source_system, source_person_key)


def record_hash(id_key: str, source_system: str, source_person_key: str) -> str:
    """The opaque name of a source record: 24 hex digits, unrelated to the id of a customer named after
    it."""
    return _digest(id_key, "record", source_system, source_person_key)


def _digest(id_key: str, purpose: str, source_system: str, source_person_key: str) -> str:
    # The separator cannot occur in a system's name, so no two records give one message.
    message = f"{purpose}|{source_system}|{source_person_key}".encode()
    return hmac.digest(id_key.encode(), message, "sha256").hex()[:24]
