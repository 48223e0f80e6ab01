"""How the simulated engine is set up, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workshop.simulation.messages import Address

__all__ = ["Attempt", "Counters", "Settings"]


@dataclass
class Counters:
    """What happened so far.

    ``invoked`` counts calls of functions: at least one for each message. ``took_effect`` counts
    messages whose effects count, exactly once each; it goes back when the job does.
    """

    invoked: int = 0
    took_effect: int = 0
    batches: int = 0
    retries: int = 0
    restarts: int = 0
    crashes: int = 0
    checkpoints: int = 0


class Attempt(NamedTuple):
    """One attempt to execute a batch: the bytes of both sides, or what went wrong."""

    address: Address
    attempt: int
    request: bytes
    response: bytes | None
    error: str


@dataclass(frozen=True)
class Settings:
    """How the engine is set up; see the parameters of `SimulatedRuntime`."""

    max_async: int
    restart_delay_ms: int
    max_restarts: int
    checkpoint_interval_ms: int | None
