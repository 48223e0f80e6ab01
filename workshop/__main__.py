"""``python -m workshop``."""

import sys
from importlib.util import find_spec

for package in ("google", "kafka", "rich", "statefun"):
    if find_spec(package) is None:
        sys.exit(
            f"{sys.executable} lacks the package {package}.\n"
            "What to do: run 'make setup' and then use .venv/bin/python, or activate .venv."
        )

from greeter.terminal import show_everything  # noqa: E402 - only now can these be imported
from workshop.cli import main  # noqa: E402

show_everything()
main()
