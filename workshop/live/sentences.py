"""What went wrong, as a sentence for anyone looking at a panel or the dashboard."""

from __future__ import annotations

import requests
from kafka.errors import KafkaError

from generator.broker import BrokerError
from workshop.errors import WorkshopError


def sentence(error: BaseException) -> str:
    """Say in one line what went wrong, never the way Python would."""
    if isinstance(error, WorkshopError):
        return " ".join(filter(None, [error.message, error.hint and f"What to do: {error.hint}"]))
    if isinstance(error, requests.RequestException):
        return "Flink is not answering right now."
    if isinstance(error, KafkaError):
        return "The broker is not answering right now."
    told = next(iter(f"{error}".splitlines()), "") or "Something unexpected went wrong"
    return told if isinstance(error, BrokerError) else f"{told} ({type(error).__name__})"
