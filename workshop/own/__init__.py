"""An application of one's own on the stack: ``python -m workshop new`` makes one to begin with."""
