"""Tests of the simulation, and of the simulation against the engine."""
