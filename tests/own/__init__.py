"""Tests of an application of one's own."""
