"""An application: a folder with functions, a module definition, and what its topics carry."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from kafka import KafkaProducer

from generator.broker import GREETINGS, NAMES, Reader
from generator.connection import connect, disconnect
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.protos import message_classes
from workshop.stack import Size, Stack

FILE = "workshop.yaml"
KEYS = {"application", "module", "messages", "topics"}
GREETER: dict[str, Any] = {
    "application": "greeter.greeter:app",
    "module": "module.yaml",
    "messages": "protos/messages.proto",
    "topics": {NAMES: "example.GreetRequest", GREETINGS: "example.GreetResponse"},
}
"""The application of this repository, which needs no such file."""


class ApplicationError(WorkshopError):
    """Something about an application has to be fixed first."""


@dataclass(frozen=True)
class Record:
    """One record of an application's topic.

    Attributes
    ----------
    key
        What it is keyed by.
    value
        The message; the bytes, if they are none of the topic's type.
    partition, offset
        Where it lies.
    """

    key: str
    value: Message | bytes
    partition: int
    offset: int

    def __str__(self) -> str:
        if isinstance(self.value, bytes):
            return f"{self.key}\t(unreadable: {self.value!r})"
        return f"{self.key}\t{to_json(self.value)}"


class Application:
    """A folder with functions of one's own.

    Parameters
    ----------
    folder
        Where its ``workshop.yaml`` lies. This repository is one, too: that of the greeter.

    Examples
    --------
    >>> shop = Application("shop")
    >>> with shop.stack() as stack, shop.read(stack.bootstrap, "shipments") as shipments:
    ...     shop.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
    ...     print(shipments.next(60))
    Ada	{"customer": "Ada", "item": "tea", "number": 1}
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).resolve()
        found = GREETER if self.folder == ROOT else _read(self.folder / FILE)
        self.application: str = found["application"]
        self.module = self.folder / found["module"]
        self.topics: Mapping[str, str] = found["topics"]
        self._proto = self.folder / found["messages"]

    @property
    def name(self) -> str:
        """What its stack is called, unless told otherwise: like its folder."""
        if self.folder == ROOT:
            return "default"
        return re.sub(r"[^a-z0-9]+", "-", self.folder.name.lower()).strip("-") or "own"

    def stack(self, name: str | None = None, size: Size | None = None) -> Stack:
        """Return a stack that runs it.

        Parameters
        ----------
        name, size
            See :class:`workshop.stack.Stack`. The name is the application's unless given here or by
            ``WORKSHOP_STACK``.
        """
        return Stack(
            name or os.environ.get("WORKSHOP_STACK") or self.name,
            module=self.module,
            application=self.application,
            python_path=self.folder,
            topics=self.topics,
            size=size,
        )

    def send(self, bootstrap: str, topic: str, key: str, message: Message | str) -> None:
        """Send a record, and wait until it is in its topic.

        Parameters
        ----------
        bootstrap
            The broker's address, ``host:port``.
        key
            What it is keyed by: the identity of the function that is called.
        message
            The topic's message, or the same as JSON.

        Raises
        ------
        ApplicationError
            When the topic does not carry such a message.
        """
        if not key:
            raise ApplicationError(
                "The key is empty: the engine could not tell which function to call.",
                hint="name one, such as Ada.",
            )
        value = self._message(topic, message).SerializeToString()
        producer = connect(KafkaProducer, bootstrap)
        try:
            producer.send(topic, key=key.encode(), value=value).get(timeout=60)
        finally:
            disconnect(producer)

    def read(
        self,
        bootstrap: str,
        topic: str,
        kind: type[Message] | None = None,
        committed: bool = True,
        from_start: bool = False,
    ) -> MessageReader:
        """Return what reads a topic's records as they come.

        Parameters
        ----------
        bootstrap
            The broker's address, ``host:port``.
        kind
            The class of the messages, if they are to be those of a generated module.
        committed, from_start
            See :class:`generator.broker.Reader`.
        """
        kind = kind or self.type_of(topic)
        return MessageReader(kind, bootstrap, topic, committed, from_start)

    def type_of(self, topic: str) -> type[Message]:
        """Return the class of the messages that a topic carries."""
        if topic not in self.topics:
            raise ApplicationError(
                f"There is no topic {topic!r} in {self.folder / FILE}.",
                hint=f"the topics are {', '.join(self.topics)}.",
            )
        wanted = self.topics[topic]
        for found in self._types:
            if found.DESCRIPTOR.full_name == wanted:
                return found
        raise ApplicationError(
            f"{self._proto} has no message {wanted}, which the topic {topic!r} is to carry.",
            hint=f"its messages are {', '.join(one.DESCRIPTOR.full_name for one in self._types)}.",
        )

    @functools.cached_property
    def _types(self) -> list[type[Message]]:
        """Of this application alone: its generated module may be imported as well."""
        try:
            text = self._proto.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ApplicationError(
                f"{self._proto} cannot be read: {error}", hint=f"{FILE} names it."
            ) from error
        return list(vars(message_classes(text, self._proto.stem)).values())

    def _message(self, topic: str, given: Message | str) -> Message:
        kind = self.type_of(topic)
        if isinstance(given, str):
            try:
                made: Message = json_format.Parse(given, kind())
                return made
            except json_format.ParseError as error:
                fields = ", ".join(field.name for field in kind.DESCRIPTOR.fields) or "none"
                raise ApplicationError(
                    f"That is no {kind.DESCRIPTOR.full_name}: {error}",
                    hint=f"write it as JSON; its fields are {fields}.",
                ) from error
        if given.DESCRIPTOR.full_name != kind.DESCRIPTOR.full_name:
            raise ApplicationError(
                f"The topic {topic!r} carries {kind.DESCRIPTOR.full_name}, "
                f"not {given.DESCRIPTOR.full_name}."
            )
        return given


class MessageReader(Reader[Record]):
    """Reads an application's records as they come; see :class:`generator.broker.Reader`."""

    def __init__(self, kind: type[Message], *args: Any) -> None:
        self._type = kind
        super().__init__(*args)

    def until_now(self, timeout: float = 60) -> Iterator[Record]:
        """Yield what is in the topic by now.

        Raises
        ------
        TimeoutError
            When it does not come within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        ends = self._consumer.end_offsets(self._consumer.assignment())
        while any(self._consumer.position(part) < end for part, end in ends.items()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The topic was not read within {timeout:g} s")
            yield from self.poll(0.1)

    def _item(self, record: Any) -> Record:
        value: Message | bytes = record.value or b""
        # What is none is shown as it is: it may be just what somebody is looking for.
        with contextlib.suppress(DecodeError, ValueError):
            value = self._type.FromString(value)
        key = (record.key or b"").decode(errors="replace")
        return Record(key, value, record.partition, record.offset)


def to_json(message: Message) -> str:
    """Return a message as one line of JSON, with the fields' names as in the ``.proto`` file."""
    written: str = json_format.MessageToJson(
        message, preserving_proto_field_name=True, indent=None, ensure_ascii=False
    )
    return written


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ApplicationError(
            f"{file} cannot be read: {error}",
            hint="python -m workshop new FOLDER makes an application with such a file.",
        ) from error
    keys = set(found) if isinstance(found, dict) else set()
    topics = found.get("topics") if isinstance(found, dict) else None
    named = isinstance(topics, dict) and all(isinstance(one, str) for one in topics.values())
    if keys != KEYS or not named:
        raise ApplicationError(
            f"{file} is to have {', '.join(sorted(KEYS))}, and a message for each topic.",
            hint="compare it with that of a new one: python -m workshop new FOLDER.",
        )
    return found  # type: ignore[no-any-return]
