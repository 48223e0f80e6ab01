"""What a notebook shows of a cell that is interrupted."""

from __future__ import annotations

import sys

import pytest
from jupyter_client.manager import start_new_kernel

CELL = """\
import os, signal, threading

def wait_for_ever():
    threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    threading.Event().wait()

wait_for_ever()
"""


@pytest.fixture
def error_of(kernels):
    """Run a cell, and return what the notebook shows of its error."""
    manager, client = start_new_kernel(
        kernel_name="python3", extra_arguments=["--InteractiveShell.colors=NoColor"]
    )

    def run(cell: str) -> str:
        shown = []
        answer = client.execute_interactive(
            cell,
            timeout=60,
            output_hook=lambda output: shown.append(output["content"].get("traceback", [])),
        )
        assert answer["content"]["status"] == "error"
        (traceback,) = filter(None, shown)
        return "\n".join(traceback)

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.skipif(sys.platform == "win32", reason="a kernel is interrupted in another way there")
def test_an_interrupt_shows_the_line_of_the_cell_and_no_more(error_of):
    shown = error_of(CELL)
    assert shown.startswith("KeyboardInterrupt: stopped at Cell In[")
    assert shown.endswith("line 5: threading.Event().wait()")
    assert "\n" not in shown
    # What comes next runs as ever.
    assert "ZeroDivisionError" in error_of("1 / 0")
