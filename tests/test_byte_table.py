"""Bytes of messages, taken apart."""

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import DoubleValue, FloatValue

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.byte_table import ByteTable


def test_every_byte_is_told_in_order():
    data = GreetResponse(name="Ada", greeting="Welcome Ada").SerializeToString()
    table = ByteTable(data, GreetResponse)
    assert b"".join(raw for raw, _ in table.rows) == data
    assert repr(table).splitlines() == [
        f"{'0a':32}  field 1 (name), wire type 2: a length follows, and as many bytes",
        f"{'03':32}  length 3",
        f"{'41 64 61':32}  the text 'Ada'",
        f"{'12':32}  field 2 (greeting), wire type 2: a length follows, and as many bytes",
        f"{'0b':32}  length 11",
        "57 65 6c 63 6f 6d 65 20 41 64 61  the text 'Welcome Ada'",
    ]


@pytest.mark.parametrize("number", [1, 127, 128, 300, 2**62, -1, -(2**63)])
def test_numbers(number):
    rows = ByteTable(SeenCount(seen=number).SerializeToString()).rows
    assert [meaning for _, meaning in rows][1] == f"the number {number}"


def test_without_a_schema_and_with_another_one():
    data = GreetResponse(greeting="Hi").SerializeToString()
    assert repr(ByteTable(data)).startswith("12     field 2, wire type 2")
    assert "field 2 (not in this schema)" in repr(ByteTable(data, GreetRequest))


def test_other_kinds():
    assert "8 bytes" in repr(ByteTable(DoubleValue(value=0.1).SerializeToString()))
    assert "wire type 5: four bytes" in repr(ByteTable(FloatValue(value=0.1).SerializeToString()))
    within = Any()
    within.Pack(SeenCount(seen=3))
    assert repr(ByteTable(within.SerializeToString())).endswith("2 bytes")
    assert repr(ByteTable(b"")) == "(no bytes)" == ByteTable(b"")._repr_html_()
    assert "<code>08</code>" in ByteTable(b"\x08\x01")._repr_html_()


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05Ada", b"\x08\x80", b"Ada", b"\x00"])
def test_what_is_no_message(data):
    with pytest.raises(ValueError, match="no message|in the middle"):
        ByteTable(data)
