"""A tunnel for the functions of a notebook: from the containers' network to a port on this machine.

The notebook serves on loopback, where no container can reach it, and opens no other port for them.
So this program runs twice, and the two talk by their standard input and output. ``listen PORT``
runs in a container in the greeter's place: whoever connects there becomes a channel. ``connect
PORT`` runs on this machine: it opens a connection to the notebook for each channel. When one of the
two ends, the other reads the end of its input and ends too; and ``connect`` ends with its parent.

It needs nothing but Python, and uses no other module of this project: its text is all that the
container gets.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import struct
import sys

_HEAD = struct.Struct("!II")
"""Before each piece: the number of the channel, and how many bytes follow; none closes it."""


class Relay:
    """One end of the tunnel."""

    def __init__(self, tunnel: asyncio.StreamWriter, port: int) -> None:
        self._tunnel = tunnel
        self._port = port
        self._channels: dict[int, asyncio.StreamWriter] = {}
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Make a channel of a connection."""
        await self._pass_on(next(self._numbers), reader, writer)

    async def follow(self, pieces: asyncio.StreamReader) -> None:
        """Give every piece to its channel, until the tunnel ends."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                number, size = _HEAD.unpack(await pieces.readexactly(_HEAD.size))
                piece = await pieces.readexactly(size)
                if not size:
                    if writer := self._channels.pop(number, None):
                        writer.close()
                    continue
                channel = self._channels.get(number) or await self._open(number)
                if channel is not None:
                    channel.write(piece)

    async def _open(self, number: int) -> asyncio.StreamWriter | None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            self._send(number, b"")
            return None
        self._channels[number] = writer
        task = asyncio.create_task(self._pass_on(number, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return writer

    async def _pass_on(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._channels[number] = writer
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                self._send(number, piece)
                await self._tunnel.drain()
        self._send(number, b"")
        self._channels.pop(number, None)
        writer.close()

    def _send(self, number: int, piece: bytes) -> None:
        self._tunnel.write(_HEAD.pack(number, len(piece)) + piece)


async def main(what: str, port: int) -> None:
    """Run one end, ``listen`` or ``connect``, until the other end is gone."""
    loop = asyncio.get_running_loop()
    pieces = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(pieces), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), sys.stdout.buffer
    )
    relay = Relay(asyncio.StreamWriter(transport, protocol, None, loop), port)
    ends = [asyncio.create_task(relay.follow(pieces))]
    if what == "listen":
        await asyncio.start_server(relay.accepted, "0.0.0.0", port)
    else:
        ends.append(asyncio.create_task(_parent_gone()))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)


async def _parent_gone() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
