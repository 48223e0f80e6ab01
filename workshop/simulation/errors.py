"""The common base of the simulation's errors, and what it says about each of them."""

from __future__ import annotations

__all__ = ["HandlerMismatch", "JobFailed", "ModuleError", "SimulationError"]


class SimulationError(Exception):
    """Something went wrong in the simulation that a person can fix.

    Parameters
    ----------
    message
        One sentence that says what happened.
    hint
        What to do next.
    details
        What was seen, in full.
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


class ModuleError(SimulationError):
    """The module definition cannot run, or does not fit the code; `details` lists the findings."""


class HandlerMismatch(SimulationError):
    """``async def`` under the plain handler, the reverse, or a message type given as a string."""


class JobFailed(SimulationError):
    """The job failed and each restart failed again; the cause is the error's ``__cause__``."""
