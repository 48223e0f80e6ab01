"""What a learner has passed: recorded, reset, and shown to the room if the learner agrees."""

from __future__ import annotations

import time

from workshop.errors import WorkshopError
from workshop.exercises.sharing import sharing
from workshop.exercises.storage import passed, write


def record(id: str) -> None:
    """Keep that the exercise ``id`` has passed.

    Raises
    ------
    WorkshopError
        When it cannot be recorded; the message says where and why.
    """
    known = passed()
    if id in known:
        return
    known[id] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _keep(known)


def reset(lesson: str | None = None) -> None:
    """Forget what has passed: of one lesson such as ``04``, or of all."""
    known = {} if lesson is None else passed()
    _keep({id: when for id, when in known.items() if not id.startswith(f"{lesson}.")})


def _keep(known: dict[str, str]) -> None:
    """Save it, and show it to the room if the learner has agreed."""
    write(known)
    if shared := sharing():
        try:
            shared.publish()
        except WorkshopError as error:
            # It counts all the same.
            print(f"Your progress is kept, but the room does not see it. {error}")
