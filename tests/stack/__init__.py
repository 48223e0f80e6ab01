"""Tests of the real stack."""
