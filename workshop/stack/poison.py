"""Records that the ingress itself cannot read: which one it is, and how it is skipped.

A record without a key, or without a value, makes the ingress fail before any function is called.
The engine then goes back to its newest checkpoint, reads on, meets the same record again, and so on
for ever. Its own error does not say which record it was. Every record passes through one of our own
classes (``java/``), which does two things when a record cannot be read:

- It fails with the record's position and the reason, which the supervisor reads from the engine
  and shows in the status.
- It skips the record, if the run folder has a file that is named after its position: it returns
  nothing, which the engine's Kafka source takes for "no message in this record", and its
  offset moves on with the next checkpoint.

So the topic, the checkpoints and the group's offsets stay as they are, exactly one record is
skipped, and a restart from an older checkpoint skips it again.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

_NAMED = re.compile(r"IllegalStateException: poison (\S+) (\d+) (\d+) (-?\d+) (.*)")


@dataclass(frozen=True)
class Poison:
    """A record that the ingress cannot read.

    Attributes
    ----------
    topic, partition, offset
        Where it lies.
    timestamp
        When it was sent, in milliseconds since 1970 (UTC).
    reason
        What is wrong with it.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    reason: str

    @classmethod
    def in_trace(cls, trace: str) -> Poison | None:
        """Return the record that a stack trace of the engine names, if it names one."""
        found = _NAMED.search(trace)
        if found is None:
            return None
        topic, partition, offset, timestamp, reason = found.groups()
        return cls(topic, int(partition), int(offset), int(timestamp), reason.strip())

    @property
    def file_name(self) -> str:
        """The name of the file that makes the engine skip it."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    def skip(self, folder: Path) -> None:
        """Let the engine skip it, now and whenever it meets it again."""
        folder.mkdir(mode=0o700, exist_ok=True)
        # Whoever looks at the file later wants to know why.
        handle = os.open(folder / self.file_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self)) + "\n")

    def is_skipped(self, folder: Path) -> bool:
        """Whether :meth:`skip` was called for it."""
        return (folder / self.file_name).exists()

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.timestamp / 1000).astimezone()
        return (
            f"topic {self.topic}, partition {self.partition}, offset {self.offset}, "
            f"sent {when:%Y-%m-%d %H:%M:%S}: {self.reason}"
        )
