"""How lessons are executed without a browser; :mod:`workshop.runner` is the way in.

This file imports nothing: each kernel of a run imports ``workshop.running.kernel`` through it.
"""
