"""What the two SDKs do in their own ways, and the rest need not know."""

from __future__ import annotations

from statefun import StatefulFunctions


def bound_types(functions: StatefulFunctions) -> list[str]:
    """The types of functions, as ``namespace/type``."""
    return list(bound(functions))


def sdk_of(functions: StatefulFunctions) -> str:
    """Which SDK functions are of, as the formats of module definitions are called: ``3.x``."""
    return "2.x" if hasattr(functions, "functions") else "3.x"


def bound(functions: StatefulFunctions) -> dict[str, object]:
    """Functions by their types; each SDK keeps them in its own way."""
    kept = functions.functions if sdk_of(functions) == "2.x" else functions._functions
    return {one if isinstance(one, str) else "/".join(one): kept[one] for one in kept}
