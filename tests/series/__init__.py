"""Tests of the lessons and of what executes them."""
