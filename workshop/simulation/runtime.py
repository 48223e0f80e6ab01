"""A whole module in this process: what the engine and the broker do around the functions.

It is long, since everything you can ask of the simulation is in one class, most of it docstrings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from google.protobuf.message import Message

from workshop.simulation.check import compare
from workshop.simulation.egress import EgressLog, Records
from workshop.simulation.errors import ModuleError, SimulationError
from workshop.simulation.given import Bound, functions_of, is_handler
from workshop.simulation.ingress import IngressLog
from workshop.simulation.job import Job
from workshop.simulation.messages import Address, split_typename, typed
from workshop.simulation.module_parser import read_module
from workshop.simulation.settings import Attempt, Counters, Settings
from workshop.simulation.trace import Trace
from workshop.simulation.wire import address_bytes
from workshop.simulation.worker import HttpWorker, KernelWorker, Worker
from workshop.simulation.yaml_nodes import Finding

__all__ = ["SimulatedRuntime"]


class SimulatedRuntime:
    """Simulates the engine for a module, one batch at a time, on a virtual clock.

    It is long: it has everything you can ask of the simulation.

    Parameters
    ----------
    functions
        The functions as the SDK has them bound, or a handler that serves them. None with an
        ``endpoint``, to leave the module unchecked.
    module
        The path of a ``module.yaml``, or its text.
    topics
        The class of the values of each output topic, to read and show them typed.
    handler
        ``RequestReplyHandler`` or ``AsyncRequestReplyHandler``, or one of either; by default the
        one that fits the functions.
    endpoint
        The URL of a running server to send all batches to, instead of calling the functions here.
    seed
        Draws which address goes next: equal seeds give equal runs.
    check
        Refuse a module with errors. Otherwise they appear when they cause a failure; see
        ``findings``.
    checkpoint_interval
        Seconds of virtual time between checkpoints; None leaves them to `checkpoint`.
    trace
        How many events the trace keeps; 0 turns it off.
    keep_records
        How many records of the output topics are kept; None keeps all.
    max_restarts
        The engine restarts a failing job for ever. Here the failure is raised after this many
        restarts with no checkpoint between them.
    restart_delay
        Seconds of virtual time that a restart after a failure takes.
    max_async
        The engine's ``statefun.async.max-per-task``: batches in flight that close the ingress.
    transaction_limit_ms
        The broker's ``transaction.max.timeout.ms``.

    Raises
    ------
    ModuleError
        The module has errors, or does not fit the functions.
    HandlerMismatch
        A function is not of the handler's kind.

    Examples
    --------
    >>> runtime = SimulatedRuntime(functions, "module.yaml")             # doctest: +SKIP
    >>> runtime.send("names", "Ada", GreetRequest(name="Ada"))           # doctest: +SKIP
    >>> runtime.advance(seconds=60)                                      # doctest: +SKIP
    >>> runtime.uncommitted("greetings", GreetResponse).values           # doctest: +SKIP
    """

    def __init__(
        self,
        functions: Bound | None,
        module: str | Path,
        *,
        topics: Mapping[str, type[Message]] | None = None,
        handler: object = None,
        endpoint: str | None = None,
        seed: int = 0,
        check: bool = True,
        checkpoint_interval: float | None = None,
        trace: int = 10_000,
        keep_records: int | None = 100_000,
        max_restarts: int = 3,
        restart_delay: float = 1.0,
        max_async: int = 1024,
        transaction_limit_ms: int = 900_000,
    ) -> None:
        if functions is None and endpoint is None:
            raise SimulationError("There are neither functions to call nor an endpoint to ask.")
        if checkpoint_interval is not None and checkpoint_interval < 0.001:
            raise SimulationError("checkpoint_interval is shorter than a millisecond.")
        self.module = read_module(module, transaction_limit_ms)
        #: What is wrong with the module, or odd, in the order of its lines.
        self.findings: list[Finding] = list(self.module.findings)
        if functions is not None:
            self.findings += compare(functions_of(functions), self.module)
        self.findings.sort()
        errors = [str(finding) for finding in self.findings if finding.error]
        if check and errors:
            raise ModuleError(
                f"{self.module.source} has {len(errors)} error(s).",
                hint="Fix them, or pass check=False to see them strike.",
                details="\n".join(errors),
            )
        worker: Worker
        if endpoint is not None:
            worker = HttpWorker(endpoint)
        else:
            serving = functions if handler is None and is_handler(functions) else handler
            worker = KernelWorker(functions_of(functions), serving)
        #: What happened, as data; shows as a picture in a notebook.
        self.trace = Trace(trace)
        self._ingress = IngressLog(self.module)
        self._egress = EgressLog(keep_records, topics or {})
        self._job = Job(
            self.module,
            worker,
            self._ingress,
            self._egress,
            self.trace if trace else None,
            seed,
            Settings(
                max_async,
                round(restart_delay * 1000),
                max_restarts,
                None if checkpoint_interval is None else round(checkpoint_interval * 1000),
            ),
        )

    # -- in and out -----------------------------------------------------------------------------

    def send(self, topic: str, key: str | bytes | None, value: Message | bytes | None) -> None:
        """Write a record to an input topic. Nothing is invoked before `run`, `step` or `advance`.

        Parameters
        ----------
        topic
            A topic that some ingress of the module reads.
        key
            The identity of the function instances to address. A record without one fails the job.
        value
            The message; bytes are sent as they are, so that a test can send what no message could
            contain.

        Raises
        ------
        SimulationError
            No ingress reads this topic.
        """
        if not self._ingress.reads(topic):
            raise SimulationError(
                f"No ingress reads the topic {topic!r}.",
                hint=f"The module reads: {', '.join(self._ingress.topics) or 'nothing'}.",
            )
        if isinstance(key, str):
            key = key.encode()
        if value is not None and not isinstance(value, bytes):
            value = value.SerializeToString()
        self._ingress.append(topic, key, value)

    def uncommitted(self, topic: str, cls: type[Message] | None = None) -> Records:
        """Read an output topic as a ``read_uncommitted`` consumer: everything ever written.

        Parameters
        ----------
        topic
            A topic that functions write to.
        cls
            The class of the values, if ``topics`` did not give it.
        """
        return self._egress.read(topic, cls, committed_only=False)

    def committed(self, topic: str, cls: type[Message] | None = None) -> Records:
        """Read an output topic as a ``read_committed`` consumer: what checkpoints have released.

        Records of an egress that is not exactly-once are committed at once, and may come twice
        after a failure.
        """
        return self._egress.read(topic, cls, committed_only=True)

    # -- going on -------------------------------------------------------------------------------

    def step(self) -> Attempt | None:
        """Execute one batch; None when nothing is left to do at this time.

        Raises
        ------
        JobFailed
            The job failed, and so did its restarts.
        """
        return self._job.step()

    def run(self, limit: int | None = None) -> int:
        """Execute batches until nothing is left to do at this time.

        The clock stands still, except that it moves to the next attempt of a batch that failed.

        Parameters
        ----------
        limit
            Stop after this many batches. Two functions that answer each other never stop.

        Returns
        -------
        int
            How many batches were executed.
        """
        count = 0
        while (limit is None or count < limit) and self._job.step() is not None:
            count += 1
        return count

    def advance(self, seconds: float) -> int:
        """Let time pass: delayed messages arrive, states expire, checkpoints are taken.

        Parameters
        ----------
        seconds
            How long, in virtual time.

        Returns
        -------
        int
            How many batches were executed.
        """
        if seconds < 0:
            raise SimulationError("Time does not go back.")
        target = self._job.clock.now + round(seconds * 1000)
        count = 0
        while self._job.step(target) is not None:
            count += 1
        self._job.pass_time(target)
        return count

    # -- checkpoints and failures ---------------------------------------------------------------

    def checkpoint(self) -> None:
        """Complete a checkpoint: what has happened so far is final, and its output is committed."""
        self._job.checkpoint()

    def crash(self) -> None:
        """Kill the job and start it again from its last checkpoint.

        Without a checkpoint it starts from nothing, and the ingress where its
        ``startupPosition`` says.
        """
        self._job.counters.crashes += 1
        self._job.roll_back("crash", "back to the last checkpoint")

    def lose_answer(self, times: int = 1) -> None:
        """Let the answers of the next batches get lost, so that a worker executes them twice."""
        self._job.lose_answers += times

    # -- looking --------------------------------------------------------------------------------

    @property
    def counters(self) -> Counters:
        """How often each thing happened."""
        return self._job.counters

    @property
    def now(self) -> timedelta:
        """The virtual time since the start."""
        return timedelta(milliseconds=self._job.clock.now)

    @property
    def waiting(self) -> dict[Address, tuple[int, int]]:
        """The addresses with work: messages in flight and messages queued behind them."""
        return {
            instance.address: (instance.flight.size, len(instance.backlog))
            for instance in self._job.addresses
            if instance.flight is not None
        }

    def states(self, typename: str, id: str) -> dict[str, Message | bytes | None]:
        """Read all states of one address, typed; None where nothing is stored, or nothing any more.

        Raises
        ------
        SimulationError
            The module does not declare this function type.
        """
        spec = self.module.functions.get(typename)
        if spec is None:
            raise SimulationError(f"The module declares no function {typename}.")
        instance = self._job.addresses.get(address_bytes(*split_typename(typename), id))
        found: dict[str, Message | bytes | None] = dict.fromkeys(s.name for s in spec.states)
        if instance is not None:
            expired = set(instance.expired(self._job.clock.now))
            found |= {n: typed(v) for n, v in instance.values.items() if n not in expired}
        return found

    def state(self, typename: str, id: str, name: str) -> Message | bytes | None:
        """Read one state of one address; see `states`."""
        found = self.states(typename, id)
        if name not in found:
            raise SimulationError(f"The module declares no state {name} for {typename}.")
        return found[name]

    @property
    def addresses(self) -> list[Address]:
        """All addresses that ever got a message."""
        return [instance.address for instance in self._job.addresses]

    def __repr__(self) -> str:
        c = self.counters
        return (
            f"SimulatedRuntime of {self.module.source} at {self.now.total_seconds():g} s: "
            f"{len(self._job.addresses)} addresses, {c.invoked} invocations, {c.took_effect} took "
            f"effect, {self._ingress.unread} records unread, {len(self.waiting)} batches in flight"
        )
