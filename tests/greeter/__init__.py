"""Tests of the application that gets deployed."""
