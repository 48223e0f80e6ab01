"""The lessons' exercises: checks that run what a learner wrote, and what they have passed so far.

A lesson calls ``check("04.1", answer)`` and ``progress("04")``. The checks of lesson 04 are in
``lesson_04.py``, written with :mod:`workshop.exercises.checking`.
"""

from workshop.exercises.checking import check, examine, progress
from workshop.exercises.progress import reset

__all__ = ["check", "examine", "progress", "reset"]
