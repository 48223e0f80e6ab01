"""A connection to the broker, or one sentence that says why there is none."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

Client = TypeVar("Client")


class BrokerError(Exception):
    """Base of what goes wrong here; a notebook shows its sentence, without the frames around it."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class BrokerUnreachable(BrokerError, ConnectionError):
    """No Kafka broker answers at the address that was given."""


class RequestRefused(BrokerError, ValueError):
    """A request that must not be sent: its name or key is empty, too long or not a string."""


def connect(
    make: Callable[..., Client], bootstrap: str, timeout: float = 9, **settings: Any
) -> Client:
    """Make a kafka-python client, or say within ``timeout`` seconds that there is no broker.

    Parameters
    ----------
    make
        The client's class: ``KafkaProducer``, ``KafkaConsumer`` or ``KafkaAdminClient``.
    bootstrap
        The broker's address, ``host:port``.

    Raises
    ------
    RequestRefused
        When ``bootstrap`` is not an address.
    BrokerUnreachable
        When nothing listens there, or what listens is not a broker.
    """
    host, _, port = bootstrap.rpartition(":")
    if not host or not port.isdigit():
        raise RequestRefused(
            f"{bootstrap!r} is not a broker address: it must have the form host:port"
        )
    reason: Exception
    begun: list[Any] = []

    def begin(**own: Any) -> Any:
        begun.append(KafkaNetClient(**own))
        return begun[-1]

    try:
        socket.create_connection((host, int(port)), timeout=timeout / 2).close()
        return make(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=int(timeout * 1000 / 2),
            # How long a client stays away from a broker that was gone. The default grows to 30 s.
            reconnect_backoff_max_ms=500,
            kafka_client=begin,
            **settings,
        )
    except (OSError, KafkaError) as error:
        reason = error
        # What cannot be made cannot be closed, and its thread would run for good.
        for client in begun:
            client.close()
            client._net.stop()
    raise BrokerUnreachable(f"No Kafka broker answers at {host}:{port} ({reason})")


def disconnect(producer: KafkaProducer, timeout: float = 5) -> None:
    """Send what is waiting, for at most ``timeout`` seconds, and close the connection.

    Raises
    ------
    BrokerUnreachable
        When something was still waiting: it is not sent any more.
    """
    try:
        producer.close(timeout=timeout)
    except KafkaError as error:
        # kafka-python stops closing here: its thread would keep on trying for good.
        producer._sender.force_close()
        producer.close(timeout=timeout)
        raise BrokerUnreachable(
            f"The broker did not accept everything within {timeout:g} s ({error})"
        ) from error
