"""All addresses that ever got a message, and which of them changed since the last checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workshop.simulation.instance import Instance
from workshop.simulation.messages import Address
from workshop.simulation.module import Function
from workshop.simulation.wire import address_bytes, read_address

__all__ = ["Addresses"]


class Addresses:
    """The engine's keyed state.

    Parameters
    ----------
    functions
        The declared functions.

    Attributes
    ----------
    flying
        The addresses with a batch in flight.
    blocked
        Those with so many arrivals behind it that the ingress is closed.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self._cells: dict[bytes, Instance] = {}
        self._dirty: list[Instance] = []
        # Dicts in place of sets: their order makes a run repeatable.
        self.flying: dict[Instance, None] = {}
        self.blocked: dict[Instance, None] = {}

    def get(self, header: bytes) -> Instance | None:
        """Look an encoded address up; None when it never got a message."""
        return self._cells.get(header)

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._cells.values())

    def __len__(self) -> int:
        return len(self._cells)

    def find(self, header: bytes) -> Instance:
        """Look an encoded address up, or create it.

        Raises
        ------
        LookupError
            Its function is not declared.
        """
        instance = self._cells.get(header)
        if instance is None:
            namespace, type, id = read_address(header)
            spec = self._functions.get(f"{namespace}/{type}")
            if spec is None:
                raise LookupError(f"the module declares no function {namespace}/{type}")
            canonical = address_bytes(namespace, type, id)
            if canonical != header:
                return self.find(canonical)
            instance = self._cells[header] = Instance(Address(spec.typename, id), header, spec)
        return instance

    def touch(self, instance: Instance) -> None:
        """Note that an address is about to change."""
        if not instance.dirty:
            instance.dirty = True
            self._dirty.append(instance)

    @property
    def changed(self) -> bool:
        """Whether any address changed since the last checkpoint."""
        return bool(self._dirty)

    def save(self) -> None:
        """Remember what changed for a checkpoint."""
        for instance in self._dirty:
            instance.save()
        self._dirty.clear()

    def restore(self, now_ms: int) -> list[Instance]:
        """Go back to the last checkpoint; returns the addresses whose batches are sent again."""
        for instance in self._dirty:
            instance.restore()
            if instance.flight is None:
                self.flying.pop(instance, None)
            else:
                self.flying[instance] = None
        self._dirty.clear()
        self.blocked.clear()
        for instance in self.flying:
            assert instance.flight is not None
            instance.flight.renew(now_ms)
        return list(self.flying)
