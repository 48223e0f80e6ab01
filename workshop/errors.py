"""The one base of all errors that this package raises on purpose."""

from __future__ import annotations


class WorkshopError(Exception):
    """Something went wrong that a person can fix.

    Parameters
    ----------
    message
        One sentence that says what happened.
    hint
        What to do next; a command where there is one.
    details
        What was seen, in full: statuses, the end of a log.
    """

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        parts = [self.message, self.details, self.hint and f"What to do: {self.hint}"]
        return "\n".join(part for part in parts if part)

    def _render_traceback_(self) -> list[str]:
        """Show only the message in a notebook: the frames in between help no learner."""
        return [f"{type(self).__name__}: {self}"]
