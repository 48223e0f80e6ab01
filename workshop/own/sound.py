"""What has to be true of any application, checked in a process of its own, on a simulated engine.

::

    python -m workshop.own.sound FOLDER

prints what it found as JSON in its last line. Nothing that the application imports, prints or never
finishes can disturb whoever asks.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from statefun import AsyncRequestReplyHandler, RequestReplyHandler, StatefulFunctions
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from statefun.request_reply_pb2 import FromFunction, ToFunction

from workshop import children
from workshop.children import own_module
from workshop.own.application import Application, ApplicationError
from workshop.own.samples import KEYS, sample
from workshop.simulation import SimulatedRuntime, SimulationError, check_module
from workshop.simulation.worker import KernelWorker, WorkerFailed

SECONDS = 60.0
"""How long an application is examined at most."""

MOST_BATCHES = 2000
PAUSE, VIRTUAL_SECONDS = 1.0, 60.0
"""What passes after each message, and in the end: of the simulated engine's time."""
AGAIN = (
    "after a failure the engine calls again: what a function answers may depend on its message and "
    "its states, and on nothing else. No clock, no random numbers, no variable outside of it."
)


@dataclass(frozen=True)
class Flaw:
    """Something that is not sound.

    Attributes
    ----------
    what
        What was seen.
    hint
        What to do about it.
    """

    what: str
    hint: str


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes
    ----------
    flaws
        What is not sound, in the order in which it was found; none if all is.
    told
        What was tried, in a sentence.
    """

    flaws: tuple[Flaw, ...]
    told: str

    def __str__(self) -> str:
        told = [f"✗ {flaw.what}\n  What to do: {flaw.hint}" for flaw in self.flaws]
        return "\n".join(told or [f"✓ {self.told}"])


def examine(folder: Path | str) -> Findings:
    """Check whether what has to be true of any application is true of the one in a folder.

    The module fits the functions; the topics fit the module; no message makes a function fail, not
    even an empty one; a call that is repeated, in this process or another one, has the same answer;
    and each record that leaves has a key, and a topic that is declared.

    Parameters
    ----------
    folder
        Where its ``workshop.yaml`` lies.

    Raises
    ------
    ApplicationError
        When it has no such file, or does not come to an end.
    """
    application = Application(folder)
    command = own_module(__name__, f"{application.folder}")
    try:
        done = children.run(
            command, cwd=application.folder, env=children.environment(), timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ApplicationError(
            f"Its functions were still running after {SECONDS:g} s.",
            hint="does one of them contain a loop that never ends, or wait for something?",
        ) from error
    try:
        found = json.loads(done.stdout.splitlines()[-1])
        return Findings(tuple(Flaw(**one) for one in found["flaws"]), found["told"])
    except (IndexError, ValueError, TypeError, KeyError) as error:
        raise ApplicationError(
            "Its functions ended the process that called them.",
            hint="a function returns, or raises; it never exits.",
            details=done.stdout[-2000:],
        ) from error


def found_in(application: Application) -> Findings:
    """Examine an application in this process."""
    flaws: list[Flaw] = []
    told = ""
    try:
        functions = application.load()
        flaws += _disagreements(application, functions)
        if not flaws:
            calls = _Calls(application, functions)
            calls.send(filled=True)
            flaws += [*_differing(calls, application), *_misdirected(calls, application)]
            calls.send(filled=False)
            told = calls.told if not flaws else ""
    except _Failed as failed:
        flaws.append(failed.flaw)
    except (ApplicationError, SimulationError) as error:
        flaws.append(Flaw(error.message, error.hint))
    return Findings(tuple(dict.fromkeys(flaws)), told)


class _Failed(Exception):
    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.what)
        self.flaw = flaw


class _Calls:
    """All calls of an application that some messages of each topic lead to.

    Attributes
    ----------
    made
        The request and the answer of each.
    told
        How many there were, in a sentence.
    """

    def __init__(self, application: Application, functions: StatefulFunctions) -> None:
        self.made: list[tuple[bytes, bytes]] = []
        self.told = ""
        self._application, self._functions = application, functions

    def send(self, filled: bool) -> None:
        """Send some of each topic's messages, let all that follows happen, and note the calls."""
        made = self.made
        runtime = SimulatedRuntime(
            self._functions,
            self._application.module,
            handler=_noting(self._functions, made),
            max_restarts=0,
        )
        topics = [route.topic for one in runtime.module.ingresses for route in one.routes]
        sent = 0
        for number, topic, key in itertools.product(range(3 if filled else 1), topics, KEYS):
            kind = self._application.type_of(topic)
            message = sample(kind, number) if filled else kind()
            runtime.send(topic, key, message)
            sent += 1
            self._go_on(
                runtime, PAUSE, f"{kind.DESCRIPTOR.full_name} {{{message}}}".replace("\n", " ")
            )
        self._go_on(runtime, VIRTUAL_SECONDS, "What was sent")
        if filled:
            called = {address.typename for address in runtime.addresses}
            never = sorted(set(runtime.module.functions) - called)
            self.told = (
                f"{sent} messages led to {len(made)} calls at {len(runtime.addresses)} addresses, "
                "and each call, repeated, had the same answer."
            ) + (f" Not called: {', '.join(never)}." if never else "")

    @staticmethod
    def _go_on(runtime: SimulatedRuntime, seconds: float, message: str) -> None:
        try:
            if runtime.run(limit=MOST_BATCHES) == MOST_BATCHES:
                what = f"{message} led to {MOST_BATCHES:,} calls, and there is no end to them"
                raise _Failed(Flaw(what, "two functions that answer each other never stop."))
            runtime.advance(seconds)
        except SimulationError as error:
            cause = error.__cause__ or error
            raise _Failed(
                Flaw(
                    f"{message} made the job fail: {type(cause).__name__}: {cause}",
                    "the engine would call again for ever: whatever may come, a function answers. "
                    "What it cannot use it leaves, or sends to a topic for that.",
                )
            ) from error


