"""What the official Python walkthrough prescribes, as data: each has to run in some lesson.

Its sections in order, and in each the API calls, configuration keys and greetings that appear
there for the first time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

URL = (
    "https://nightlies.apache.org/flink/flink-statefun-docs-release-2.2/"
    "getting-started/python_walkthrough.html"
)


@dataclass(frozen=True)
class Section:
    """One section of the walkthrough.

    Attributes
    ----------
    title
        Its heading.
    lessons
        The numbers of the lessons that do what it describes.
    terms
        What it prescribes. Spaces, line ends and the kind of quotes do not matter; ``*`` stands for
        anything short, and ``%s`` and ``%d`` for what stands in their place.
    """

    title: str
    lessons: tuple[str, ...]
    terms: tuple[str, ...] = ()


SECTIONS = (
    Section("What Are You Building?", ("00",)),
    Section(
        "Start With Events",
        ("01",),
        (
            'syntax = "proto3"',
            "package example;",
            "message GreetRequest {",
            "string name = 1;",
            "message GreetResponse {",
            "string greeting = 2;",
            "message SeenCount {",
            "int64 seen = 1;",
        ),
    ),
    Section(
        "Our First Function",
        ("02",),
        (
            "from statefun import * StatefulFunctions",
            "StatefulFunctions()",
            '@functions.bind("example/greeter")',
            "def greet(context, *)",
            "def greet(context, *: GreetRequest)",
        ),
    ),
    Section(
        "Sending A Response",
        ("03",),
        (
            "GreetResponse(",
            '"Hello *"',
            "from statefun import * kafka_egress_record",
            "kafka_egress_record(",
            'topic="greetings"',
            "key=",
            "value=",
            'context.pack_and_send_egress("example/greets",',
        ),
    ),
    Section(
        "A Stateful Hello",
        ("04",),
        (
            "compute_greeting(",
            "Welcome %s",
            "Nice to see you again %s",
            "Third time is a charm %s",
            "Nice to see you at the %d-nth time %s!",
            'context.state("seen_count").unpack(SeenCount)',
            "SeenCount(",
            'context.state("seen_count").pack(',
        ),
    ),
    Section(
        "Wiring It All Together",
        ("06",),
        (
            "from statefun import * RequestReplyHandler",
            "RequestReplyHandler(",
            "from flask import * Flask",
            "Flask(__name__)",
            '@app.route("/statefun", methods=["POST"])',
            "handler(request.data)",
            "make_response(",
            'headers.set("Content-Type", "application/octet-stream")',
            "app.run(",
        ),
    ),
    Section(
        "Configuring for Runtime",
        ("07",),
        (
            "version",
            "module",
            "meta",
            "type",
            "remote",
            "spec",
            "functions",
            "function",
            "kind",
            "http",
            "example/greeter",
            "endpoint",
            "states",
            "seen_count",
            "maxNumBatchRequests",
            "timeout",
            "ingresses",
            "ingress",
            "statefun.kafka.io/routable-protobuf-ingress",
            "id",
            "example/names",
            "address",
            "consumerGroupId",
            "topics",
            "topic",
            "typeUrl",
            "com.googleapis/example.GreetRequest",
            "targets",
            "egresses",
            "egress",
            "statefun.kafka.io/generic-egress",
            "example/greets",
            "deliverySemantic",
            "exactly-once",
            "transactionTimeoutMillis",
        ),
    ),
    Section("Deployment", ("08", "12")),
    Section("Want To Go Further?", ("10",)),
    Section("Full Application", ("06", "08")),
)

KEYS = "Configuring for Runtime"
"""The section whose terms are keys and values of a configuration."""


def runs(term: str, code: str, key: bool = False) -> bool:
    """Whether ``code`` has ``term``.

    Parameters
    ----------
    code
        What the cells of a lesson run.
    key
        Look for it as a key or value of a configuration: quoted, or as a line of YAML has it.
    """
    if key:
        word = re.escape(term)
        quoted = rf"['\"]{word}['\"]"
        yaml = rf"(?:^|[\s{{,-]){word}:(?=\s|$)|:\s*{word}\s*$|^\s*-\s*{word}\s*$"
        return re.search(f"{quoted}|{yaml}", code, re.MULTILINE) is not None
    pattern = ".{0,80}?".join(re.escape(_bare(part)) for part in term.split("*"))
    pattern = re.sub("%[sd]", r"(?:%[sd]|\\{.*?\\}|\\w+)", pattern)
    return re.search(pattern, _bare(code)) is not None


def _bare(text: str) -> str:
    """Text without comments and spaces, with one kind of quotes."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return re.sub(r"\s", "", "".join(lines)).replace("'", '"')
