"""An application: a folder with functions, a module definition, and what its topics carry."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from kafka import KafkaProducer
from statefun import StatefulFunctions

from generator.broker import GREETINGS, NAMES
from generator.connection import connect, disconnect
from workshop.errors import WorkshopError
from workshop.own.records import MessageReader
from workshop.paths import ROOT
from workshop.protos import message_classes
from workshop.stack import STATEFUN_2, STATEFUN_3, Size, Stack
from workshop.stack.front import greeter_command
from workshop.stack.java.engine import ENGINES, Engine
from workshop.stack.module import format_of

FILE = "workshop.yaml"
KEYS = {"application", "module", "messages", "topics"}
SERVERS = {"wsgi": STATEFUN_2, "asgi": STATEFUN_3}
"""How an application is called, and whose server does so: what serves the greeter of an engine
serves any application of that interface, with either SDK. ``wsgi`` unless its file says otherwise.
"""
GREETER: dict[str, Any] = {
    "application": "greeter.greeter:app",
    "module": "module.yaml",
    "messages": "protos/messages.proto",
    "topics": {NAMES: "example.GreetRequest", GREETINGS: "example.GreetResponse"},
}
"""The application of this repository, which needs no such file."""


class ApplicationError(WorkshopError):
    """Something about an application has to be fixed first."""


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
        self._server = SERVERS[found.get("interface", "wsgi")]
        self.module = self.folder / found["module"]
        self.topics: Mapping[str, str] = found["topics"]
        self._proto = self.folder / found["messages"]

    @property
    def name(self) -> str:
        """What its stack is called, unless told otherwise: like its folder."""
        if self.folder == ROOT:
            return "default"
        return re.sub(r"[^a-z0-9]+", "-", self.folder.name.lower()).strip("-") or "own"

    @property
    def engine(self) -> Engine:
        """The engine that reads its module definition.

        A definition that cannot be read is of none. That is told by a start; whoever only wants to
        stop or to look can do so.
        """
        try:
            wanted = format_of(self.module)
        except WorkshopError:
            return STATEFUN_2
        return next(one for one in ENGINES.values() if one.module_format == wanted)

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
            serve=greeter_command(self.application, self.folder, self._server),
            python_path=self.folder,
            topics=self.topics,
            size=size,
            engine=self.engine,
        )

    def load(self) -> StatefulFunctions:
        """Import its functions into this process, as they are in their files now.

        Returns
        -------
        StatefulFunctions
            What they are bound to, in the module that serves them. Each call returns another one,
            as another process that serves them would have it.

        Raises
        ------
        ApplicationError
            When they cannot be imported, the module binds none, or they are of 3.x.
        """
        if self.engine is not STATEFUN_2:
            raise ApplicationError(
                f"{self.module} is for {self.engine}, and functions are simulated as "
                f"{STATEFUN_2} calls them.",
                hint="try it on its own engine: python -m workshop up.",
            )
        # Here: with the SDK of 3.x the rest of this module works, and the simulation does not.
        from workshop.simulation.errors import SimulationError
        from workshop.simulation.given import functions_of

        name = self.application.partition(":")[0]
        package = name.partition(".")[0]
        if self.folder != ROOT:
            for loaded in [one for one in sys.modules if one.partition(".")[0] == package]:
                del sys.modules[loaded]
        sys.path.insert(0, f"{self.folder}")
        importlib.invalidate_caches()
        try:
            module = importlib.import_module(name)
        except Exception as error:
            raise ApplicationError(
                f"{name} cannot be imported: {type(error).__name__}: {error}",
                hint=f"python -c 'import {name}' in {self.folder} shows where it fails.",
            ) from error
        finally:
            sys.path.remove(f"{self.folder}")
        found = []
        for value in vars(module).values():
            with contextlib.suppress(SimulationError):
                if (functions := functions_of(value)) not in found:
                    found.append(functions)
        if len(found) != 1:
            raise ApplicationError(
                f"{name} has {len(found)} StatefulFunctions, and is to have one.",
                hint="bind all functions of a module.yaml to the same one, and serve that.",
            )
        return found[0]

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
    if keys - {"interface"} != KEYS or not named:
        raise ApplicationError(
            f"{file} is to have {', '.join(sorted(KEYS))}, and a message for each topic.",
            hint="compare it with that of a new one: python -m workshop new FOLDER.",
        )
    if found.get("interface", "wsgi") not in SERVERS:
        raise ApplicationError(
            f"{file} has the interface {found['interface']!r}.",
            hint=f"it is {' or '.join(SERVERS)}: how the application is called by its server.",
        )
    return found  # type: ignore[no-any-return]
