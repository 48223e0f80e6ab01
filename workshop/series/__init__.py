"""How lessons are executed without a browser; :mod:`workshop.series.runner` is the way in.

This file imports nothing: each kernel of a run imports ``workshop.series.in_kernel`` through it.
"""
