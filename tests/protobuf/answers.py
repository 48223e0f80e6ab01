"""Answers requests over pipes: each message is its length in four bytes, then so many bytes.

Says first which protobuf it has. A response starts with a byte, so that an empty one can be told
from none: nothing is the answer to a request on which the handler raised.
"""

import struct
import sys

from google.protobuf import __version__ as version
from google.protobuf.internal import api_implementation
from statefun import RequestReplyHandler

from tests.protobuf.functions import functions


def say(data: bytes) -> None:
    """Write one message."""
    sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
    sys.stdout.buffer.flush()


def main() -> None:
    """Answer until the input ends."""
    handler = RequestReplyHandler(functions)
    say(f"{version} {api_implementation.Type()}".encode())
    while size := sys.stdin.buffer.read(4):
        request = sys.stdin.buffer.read(*struct.unpack("<I", size))
        try:
            say(b"=" + handler(request))
        except Exception:
            say(b"")


if __name__ == "__main__":
    main()
