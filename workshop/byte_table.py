"""The bytes of a protobuf message, each with what it means."""

from __future__ import annotations

from html import escape

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

__all__ = ["ByteTable"]

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_FOLLOWS = {
    _VARINT: "a number follows",
    _EIGHT: "eight bytes follow",
    _LENGTH: "a length follows, and as many bytes",
    _FOUR: "four bytes follow",
}


class ByteTable:
    """Takes the bytes of a message apart; shows as a table in a notebook, and as text elsewhere.

    Parameters
    ----------
    data
        An encoded message.
    cls
        The message's class, for the names of its fields. Without it only the numbers are known, as
        for any reader that does not have the schema.

    Attributes
    ----------
    rows
        Bytes and meaning, in the order of the data.

    Raises
    ------
    ValueError
        The data is not a protobuf message, or ends in the middle of one.

    Examples
    --------
    >>> ByteTable(bytes([8, 172, 2]))
    08     field 1, wire type 0: a number follows
    ac 02  the number 300
    """

    def __init__(self, data: bytes, cls: type[Message] | None = None) -> None:
        self.rows: list[tuple[bytes, str]] = []
        self._data = data
        self._at = 0
        fields = cls.DESCRIPTOR.fields_by_number if cls is not None else {}
        while self._at < len(data):
            self._field(fields, cls is not None)

    def _field(self, fields: dict[int, FieldDescriptor], schema: bool) -> None:
        key, raw = self._varint()
        number, kind = key >> 3, key & 7
        if not number or kind not in _FOLLOWS:
            raise ValueError(f"byte {self._at - len(raw)} begins no field: this is no message")
        field = fields.get(number)
        name = f" ({field.name})" if field else " (not in this schema)" if schema else ""
        self.rows.append((raw, f"field {number}{name}, wire type {kind}: {_FOLLOWS[kind]}"))
        if kind == _VARINT:
            value, raw = self._varint()
            if value >= 1 << 63:  # a negative number is sent as its two's complement
                value -= 1 << 64
            self.rows.append((raw, f"the number {value}"))
            return
        if kind == _LENGTH:
            size, raw = self._varint()
            self.rows.append((raw, f"length {size}"))
        else:
            size = 8 if kind == _EIGHT else 4
        if content := self._take(size):
            self.rows.append((content, _read(content)))

    def _varint(self) -> tuple[int, bytes]:
        begin, value = self._at, 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << 7 * (self._at - begin - 1)
            if byte < 0x80:
                return value, self._data[begin : self._at]

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise ValueError(f"the data ends at byte {len(self._data)}, in the middle of a field")
        self._at += size
        return taken

    def __repr__(self) -> str:
        shown = [(raw.hex(" "), meaning) for raw, meaning in self.rows]
        width = max((len(raw) for raw, _ in shown), default=0)
        return "\n".join(f"{raw:{width}}  {meaning}" for raw, meaning in shown) or "(no bytes)"

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left"><code>{raw.hex(" ")}</code></td>'
            f'<td style="text-align:left">{escape(meaning)}</td></tr>'
            for raw, meaning in self.rows
        )
        heads = "".join(f'<th style="text-align:left">{head}</th>' for head in ("bytes", "meaning"))
        return f"<table><tr>{heads}</tr>{rows}</table>" if rows else "(no bytes)"


def _read(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return f"{len(content)} bytes"
    return f"the text {text!r}" if text.isprintable() else f"{len(content)} bytes"
