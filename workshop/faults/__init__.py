"""Names that stream through a stack while its parts are killed, and what happened to them."""

from workshop.faults.counting import as_runs, count_of
from workshop.faults.recovery import Recovery, watch
from workshop.faults.traffic import Traffic

__all__ = ["Recovery", "Traffic", "as_runs", "count_of", "watch"]
