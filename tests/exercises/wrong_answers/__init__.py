"""Plausible wrong answers to the lessons' exercises, and the hint that each must meet.

Each lesson's are in ``lesson_NN.py``, in a list ``WRONG``.
"""

import importlib
import pkgutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """One wrong answer: the exercise, what is wrong, the cell's code, and words of its hint."""

    exercise: str
    mistake: str
    code: str
    hint: str


def wrong_answers() -> list[Wrong]:
    """All wrong answers, by lesson."""
    modules = [m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_")]
    return [w for m in sorted(modules) for w in importlib.import_module(f"{__name__}.{m}").WRONG]
