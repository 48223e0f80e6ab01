"""``module.yaml`` as the engine reads it: functions, ingresses, egresses, and its limits.

Checked against the classes of the engine 2.2.2: the keys are those of its parsers, a value of the
wrong type is refused as there, a default here is its default, and what it skips silently is
reported. Kafka and HTTP functions are simulated; gRPC functions, Kinesis and explicit routers are
not.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import yaml

from workshop.simulation.errors import ModuleError
from workshop.simulation.messages import split_typename
from workshop.simulation.module import Egress, Function, Ingress, Module, Route, State
from workshop.simulation.yaml_nodes import Node, NodeReader

__all__ = ["read_module"]

INGRESS_TYPE = "statefun.kafka.io/routable-protobuf-ingress"
EGRESS_TYPE = "statefun.kafka.io/generic-egress"

_KEYS = {
    "function": "endpoint states maxNumBatchRequests timeout "
    "connectTimeout readTimeout writeTimeout",
    "state": "name expireAfter expireMode",
    "ingress": "address consumerGroupId autoOffsetResetPosition startupPosition topics properties",
    "topic": "topic typeUrl targets",
    "egress": "address deliverySemantic properties",
}

# Flink 1.11's TimeUtils: a whole number and a unit; without a unit it is milliseconds.
_UNITS_MS = {
    **dict.fromkeys(("d", "day", "days"), 86_400_000.0),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60_000.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1000.0),
    **dict.fromkeys(("", "ms", "milli", "millis", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("µs", "micro", "micros", "microsecond", "microseconds"), 1e-3),
    **dict.fromkeys(("ns", "nano", "nanos", "nanosecond", "nanoseconds"), 1e-6),
}


def read_module(module: str | Path, transaction_limit_ms: int = 900_000) -> Module:
    """Read a module definition of format 1.0 or 2.0.

    Parameters
    ----------
    module
        The path of a ``module.yaml``, or its text (which has at least one line break).
    transaction_limit_ms
        The broker's ``transaction.max.timeout.ms``; Kafka's own default is 15 minutes.

    Returns
    -------
    Module
        What could be read; its ``findings`` list the mistakes.

    Raises
    ------
    ModuleError
        There is no such file, or it is not YAML.
    """
    if isinstance(module, str) and "\n" in module:
        source, text = "module.yaml", module
    else:
        source = str(module)
        try:
            text = Path(module).read_text(encoding="utf-8")
        except (OSError, ValueError, TypeError) as error:
            raise ModuleError(
                f"{source} cannot be read: {error}",
                hint="Pass the path of a module.yaml, or its text.",
            ) from error
    try:
        # The engine reads the first document of the file and no more.
        document = next(iter(yaml.compose_all(text)), None)
    except yaml.YAMLError as error:
        raise ModuleError(f"{source} is no YAML", details=str(error)) from error
    if document is None:
        raise ModuleError(f"{source} is empty")
    return _Parser(source, transaction_limit_ms).parse(Node("", document))


class _Parser(NodeReader):
    def __init__(self, source: str, transaction_limit_ms: int) -> None:
        super().__init__()
        self.transaction_limit_ms = transaction_limit_ms
        self.module = Module(source, findings=self.findings)

    def parse(self, root: Node) -> Module:
        self.version = self.text(root, "version")
        if self.version not in ("1.0", "2.0", ""):
            self.error(root.keys()["version"], f"format {self.version} is neither 1.0 nor 2.0")
        if self.text(root, "module", "meta", "type").lower() not in ("remote", ""):
            self.error(root.keys()["module"], "the type of the module is not remote")
        spec = root.get("module", "spec")
        if spec is None:
            self.error(root.line, "/module/spec is missing")
            return self.module
        for entry in self.items(spec, "functions"):
            self.function(entry)
        for entry in self.items(spec, "ingresses"):
            self.ingress(entry)
        for entry in self.items(spec, "egresses"):
            self.egress(entry)
        if spec.get("routers"):
            self.error(spec.keys()["routers"], "the simulation does not play explicit routers")
        for what, found in (
            ("functions", self.module.functions),
            ("ingresses", self.module.ingresses),
        ):
            if not found:
                line = root.get("module").keys()["spec"]  # type: ignore[union-attr]
                self.error(line, f"the module has no {what}; the engine refuses to start")
        return self.module

    def function(self, entry: Node) -> None:
        if self.text(entry, "function", "meta", "kind").lower() not in ("http", ""):
            self.error(entry.line, "the simulation plays functions of kind http only")
        typename = self.name(entry, "function", "meta", "type")
        endpoint = self.text(entry, "function", "spec", "endpoint")
        if endpoint and not re.match(r"https?(\+unix)?:", endpoint, re.IGNORECASE):
            self.error(entry.line, f"the endpoint {endpoint} has no http or https scheme")
        spec = entry.get("function", "spec") or entry
        self.known("function", spec)
        if typename in self.module.functions:
            self.error(entry.line, f"{typename} is declared twice")
        limits = {
            key: self.duration(spec, key, default)
            for key, default in (
                ("timeout", 60_000),
                ("connectTimeout", 10_000),
                ("readTimeout", 10_000),
                ("writeTimeout", 10_000),
            )
        }
        for key in ("connectTimeout", "readTimeout", "writeTimeout"):
            if limits[key] > limits["timeout"]:
                self.error(
                    spec.keys().get("timeout", spec.line),
                    f"{key} ({limits[key]} ms) is larger than timeout ({limits['timeout']} ms); "
                    "the engine refuses to start",
                )
        max_batch = 1000
        if (node := spec.get("maxNumBatchRequests")) is not None:
            if node.integer is None:
                self.error(node.line, f"{node.path} is not an integer")
            max_batch = node.integer or 0
        states = tuple(filter(None, map(self.state, self.items(spec, "states"))))
        self.module.functions[typename] = Function(
            typename, endpoint, states, max_batch, limits["timeout"], entry.line
        )

    def state(self, entry: Node) -> State | None:
        # A version that cannot be read is reported already: then both forms will do.
        if entry.text is not None:
            if self.version == "2.0":
                self.error(entry.line, f"{entry.path}: format 2.0 takes `name: {entry.text}`")
                return None
            return State(entry.text, None, False, entry.line)
        if self.version == "1.0":
            self.error(entry.line, f"{entry.path}: format 1.0 takes names; this is skipped")
            return None
        self.known("state", entry)
        name = self.text(entry, "name")
        expire = self.duration(entry, "expireAfter", 0) if entry.get("expireAfter") else None
        mode = self.text(entry, "expireMode", default="after-invoke")
        if mode not in ("after-invoke", "after-write"):
            self.error(entry.line, f"expireMode {mode} is neither after-invoke nor after-write")
        if expire is not None and expire <= 0:
            self.error(entry.line, "expireAfter is not longer than 0 ms")
        return State(name, expire, mode == "after-invoke", entry.line)

    def ingress(self, entry: Node) -> None:
        kind = self.text(entry, "ingress", "meta", "type")
        if kind not in (INGRESS_TYPE, ""):
            self.error(entry.line, f"the simulation plays ingresses of type {INGRESS_TYPE} only")
        id = self.name(entry, "ingress", "meta", "id")
        if any(ingress.id == id for ingress in self.module.ingresses):
            self.error(entry.line, f"the ingress {id} is declared twice")
        self.text(entry, "ingress", "spec", "address")
        spec = entry.get("ingress", "spec") or entry
        self.known("ingress", spec)
        start = self.text(spec, "startupPosition", "type", default="latest").lower()
        reset = self.text(spec, "autoOffsetResetPosition", default="latest").lower()
        known = ("group-offsets", "earliest", "latest", "specific-offsets", "date")
        if start not in known:
            self.error(spec.keys()["startupPosition"], f"{start} is none of {', '.join(known)}")
        elif start in known[3:]:
            self.error(spec.keys()["startupPosition"], f"the simulation does not play {start}")
        routes: dict[str, Route] = {}
        for topic in self.items(spec, "topics"):
            self.known("topic", topic)
            name, type_url = self.text(topic, "topic"), self.text(topic, "typeUrl")
            if name in routes:
                self.warn(topic.line, f"topic {name} is listed twice; the engine takes the last")
            targets = []
            for target in self.items(topic, "targets"):
                if target.text is None:
                    self.error(target.line, f"{target.path} is not a string; it is skipped")
                elif self.conforms(target.text, target.line, "the target"):
                    targets.append((target.text, target.line))
            line = topic.keys().get("typeUrl", topic.line)
            routes[name] = Route(name, type_url, tuple(targets), line)
        if not routes:
            self.error(entry.line, f"the ingress {id} has no topics; the engine refuses to start")
        # Without a checkpoint no offsets were committed: group-offsets falls back to the reset.
        from_start = start == "earliest" or (start == "group-offsets" and reset == "earliest")
        self.module.ingresses.append(Ingress(id, tuple(routes.values()), from_start, entry.line))

    def egress(self, entry: Node) -> None:
        kind = self.text(entry, "egress", "meta", "type")
        if kind not in (EGRESS_TYPE, ""):
            self.error(entry.line, f"the simulation plays egresses of type {EGRESS_TYPE} only")
        id = self.name(entry, "egress", "meta", "id")
        if id in self.module.egresses:
            self.error(entry.line, f"the egress {id} is declared twice")
        self.text(entry, "egress", "spec", "address")
        spec = entry.get("egress", "spec") or entry
        self.known("egress", spec)
        semantic = "at-least-once"
        if (delivery := spec.get("deliverySemantic")) is not None:
            semantic = self.text(delivery, "type").lower()
            if semantic not in ("exactly-once", "at-least-once", "none"):
                self.error(delivery.line, f"{semantic} is not exactly-once, at-least-once or none")
            if semantic == "exactly-once":
                self.transaction_timeout(delivery)
        self.module.egresses[id] = Egress(id, semantic == "exactly-once", entry.line)

    def transaction_timeout(self, delivery: Node) -> None:
        node = delivery.get("transactionTimeoutMillis")
        if node is None:
            self.error(delivery.line, "exactly-once needs transactionTimeoutMillis")
        elif node.integer is None or node.integer <= 0:
            self.error(node.line, "transactionTimeoutMillis is not a whole number above 0")
        elif node.integer > self.transaction_limit_ms:
            self.error(
                node.line,
                f"transactionTimeoutMillis is {node.integer}, but the broker allows "
                f"{self.transaction_limit_ms} (transaction.max.timeout.ms); it cannot start",
            )

    def name(self, node: Node, *keys: str) -> str:
        text = self.text(node, *keys)
        if text:
            self.conforms(text, node.line, "/".join(keys))
        return text

    def conforms(self, text: str, line: int, what: str) -> bool:
        try:
            split_typename(text)
        except ValueError as error:
            self.error(line, f"{what}: {error}")
            return False
        return True

    def duration(self, node: Node, key: str, default_ms: int) -> int:
        text = self.text(node, key, default=f"{default_ms} ms").strip()
        match = re.fullmatch(r"([0-9]+)\s*(\D*)", text)
        unit = match and _UNITS_MS.get(match[2].strip().lower())
        if not match or unit is None:
            line = node.keys().get(key, node.line)
            self.error(line, f"{key}: {text!r} is no duration such as 500ms, 30s or 2min")
            return default_ms
        return int(int(match[1]) * unit)

    def known(self, what: str, node: Node) -> None:
        known = _KEYS[what].split()
        for key, line in node.keys().items():
            if key not in known:
                close = difflib.get_close_matches(key, known, 1)
                meant = f"; did you mean {close[0]}?" if close else ""
                self.warn(line, f"the engine skips the unknown key {key}{meant}")
