"""Tests of what a room of learners needs."""
