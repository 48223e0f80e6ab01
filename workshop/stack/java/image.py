"""What the build of the engine's image begins with: the jars of one engine, and our own classes."""

from __future__ import annotations

import sys

from workshop.stack.java.compiled import compiled
from workshop.stack.java.engine import ENGINES
from workshop.stack.java.jars import fetch, jars_of


def main(name: str) -> None:
    """Fetch the jars, compile our classes, and leave only what that engine has on its class path.

    Parameters
    ----------
    name
        Of the engine, as in :data:`ENGINES`.
    """
    if name not in ENGINES:
        sys.exit(f"ENGINE is {name!r}: set it to {' or '.join(ENGINES)}.")
    on_class_path = jars_of(ENGINES[name].jar_set)
    # Our classes are the same for every engine, and compiled against that of 2.2.
    jars = [*on_class_path, *jars_of("engine"), *jars_of("compiler")]
    wanted = {jar.path: jar for jar in jars}
    fetch([*wanted.values()])
    compiled()
    for path in wanted.keys() - {jar.path for jar in on_class_path}:
        path.unlink()


if __name__ == "__main__":
    main(sys.argv[1])
