"""The real stack: StateFun on Flink, a Kafka broker and the greeter."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.stack.backend import StackError
    from workshop.stack.front import Stack
    from workshop.stack.java.engine import STATEFUN_2, STATEFUN_3
    from workshop.stack.size import LEAN, LONG_LIVED, STANDARD, Size
    from workshop.stack.status import Part, Status, page_link

__all__ = [
    "LEAN",
    "LONG_LIVED",
    "STANDARD",
    "STATEFUN_2",
    "STATEFUN_3",
    "Part",
    "Size",
    "Stack",
    "StackError",
    "Status",
    "page_link",
]

_HOMES = {
    "Stack": "front",
    "StackError": "backend",
    "LEAN": "size",
    "LONG_LIVED": "size",
    "STANDARD": "size",
    "STATEFUN_2": "java.engine",
    "STATEFUN_3": "java.engine",
    "Size": "size",
    "Part": "status",
    "Status": "status",
    "page_link": "status",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: the engine's image has no SDK, which Stack needs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
