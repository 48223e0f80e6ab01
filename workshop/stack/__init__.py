"""The real stack: StateFun on Flink, a Kafka broker and the greeter."""

from workshop.stack.embedded import Stack, StackError
from workshop.stack.size import LEAN, STANDARD, Size
from workshop.stack.status import Part, Status

__all__ = ["LEAN", "STANDARD", "Part", "Size", "Stack", "StackError", "Status"]
