"""The engine's job: batches, timers, checkpoints and failures, on a virtual clock.

It is long for the reason that :class:`Job` gives.

Played after the classes of StateFun 2.2.2 (``RequestReplyFunction``, ``RetryingCallback``,
``ThresholdBackPressureValve``, ``DelaySink``, ``ExpirationUtil``), as read in its published jar:

- One batch per address is in flight; arrivals queue up and leave together as the next batch.
- An address with ``maxNumBatchRequests`` queued arrivals, or 1024 batches in flight
  (``statefun.async.max-per-task``), closes the ingress. Messages between functions pass all the
  same, so a batch can grow beyond the limit.
- Of an answer the messages come first, then the delayed ones, the egresses, the states; the next
  batch of the address leaves before its messages reach anyone.
- A failed attempt is repeated with the same bytes after 10 ms, then twice as long each time, until
  ``timeout`` has passed since the first; then the job restarts from the last checkpoint.
- A batch in flight belongs to the checkpoint, and after a restart is sent again as it was.
- State expires when it was not written (``after-write``), or neither written nor read for a batch
  (``after-invoke``), for as long as declared.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from workshop.simulation.addresses import Addresses
from workshop.simulation.clock import Clock
from workshop.simulation.egress import EgressLog
from workshop.simulation.errors import JobFailed
from workshop.simulation.event import Event
from workshop.simulation.ingress import IngressLog, IngressRecord
from workshop.simulation.instance import Instance
from workshop.simulation.messages import Address, one_line, split_typename, typed
from workshop.simulation.module import Module
from workshop.simulation.settings import Attempt, Counters, Settings
from workshop.simulation.trace import Trace
from workshop.simulation.wire import (
    DELETE,
    invocation_entry,
    read_address,
    read_request,
    read_response,
)
from workshop.simulation.worker import Worker, WorkerFailed

__all__ = ["Job"]


class Job:
    """A running job.

    It is long, since batches, timers and checkpoints all change the same addresses: split, each
    part would need the others.
    """

    def __init__(
        self,
        module: Module,
        worker: Worker,
        ingress: IngressLog,
        egress: EgressLog,
        trace: Trace | None,
        seed: int,
        settings: Settings,
    ) -> None:
        self.module, self.worker, self.ingress, self.egress = module, worker, ingress, egress
        self.settings = settings
        self.counters = Counters()
        self.clock = Clock(settings.checkpoint_interval_ms)
        self.lose_answers = 0
        self.addresses = Addresses(module.functions)
        self._egresses = {split_typename(id): e for id, e in module.egresses.items()}
        self._note: Callable[[Event], None] | None = trace.add if trace is not None else None
        self._draw = random.Random(seed).random
        self._ready: list[Instance] = []
        self._failed_restarts = 0  # since the last checkpoint
        self._saved_effects = 0

    def _tell(
        self,
        kind: str,
        source: Address | str | None = None,
        target: Address | str | None = None,
        payload: bytes | None = None,
        note: str = "",
    ) -> None:
        if self._note is not None:
            self._note(Event(self.clock.now, kind, source, target, payload, note))

    # -- one step -------------------------------------------------------------------------------

    def step(self, until_ms: int | None = None) -> Attempt | None:
        """Execute one batch; None when there is none to execute.

        Parameters
        ----------
        until_ms
            How far the clock may go for it. None lets it go only to the next repeated attempt.

        Raises
        ------
        JobFailed
            The job failed, and so did its restarts.
        """
        while True:
            if self.ingress.unread:
                self._read_ingress()
            if self._ready:
                ready = self._ready
                index = int(self._draw() * len(ready))
                instance, ready[index] = ready[index], ready[-1]
                ready.pop()
                return self._execute(instance)
            horizon = until_ms
            if horizon is None:
                horizon = max(self.clock.now, self.clock.next_retry() or 0)
            if not self._fire(horizon):
                return None

    def pass_time(self, until_ms: int) -> None:
        """Set the clock to a time before which nothing else is due."""
        if until_ms > self.clock.now:
            self.clock.now = until_ms
            self._tell("clock")

    def _fire(self, horizon: int) -> bool:
        """Go on to the next thing that is due by ``horizon`` and let it happen."""
        clock = self.clock
        due = clock.next_due()
        if due is None or due > horizon:
            return False
        clock.now = max(clock.now, due)
        if clock.checkpoint_is_due():
            self.checkpoint()
        while (waiting := clock.take_retry()) is not None:
            self._ready.append(waiting)
        while (timer := clock.take_timer()) is not None:
            try:
                instance = self.addresses.find(timer.target)
            except LookupError as error:
                self._restart(error, f"a delayed message of {timer.sender}")
                continue
            self._tell("timer", timer.sender, instance.address, timer.argument)
            self._deliver(instance, timer.entry)
        return True

    def _read_ingress(self) -> None:
        while (
            self.ingress.unread
            and not self.addresses.blocked
            and not 0 < self.settings.max_async <= len(self.addresses.flying)
        ):
            record = self.ingress.take()
            try:
                for target, entry, argument in self.ingress.messages(record):
                    instance = self.addresses.find(target)
                    if self._note is not None:
                        self._tell("ingress", record[0], instance.address, argument)
                    self._deliver(instance, entry)
            except (ValueError, LookupError) as error:
                self._restart(error, str(IngressRecord(*record)))

    def _deliver(self, instance: Instance, entry: bytes) -> None:
        self.addresses.touch(instance)
        if instance.flight is None:
            self._launch(instance, [entry])
            return
        instance.backlog.append(entry)
        if 0 < instance.spec.max_batch <= len(instance.backlog):
            self.addresses.blocked[instance] = None

    def _launch(self, instance: Instance, entries: list[bytes]) -> None:
        instance.launch(entries, self.clock.now, self._note)
        self.addresses.flying[instance] = None
        self._ready.append(instance)

    # -- one batch ------------------------------------------------------------------------------

    def _execute(self, instance: Instance) -> Attempt:
        flight = instance.flight
        assert flight is not None
        flight.attempts += 1
        attempt = flight.attempts
        self.counters.batches += 1
        if self._note is not None:
            again = f", attempt {attempt}" if attempt > 1 else ""
            self._tell("batch", None, instance.address, None, f"batch of {flight.size}{again}")
        error, response = "", None
        try:
            try:
                response = self.worker.call(flight.request)
            finally:
                # Over HTTP nobody knows how far a failed batch got: it counts as not begun.
                begun = self.worker.begun
                if begun is None:
                    begun = 0 if response is None else flight.size
                self.counters.invoked += begun
        except WorkerFailed as failure:
            error = str(failure)
            self._tell("failure", None, instance.address, None, error)
            self._try_again(instance, failure)
        except BaseException:
            self._ready.append(instance)  # interrupted: nothing happened
            raise
        else:
            if self.lose_answers:
                self.lose_answers -= 1
                error = "the answer was lost on its way"
                self._tell("lost", None, instance.address, None, error)
                self._try_again(instance, WorkerFailed(ConnectionError(error)))
            else:
                try:
                    self._apply(instance, response, flight.size)
                except (ValueError, LookupError) as refused:
                    error = str(refused)
                    self._restart(refused, f"the answer of {instance.address}")
        return Attempt(instance.address, attempt, flight.request, response, error)

    def _try_again(self, instance: Instance, failure: WorkerFailed) -> None:
        flight = instance.flight
        assert flight is not None
        wait = None
        if failure.retriable:
            wait = flight.next_attempt(self.clock.now, instance.spec.timeout_ms)
        if wait is None:
            self._restart(failure.cause, self._culprit(instance, failure))
            return
        self.counters.retries += 1
        self.clock.retry_after(wait, instance)

    def _culprit(self, instance: Instance, failure: WorkerFailed) -> str:
        """Name the message that a batch fails on."""
        assert instance.flight is not None
        _, invocations = read_request(instance.flight.request)
        if len(invocations) == 1:
            argument = invocations[0][1]
        elif failure.index is not None and failure.index < len(invocations):
            argument = invocations[failure.index][1]
        else:
            return f"a batch of {len(invocations)} messages at {instance.address}"
        record = self.ingress.origin(argument)
        source = f"{record}, " if record else ""
        return f"{source}{one_line(typed(argument), 200)} at {instance.address}"

    def _apply(self, instance: Instance, answer: bytes, size: int) -> None:
        response = read_response(answer)
        traced, now = self._note is not None, self.clock.now
        messages = [
            (self.addresses.find(target), argument) for target, argument in response.messages
        ]
        for delay, target, argument in response.delayed:
            if delay < 0:
                raise ValueError(f"a delay of {delay} ms is negative")
            entry = invocation_entry(instance.header, argument)
            self.clock.send_after(delay, target, entry, instance.address, argument)
            if traced:
                namespace, type, id = read_address(target)
                to = Address(f"{namespace}/{type}", id)
                self._tell("delay", instance.address, to, argument, f"in {delay / 1000:g} s")
        for egress_namespace, egress_type, argument in response.egresses:
            egress = self._egresses.get((egress_namespace, egress_type))
            if egress is None:
                id = f"{egress_namespace}/{egress_type}"
                raise LookupError(f"the module declares no egress {id}")
            written = self.egress.write(argument, egress.exactly_once)
            if traced:
                topic, payload = self.egress.show(written)
                self._tell("egress", instance.address, topic, payload, egress.id)
        self.addresses.touch(instance)
        for state, kind, value in response.mutations:
            instance.set(state, None if kind == DELETE else value, now)
            if traced:
                self._tell("state", None, instance.address, value, state)
        self.counters.took_effect += size
        instance.flight = None
        del self.addresses.flying[instance]
        self.addresses.blocked.pop(instance, None)
        if instance.backlog:
            entries, instance.backlog = instance.backlog, []
            self._launch(instance, entries)
        for target_cell, argument in messages:
            if traced:
                self._tell("send", instance.address, target_cell.address, argument)
            self._deliver(target_cell, invocation_entry(instance.header, argument))

    # -- checkpoints and failures ---------------------------------------------------------------

    def checkpoint(self) -> None:
        """Save everything and commit what was written to the exactly-once egresses."""
        changed = self.addresses.changed or self.egress.open
        self.addresses.save()
        self._saved_effects = self.counters.took_effect
        self.clock.save()
        self.ingress.checkpoint()
        count = self.egress.end_transactions("committed")
        self.counters.checkpoints += 1
        self._failed_restarts = 0
        if changed:
            self._tell("checkpoint", note=f"{count} records committed")

    def roll_back(self, kind: str, why: str) -> None:
        """Go back to the last checkpoint, or to the start when there is none."""
        self._ready = self.addresses.restore(self.clock.now)
        self.counters.took_effect = self._saved_effects
        self.clock.restore()
        aborted = self.egress.end_transactions("aborted")
        skipped = self.ingress.rewind(to_checkpoint=self.counters.checkpoints > 0)
        note = f"{why}; {aborted} records aborted"
        if skipped:
            note += f"; {skipped} records skipped: the ingress starts at the latest"
        self._tell(kind, note=note)

    def _restart(self, cause: BaseException, culprit: str) -> None:
        self.counters.restarts += 1
        self._failed_restarts += 1
        self.clock.now += self.settings.restart_delay_ms
        self.roll_back("restart", f"failed on {culprit}")
        if self._failed_restarts > self.settings.max_restarts:
            self._failed_restarts = 0
            raise JobFailed(
                f"The job fails again and again on {culprit}: {type(cause).__name__}: {cause}",
                hint="Fix the function or the producer. The engine would restart for ever.",
                details=f"{self.settings.max_restarts} restarts did not help.",
            ) from cause
