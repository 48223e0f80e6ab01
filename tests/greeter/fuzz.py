"""A fuzz of the endpoint: mutated requests for the deployed greeter, over HTTP, from a seed.

``python -m tests.greeter.fuzz`` sends 100,000. Whatever comes, the answer is 200, 400, 404 or 413,
the same process answers the next good request right, and its memory does not grow.
"""

from __future__ import annotations

import http.client
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psutil
from google.protobuf.any_pb2 import Any
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from statefun.request_reply_pb2 import FromFunction, ToFunction

from greeter.greeter import compute_greeting
from greeter.limits import LARGEST_BODY
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from greeter.terminal import show_everything
from tests.greeter.junk import JUNK

ALLOWED = {200, 400, 404, 413}
GOOD_EVERY = 50
LARGEST_GROWTH = 24 * 1024 * 1024
"""How much the process may grow after the first quarter of the requests, in bytes: over the other
75,000 of a full run, 320 bytes a request. An allocator needs some; a body that is kept is more."""


# ----------------------------------------------------------------- mutation


def call_for(identity: str, names: list[str], seen: int) -> ToFunction:
    """A good request: a batch for one address."""
    call = ToFunction()
    target = call.invocation.target
    target.namespace, target.type, target.id = "example", "greeter", identity
    state = call.invocation.state.add(state_name="seen_count")
    if seen:
        packed = Any()
        packed.Pack(SeenCount(seen=seen))
        state.state_value = packed.SerializeToString()
    for name in names:
        call.invocation.invocations.add().argument.Pack(GreetRequest(name=name))
    return call


def _flip(body: bytearray, pick: random.Random) -> None:
    for _ in range(pick.randint(1, 8)):
        if body:
            body[pick.randrange(len(body))] ^= 1 << pick.randrange(8)


def _cut(body: bytearray, pick: random.Random) -> None:
    del body[pick.randint(0, len(body)) :]


def _remove(body: bytearray, pick: random.Random) -> None:
    start = pick.randint(0, len(body))
    del body[start : start + pick.randint(1, 16)]


def _insert(body: bytearray, pick: random.Random) -> None:
    start = pick.randint(0, len(body))
    body[start:start] = pick.randbytes(pick.randint(1, 16))


def _repeat(body: bytearray, pick: random.Random) -> None:
    start = pick.randint(0, len(body))
    body[start:start] = body[start : start + pick.randint(1, 64)] * pick.randint(1, 20)


def _number(body: bytearray, pick: random.Random) -> None:
    """A varint of an extreme value somewhere."""
    start = pick.randint(0, len(body))
    body[start : start + 1] = b"\xff" * pick.choice((4, 9, 10)) + bytes([pick.choice((0, 1, 0x7F))])


def _nest(body: bytearray, pick: random.Random) -> None:
    """Groups within groups: what a recursive parser goes down into."""
    start = pick.randint(0, len(body))
    body[start:start] = pick.choice((b"\x0b", b"\x23")) * pick.choice((10, 150, 5000))


BYTES: list[Callable[[bytearray, random.Random], None]] = [
    _flip, _cut, _remove, _insert, _repeat, _number, _nest
]  # fmt: skip


def _mutate_fields(call: ToFunction, pick: random.Random) -> None:
    """Change what a request says and leave it a request."""
    invocation = call.invocation
    kind = pick.randrange(7)
    if kind == 0:
        invocation.target.type = pick.choice(("", "stranger", "greeter\x00", "x" * 3000))
    elif kind == 1:
        invocation.target.id = pick.choice(("", "\U0001f98a", "\x00", "y" * 3000))
    elif kind == 2:
        invocation.state[0].state_name = pick.choice(("", "seen", "seen_count "))
    elif kind == 3:
        packed = Any()
        packed.Pack(SeenCount(seen=pick.choice((-1, -(2**63), 2**63 - 1, 2**63 - 2, 2**31))))
        invocation.state[0].state_value = pick.choice((packed.SerializeToString(), b"\xff\xff"))
    elif kind == 4:
        invocation.ClearField(pick.choice(("state", "invocations", "target")))
    elif kind == 5:
        argument = invocation.invocations.add().argument
        argument.type_url = pick.choice(("", "/", "example.SeenCount", "a/example.GreetResponse"))
        argument.value = pick.randbytes(pick.randint(0, 40))
    else:
        for _ in range(pick.randint(1, 5)):
            value, _ = pick.choice(list(JUNK.values()))
            invocation.invocations.add().argument.CopyFrom(
                Any(type_url="com.googleapis/example.GreetRequest", value=value)
            )


