"""Tests of what breaks a stack and watches it."""
