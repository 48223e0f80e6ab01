"""The module definition for a local run: only the addresses of ``module.yaml`` are replaced."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from greeter.key import key_ending
from workshop.errors import WorkshopError


def render(source: Path, broker: str, functions: str, key: str = "") -> str:
    """Return the module definition with the addresses of a local run.

    Parameters
    ----------
    source
        The ``module.yaml`` as it is deployed.
    broker
        Address of the local broker, ``host:port``; it replaces that of every ingress and egress.
    functions
        Address of the process that serves the functions, ``host:port``; it replaces that of every
        endpoint. The endpoint's path stays.
    key
        What the process that serves the functions wants to see in each call; see greeter/key.py.
    """
    module = _load(source)
    for function in _specs(module, "functions", "function"):
        endpoint = urlsplit(function["endpoint"])
        query = "&".join(filter(None, [endpoint.query, key and key_ending(key)]))
        function["endpoint"] = urlunsplit(endpoint._replace(netloc=functions, query=query))
    for kind, one in (("ingresses", "ingress"), ("egresses", "egress")):
        for spec in _specs(module, kind, one):
            spec["address"] = broker
    rendered: str = yaml.safe_dump(module, sort_keys=False)
    return rendered


def difference(source: Path, rendered: str, key: str = "") -> str:
    """Return what ``render`` changed, line by line, in the form of ``diff``.

    The ``key`` stands as ``…`` in it: a notebook is saved with what it shows, for others to read.
    """
    shown = rendered.replace(key_ending(key), key_ending("…")) if key else rendered
    before = yaml.safe_dump(_load(source), sort_keys=False).splitlines()
    lines = difflib.unified_diff(
        before, shown.splitlines(), "module.yaml", "local", n=0, lineterm=""
    )
    return "\n".join(line for line in lines if not line.startswith("@@"))


def ingress_topics(source: Path) -> list[str]:
    """The topics that the module's ingresses read."""
    return [
        topic["topic"]
        for spec in _specs(_load(source), "ingresses", "ingress")
        for topic in spec.get("topics", [])
    ]


def ingress_addresses(source: Path) -> list[str]:
    """The addresses of the brokers that the module's ingresses read from, each once."""
    specs = _specs(_load(source), "ingresses", "ingress")
    return list(dict.fromkeys(spec["address"] for spec in specs if "address" in spec))


def function_types(source: Path) -> set[str]:
    """The function types that the module definition names, as ``namespace/type``."""
    functions = _load(source)["module"]["spec"].get("functions") or []
    return {entry["function"]["meta"]["type"] for entry in functions}


def ingress_groups(source: Path) -> list[str]:
    """The consumer groups under which the module's ingresses note how far they have read."""
    specs = _specs(_load(source), "ingresses", "ingress")
    return [spec["consumerGroupId"] for spec in specs if "consumerGroupId" in spec]


def endpoint_key(rendered: Path) -> str:
    """The key that :func:`render` wrote; every endpoint has the same."""
    function = next(_specs(_load(rendered), "functions", "function"))
    query: str = urlsplit(function["endpoint"]).query
    return query.rpartition("&")[2].removeprefix(key_ending(""))


def _load(source: Path) -> dict[str, Any]:
    try:
        module = yaml.safe_load(source.read_text(encoding="utf-8"))
        module["module"]["spec"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise WorkshopError(
            f"{source} is no module definition.",
            hint="compare it with the module.yaml of the repository.",
            details=f"{type(error).__name__}: {error}",
        ) from error
    return module  # type: ignore[no-any-return]


def _specs(module: dict[str, Any], kind: str, one: str) -> Iterator[dict[str, Any]]:
    for entry in module["module"]["spec"].get(kind) or []:
        yield entry[one]["spec"]
