"""What learners send besides names: every kind of junk, with what is wrong with it."""

from __future__ import annotations

from greeter.limits import LARGEST_NAME, LARGEST_RECORD
from greeter.messages_pb2 import GreetRequest, SeenCount

JUNK = {
    "undecodable": (b"\xff\xfe not protobuf", "its bytes are not a valid example.GreetRequest"),
    "cut off": (b"\x0a\x05Ad", "its bytes are not a valid example.GreetRequest"),
    "JSON": (b'{"name": "Ada"}', "its bytes are not a valid example.GreetRequest"),
    "groups without an end": (b"\x0b" * 5000, "its bytes are not a valid example.GreetRequest"),
    "another type": (SeenCount(seen=7).SerializeToString(), "there is no name in it"),
    "empty": (b"", "it is empty"),
    "an empty name": (b"\x0a\x00", "there is no name in it"),
    "not text": (b"\x0a\x03A\xffa", "its name is not text: the bytes are not UTF-8"),
    "huge": (
        GreetRequest(name="x" * (LARGEST_RECORD - 200)).SerializeToString(),
        f"its name has {LARGEST_RECORD - 200} bytes; at most {LARGEST_NAME} are allowed",
    ),
}
"""By kind: the value of the record, and the reason that the dead letter gives."""