def mutated(pick: random.Random) -> bytes:
    """One request, changed in its fields, its bytes, or both; sometimes mere noise."""
    if pick.random() < 0.03:
        return pick.randbytes(pick.randint(0, 400))
    names = [pick.choice(("Ada", "数学", "%s", "z" * 200)) for _ in range(pick.randint(0, 4))]
    call = call_for("Ada", names, pick.choice((0, 1, 7)))
    how = pick.randrange(3)
    if how != 0:
        _mutate_fields(call, pick)
    body = bytearray(call.SerializeToString())
    if how != 1:
        for _ in range(pick.randint(1, 3)):
            pick.choice(BYTES)(body, pick)
    return bytes(body)


# ------------------------------------------------------------- the endpoint


class Greeter:
    """A connection to the deployed greeter, in a process of its own."""

    def __init__(self, process: psutil.Process, port: int) -> None:
        self.process, self.port = process, port
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def another(self) -> Greeter:
        """One more connection to the same process."""
        return Greeter(self.process, self.port)

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Send one request; return the status and the body of its answer."""
        self._line.request("POST", "/statefun", body)
        answer = self._line.getresponse()
        return answer.status, answer.read()

    def post_oversized(self) -> int:
        """Claim a body that is too large, and see whether it is refused before it is sent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as line:
            line.sendall(
                b"POST /statefun HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
                % (LARGEST_BODY + 1)
            )
            return int(line.recv(100).split()[1])

    def greets(self, identity: str, names: int, seen: int) -> None:
        """Send a good request and check every part of its answer."""
        status, body = self.post(call_for(identity, [identity] * names, seen).SerializeToString())
        assert status == 200, body
        result = FromFunction.FromString(body).invocation_result
        expected = FromFunction().invocation_result
        for number in range(seen + 1, seen + names + 1):
            one = expected.outgoing_egresses.add(egress_namespace="example", egress_type="greets")
            greeting: GreetResponse = compute_greeting(identity, number)
            one.argument.Pack(
                KafkaProducerRecord(
                    topic="greetings", key=identity, value_bytes=greeting.SerializeToString()
                )
            )
        assert list(result.outgoing_egresses) == list(expected.outgoing_egresses)
        (mutation,) = result.state_mutations
        count = SeenCount()
        assert Any.FromString(mutation.state_value).Unpack(count)
        assert count.seen == seen + names

    @property
    def memory(self) -> int:
        """The resident memory of the process and its workers, in bytes."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)

    @property
    def pids(self) -> set[int]:
        """The process ids of the process and its workers."""
        return {p.pid for p in [self.process, *self.process.children(recursive=True)]}


@contextmanager
def deployed(log: Path, threads: int = 1) -> Iterator[Greeter]:
    """Run the greeter as it is deployed; what it prints goes to ``log``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "greeter", "--host", "127.0.0.1", "--port", f"{port}"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--threads", f"{threads}"], stdout=output, stderr=output
        ) as process,
    ):
        try:
            while True:
                assert process.poll() is None, log.read_text()
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    pass
            yield Greeter(psutil.Process(process.pid), port)
        finally:
            process.terminate()
            process.wait(30)


def fuzz(greeter: Greeter, requests: int, seed: int) -> Counter[int]:
    """Send so many mutated requests; return how many had which status."""
    pick = random.Random(seed)
    statuses: Counter[int] = Counter()
    pids, settled = greeter.pids, 0
    for number in range(requests):
        body = mutated(pick)
        status, answer = greeter.post(body)
        assert status in ALLOWED, (status, body, answer)
        statuses[status] += 1
        if number % GOOD_EVERY == 0:
            greeter.greets(f"Guest {number}", names=3, seen=number)
        if number % 1000 == 0:
            status = greeter.post_oversized()
            assert status == 413
            statuses[status] += 1
        if number == requests // 4:
            settled = greeter.memory
    assert greeter.pids == pids, "the process died and was replaced"
    growth = greeter.memory - settled
    assert growth < LARGEST_GROWTH, f"it grew by {growth} bytes"
    print(f"memory after a quarter: {settled / 1e6:.1f} MB, growth since: {growth / 1e6:.1f} MB")
    return statuses


@click.command()
@click.option("--requests", default=100_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--log", type=click.Path(path_type=Path), default=Path("build/fuzz.log"))
def main(requests: int, seed: int, log: Path) -> None:
    """Send mutated requests to the deployed greeter."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with deployed(log) as greeter:
        statuses = fuzz(greeter, requests, seed)
    print(f"{requests} mutated requests, seed {seed}: {dict(sorted(statuses.items()))}")


if __name__ == "__main__":
    show_everything()
    main()
