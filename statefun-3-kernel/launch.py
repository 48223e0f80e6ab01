"""A kernel of this environment in which "statefun" is the SDK of 3.x: it lies beside this file."""

import os
import sys
from pathlib import Path

SDK = str(Path(__file__).with_name("sdk"))
# The first of all: both SDKs are a package "statefun". Also for what a cell starts.
sys.path.insert(0, SDK)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SDK, os.environ.get("PYTHONPATH")]))

from ipykernel.kernelapp import launch_new_instance  # noqa: E402

launch_new_instance()
