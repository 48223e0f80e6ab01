"""Tests of what sends names and reads greetings."""
