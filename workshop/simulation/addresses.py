"""All addresses that ever got a message, and which of them changed since the last checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workshop.simulation.address import Cell
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
        self._cells: dict[bytes, Cell] = {}
        self._dirty: list[Cell] = []
        # Dicts in place of sets: their order makes a run repeatable.
        self.flying: dict[Cell, None] = {}
        self.blocked: dict[Cell, None] = {}

    def get(self, header: bytes) -> Cell | None:
        """Look an encoded address up; None when it never got a message."""
        return self._cells.get(header)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    def __len__(self) -> int:
        return len(self._cells)

    def find(self, header: bytes) -> Cell:
        """Look an encoded address up, or begin with it.

        Raises
        ------
        LookupError
            Its function is not declared.
        """
        cell = self._cells.get(header)
        if cell is None:
            namespace, type, id = read_address(header)
            spec = self._functions.get(f"{namespace}/{type}")
            if spec is None:
                raise LookupError(f"the module declares no function {namespace}/{type}")
            canonical = address_bytes(namespace, type, id)
            if canonical != header:
                return self.find(canonical)
            cell = self._cells[header] = Cell(Address(spec.typename, id), header, spec)
        return cell

    def touch(self, cell: Cell) -> None:
        """Note that an address is about to change."""
        if not cell.dirty:
            cell.dirty = True
            self._dirty.append(cell)

    @property
    def changed(self) -> bool:
        """Whether any address changed since the last checkpoint."""
        return bool(self._dirty)

    def save(self) -> None:
        """Remember what changed for a checkpoint."""
        for cell in self._dirty:
            cell.save()
        self._dirty.clear()

    def restore(self, now_ms: int) -> list[Cell]:
        """Go back to the last checkpoint; gives the addresses whose batches are sent again."""
        for cell in self._dirty:
            cell.restore()
            if cell.flight is None:
                self.flying.pop(cell, None)
            else:
                self.flying[cell] = None
        self._dirty.clear()
        self.blocked.clear()
        for cell in self.flying:
            assert cell.flight is not None
            cell.flight.renew(now_ms)
        return list(self.flying)