def _noting(functions: StatefulFunctions, made: list[tuple[bytes, bytes]]) -> type:
    """Return the handler for these functions that notes each request and its answer."""
    if KernelWorker(functions).is_async:

        class NotingLater(AsyncRequestReplyHandler):  # type: ignore[misc]  # the SDK has no types
            async def __call__(self, request: bytes) -> bytes:
                answer: bytes = await super().__call__(request)
                made.append((bytes(request), bytes(answer)))
                return answer

        return NotingLater

    class Noting(RequestReplyHandler):  # type: ignore[misc]
        def __call__(self, request: bytes) -> bytes:
            answer: bytes = super().__call__(request)
            made.append((bytes(request), bytes(answer)))
            return answer

    return Noting


def _disagreements(application: Application, functions: StatefulFunctions) -> Iterator[Flaw]:
    """Where the code, ``module.yaml`` and ``workshop.yaml`` disagree."""
    for finding in check_module(functions, application.module):
        if finding.error:
            yield Flaw(f"{application.module.name}: {finding}", "code and module have to agree.")
    module = SimulatedRuntime(functions, application.module, check=False).module
    routes = [route for one in module.ingresses for route in one.routes]
    if not routes:
        yield Flaw("No topic leads to a function.", "an ingress with a topic and its targets.")
    for route in routes:
        carries = application.topics.get(route.topic)
        taken = route.type_url.rpartition("/")[2]
        if carries != taken:
            yield Flaw(
                f"The topic {route.topic} carries {carries or 'nothing'} in workshop.yaml, "
                f"and {taken} in {application.module.name}",
                "name each topic that is read or written, with its message.",
            )


def _differing(calls: _Calls, application: Application) -> Iterator[Flaw]:
    """Repeat each call where it was made, and where nothing was called before: as after a crash."""
    # A clock that is read in whole seconds tells the same twice within one of them.
    time.sleep(1)
    others = [KernelWorker(calls._functions), KernelWorker(application.load())]
    for request, answer in reversed(dict(calls.made).items()):
        for worker in others:
            target = ToFunction.FromString(request).invocation.target
            name = f"{target.namespace}/{target.type}"
            try:
                same = _parsed(worker.call(request)) == _parsed(answer)
            except WorkerFailed as error:
                yield Flaw(f"{name} failed when a call was repeated: {error}", AGAIN)
            else:
                if not same:
                    yield Flaw(f"{name} answered a call differently when it was repeated", AGAIN)


def _misdirected(calls: _Calls, application: Application) -> Iterator[Flaw]:
    """Which records leave without a key, or to a topic that nobody makes."""
    for request, answer in calls.made:
        target = ToFunction.FromString(request).invocation.target
        for sent in _parsed(answer).invocation_result.outgoing_egresses:
            record = KafkaProducerRecord()
            if not sent.argument.Unpack(record):
                continue
            about = f"{target.namespace}/{target.type} sends a record to the topic {record.topic}"
            if not record.key:
                yield Flaw(
                    f"{about} without a key",
                    "equal keys stay in order, and an engine that reads the topic needs one: "
                    "kafka_egress_record(topic, value, key).",
                )
            if record.topic not in application.topics:
                yield Flaw(
                    f"{about}, which workshop.yaml does not name",
                    "name it, with the message that it carries.",
                )


def _parsed(answer: bytes) -> FromFunction:
    return FromFunction.FromString(answer)


if __name__ == "__main__":
    told = json.dumps(asdict(found_in(Application(sys.argv[1]))))
    print(f"\n{told}")
