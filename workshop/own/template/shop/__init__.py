"""A shop of two stateful functions."""
