"""Makes output printable on any terminal, even on one that has no ✓."""

from __future__ import annotations

import codecs
import io
import sys

_SIGNS = str.maketrans(
    {
        "✓": "ok",
        "✗": "x",
        "…": "...",
        "↻": "~",
        "‖": "=",
        "·": ".",
        "■": "#",
        "□": "-",
        "→": "->",
        "—": "-",
        "–": "-",
        "×": "x",
        **dict.fromkeys("─┄", "-"),
        **dict.fromkeys("│├┤┼", "|"),
        **dict.fromkeys("▁▂▃", "_"),
        **dict.fromkeys("▄▅▆▇█", "#"),
    }
)


def show_everything() -> None:
    """Make the standard streams replace what their encoding lacks, instead of raising.

    Every program of ours calls it first: one sign too many must not end what it is about to do.
    """
    codecs.register_error("readable", _readable)
    for stream in (sys.stdout, sys.stderr):
        # A test, or whoever captures the output, may have put something else there.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="readable")


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Stand in for the first character that cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        # A byte of a file's name that was none of the encoding goes out as it came in.
        return bytes([ord(character) - 0xDC00]), error.start + 1
    sign = character.translate(_SIGNS)
    if sign == character:
        sign = character.encode("ascii", "backslashreplace").decode("ascii")
    return sign, error.start + 1
