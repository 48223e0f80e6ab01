"""``python -m workshop``."""

import sys

try:
    import google.protobuf
    import kafka
    import rich
    import statefun  # noqa: F401
except ModuleNotFoundError as error:
    sys.exit(
        f"{sys.executable} lacks the package {error.name}.\n"
        "What to do: run 'make setup' and then use .venv/bin/python, or activate .venv."
    )

from workshop.cli import main

main()
