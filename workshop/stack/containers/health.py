"""Whether this container's part of the engine is working: the health check of the image.

A master is healthy when its JobManager answers, a worker when the JobManager counts it in. It is
run every few seconds, so it imports next to nothing.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from http.client import HTTPConnection


def main() -> None:
    """Exit with 0 if everything is fine, otherwise say what is wrong."""
    master = os.environ.get("MASTER_HOST", "master")
    own = socket.gethostbyname(socket.gethostname())
    host = "127.0.0.1" if os.environ["ROLE"] == "master" else master
    # Not urllib: it would ask a proxy, if the container was given one.
    line = HTTPConnection(host, 8081, timeout=4)
    line.request("GET", "/taskmanagers")
    known = [one["path"] for one in json.load(line.getresponse())["taskmanagers"]]
    if os.environ["ROLE"] == "worker" and not any(f"@{own}:" in path for path in known):
        sys.exit(f"{master} does not know the worker at {own}.")


if __name__ == "__main__":
    main()
