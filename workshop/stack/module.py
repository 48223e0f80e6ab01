"""The module definition as it is run: only the addresses of ``module.yaml`` are replaced."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from greeter.key import key_ending
from workshop.errors import WorkshopError


def render(source: Path, broker: str = "", functions: str = "", key: str = "") -> str:
    """Return the module definition with other addresses; an empty one changes nothing.

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
    for _, spec in _functions(module):
        name = _endpoint(spec)
        endpoint = urlsplit(spec[name])
        query = "&".join(filter(None, [endpoint.query, key and key_ending(key)]))
        address = functions or endpoint.netloc
        spec[name] = urlunsplit(endpoint._replace(netloc=address, query=query))
    if broker:
        for kind in ("ingress", "egress"):
            for spec in _specs(module, kind):
                spec["address"] = broker
    return _dump(module)


def difference(source: Path, rendered: str, key: str = "") -> str:
    """Return what ``render`` changed, line by line, in the form of ``diff``.

    The ``key`` stands as ``…`` in it: a notebook is saved with what it shows, for others to read.
    """
    shown = rendered.replace(key_ending(key), key_ending("…")) if key else rendered
    before = _dump(_load(source)).splitlines()
    lines = difflib.unified_diff(
        before, shown.splitlines(), "module.yaml", "local", n=0, lineterm=""
    )
    return "\n".join(line for line in lines if not line.startswith("@@"))


def format_of(source: Path) -> str:
    """The format of a module definition: ``2.x``, one document, or ``3.x``, one for each part."""
    return "2.x" if "module" in _load(source)[0] else "3.x"


def ingress_topics(source: Path) -> list[str]:
    """The topics that the module's ingresses read."""
    return [
        topic["topic"]
        for spec in _specs(_load(source), "ingress")
        for topic in spec.get("topics", [])
    ]


def ingress_addresses(source: Path) -> list[str]:
    """The addresses of the brokers that the module's ingresses read from, each once."""
    specs = _specs(_load(source), "ingress")
    return list(dict.fromkeys(spec["address"] for spec in specs if "address" in spec))


def function_types(source: Path) -> set[str]:
    """The function types that the module definition names, as ``namespace/type``.

    An endpoint of 3.x may serve a whole namespace: ``namespace/*``.
    """
    return {types for types, _ in _functions(_load(source))}


def ingress_groups(source: Path) -> list[str]:
    """The consumer groups under which the module's ingresses note how far they have read."""
    specs = _specs(_load(source), "ingress")
    return [spec["consumerGroupId"] for spec in specs if "consumerGroupId" in spec]


def endpoints(rendered: Path) -> dict[str, str]:
    """The address to call for each function type; those of a whole namespace are left out."""
    return {
        types: spec[_endpoint(spec)].replace("{function.name}", types.rpartition("/")[2])
        for types, spec in _functions(_load(rendered))
        if not types.endswith("*")
    }


def endpoint_key(rendered: Path) -> str:
    """The key that :func:`render` wrote; every endpoint has the same."""
    _, spec = next(_functions(_load(rendered)))
    query: str = urlsplit(spec[_endpoint(spec)]).query
    return query.rpartition("&")[2].removeprefix(key_ending(""))


def _load(source: Path) -> list[dict[str, Any]]:
    try:
        module = list(yaml.safe_load_all(source.read_text(encoding="utf-8")))
        for document in module:
            if "module" in document:
                document["module"]["spec"]
            else:
                document["kind"], document["spec"]
        module[0]
    except (OSError, yaml.YAMLError, LookupError, TypeError) as error:
        raise WorkshopError(
            f"{source} is no module definition.",
            hint="compare it with the module.yaml of the repository.",
            details=f"{type(error).__name__}: {error}",
        ) from error
    return module


def _dump(module: list[dict[str, Any]]) -> str:
    dumped: str = yaml.safe_dump_all(module, sort_keys=False)
    return dumped


def _functions(module: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The function type, or types, of each entry, and what is said of them."""
    for document in module:
        if "module" in document:
            for entry in document["module"]["spec"].get("functions") or []:
                yield entry["function"]["meta"]["type"], entry["function"]["spec"]
        elif document["kind"].startswith("io.statefun.endpoints."):
            yield document["spec"]["functions"], document["spec"]


def _specs(module: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    """What is said of each ``ingress``, or of each ``egress``."""
    for document in module:
        if "module" in document:
            for entry in document["module"]["spec"].get(_LISTS[kind]) or []:
                yield entry[kind]["spec"]
        elif document["kind"].endswith(f"/{kind}"):
            yield document["spec"]


_LISTS = {"ingress": "ingresses", "egress": "egresses"}


def _endpoint(spec: dict[str, Any]) -> str:
    """What the entry is called that says where a function is to be called."""
    return "endpoint" if "endpoint" in spec else "urlPathTemplate"
