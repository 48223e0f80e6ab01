"""What the reader and the names of a proto text both speak of."""

from __future__ import annotations

import re

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

LARGEST = 2**29 - 1
"""The largest number of a field."""

SCALARS = {
    name.removeprefix("TYPE_").lower(): number
    for name, number in FieldDescriptorProto.Type.items()
    if name not in {"TYPE_MESSAGE", "TYPE_GROUP", "TYPE_ENUM"}
}
"""The types that need no definition, and what a description says for them."""


class Refused(Exception):
    """What protoc says to a text; ``line`` counts from 1, and 0 stands for no line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


def json_name(name: str) -> str:
    """What a field is called in JSON, unless its option says otherwise."""
    return re.sub(r"_+(.?)", lambda found: found[1].upper(), name)
