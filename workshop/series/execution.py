"""Executes one lesson in its kernel: papermill's own client, with an eye on what it overlooks."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.iorw import write_ipynb

from workshop.series.outcome import CellRun, LessonRun
from workshop.series.private_kernel import PrivateKernelManager

ENGINE = "workshop"
SAVE_SECONDS = 2
"""How much of a run the executed copy may lack if the run is killed."""
OUTPUT_SECONDS = 30
"""How long the last output of a cell may take to arrive after its end."""

_WATCH = "__import__('importlib').import_module('workshop.series.in_kernel')"

_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.CRITICAL)


class Kernel:
    """The process of a kernel; it may take a while until it is ready.

    Parameters
    ----------
    name
        Which kernel of this environment.
    folder
        Where it runs.
    environment
        All its environment variables.
    log
        Gets what the process itself prints; what cells print goes another way.
    """

    def __init__(self, name: str, folder: Path, environment: dict[str, str], log: Path) -> None:
        # The kernel of this environment, whatever else the user has installed.
        specs = KernelSpecManager(kernel_dirs=[f"{sys.prefix}/share/jupyter/kernels"])
        self.manager = PrivateKernelManager(kernel_name=name, kernel_spec_manager=specs, log=_quiet)
        self.log = log
        with log.open("wb") as output:
            run_sync(self.manager.start_kernel)(
                cwd=str(folder), env=environment, stdout=output, stderr=output
            )

    def kill(self) -> None:
        """End it immediately."""
        run_sync(self.manager.shutdown_kernel)(now=True)


class LessonClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes the cells of one notebook.

    Anything that goes wrong outside a cell's code becomes an error output of the cell that ran.

    Parameters
    ----------
    manager
        papermill's, which keeps the executed copy.
    kernel
        Where the cells run; it is ended afterwards.
    failures
        The file in which the kernel records failures outside of cells.
    lesson
        Gets the times.
    cell_seconds
        How long one cell may run.
    ready
        Called when the kernel is ready.
    progress
        Called with the number of cells that are done, and of all.
    """

    def __init__(
        self,
        manager: Any,
        kernel: Kernel,
        failures: Path,
        lesson: LessonRun,
        cell_seconds: float,
        ready: Callable[[], None],
        progress: Callable[[int, int], None],
    ) -> None:
        super().__init__(
            manager,
            km=kernel.manager,
            timeout=cell_seconds,
            iopub_timeout=OUTPUT_SECONDS,
            log=_quiet,
        )
        self.kernel = kernel
        self.failures = failures
        self.lesson = lesson
        self.ready = ready
        self.progress = progress

    def execute(self, **_: Any) -> None:
        """Execute all cells, up to the first that fails."""
        self.reset_execution_trackers()
        began = time.monotonic()
        try:
            self.start_new_kernel_client()
            self._ask(f"{_WATCH}.watch({str(self.failures)!r})")
            self.lesson.kernel = time.monotonic() - began
            self.ready()
            self.papermill_execute_cells()
            self.set_widgets_metadata()
        except BaseException:
            self.shutdown_kernel = "immediate"
            raise
        finally:
            self._cleanup_kernel()

    def papermill_execute_cells(self) -> None:
        """Execute the cells, keep their times, and save the copy now and then."""
        runnable = [index for index, cell in enumerate(self.nb.cells) if _runs(cell)]
        saved = time.monotonic()
        for number, index in enumerate(runnable, 1):
            cell = self.nb.cells[index]
            self.nb_man.cell_start(cell, index)
            began = time.monotonic()
            good = self._execute(cell, index, last=number == len(runnable))
            ended = time.monotonic()
            self.lesson.cells.append(CellRun(number, first_line(cell.source), ended - began))
            self.progress(number, len(runnable))
            # papermill itself would save twice for every cell, which takes longer than most cells.
            if ended > saved + SAVE_SECONDS:
                write_ipynb(self.nb, self.lesson.copy)
                saved = ended
            if not good:
                cell.execution_count = number
                self.nb_man.cell_exception(cell, cell_index=index)
            self.nb_man.cell_complete(cell, cell_index=index)
            if not good:
                break

    def _execute(self, cell: NotebookNode, index: int, last: bool) -> bool:
        """Execute a cell; return whether it succeeded."""
        try:
            self.execute_cell(cell, index)
        except CellExecutionError:
            if any(output.output_type == "error" for output in cell.outputs):
                return False
            return _fail(cell, "CellExecutionError", "it failed without an output")
        except CellTimeoutError:
            # It would not hear a request to end.
            self.shutdown_kernel = "immediate"
            return _fail(cell, "TimeoutError", f"the cell did not end within {self.timeout:g} s")
        except DeadKernelError:
            printed = self.kernel.log.read_text(encoding="utf-8", errors="replace")
            return _fail(cell, "DeadKernelError", "the kernel died while the cell ran", printed)
        if last:
            self.lesson.stack = float(self._ask(f"{_WATCH}.last_look()", "stack_seconds()"))
        if self.failures.exists():
            told = [
                json.loads(line) for line in self.failures.read_text(encoding="utf-8").splitlines()
            ]
            return _fail(
                cell, "Unnoticed", told[0]["what"], "\n".join(one["traceback"] for one in told)
            )
        return True

    def _ask(self, code: str, expression: str = "") -> str:
        """Run code that no copy shows; return the value of an expression of the kernel's part."""
        assert self.kc is not None
        asked = {"value": f"{_WATCH}.{expression}"} if expression else {}
        sent = self.kc.execute(code, silent=True, store_history=False, user_expressions=asked)
        content = self.wait_for_reply(sent)["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        return str(content["user_expressions"]["value"]["data"]["text/plain"]) if asked else ""


class LessonEngine(Engine):  # type: ignore[misc]
    """How papermill gets our client."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, client: Callable[[Any], LessonClient], **_: Any
    ) -> None:
        """Execute the notebook in papermill's hands."""
        client(nb_man).execute()


papermill_engines.register(ENGINE, LessonEngine)


def execute(
    source: Path,
    copy: Path,
    kernel: str,
    parameters: dict[str, Any],
    client: Callable[[Any], LessonClient],
) -> NotebookNode:
    """Execute a notebook and return its executed copy.

    Parameters
    ----------
    source
        The notebook.
    copy
        Where the executed copy goes; it may be ``source``.
    kernel
        The name of its kernel, which the copy tells.
    parameters
        For its ``parameters`` cell.
    client
        Makes the client, given papermill's manager.
    """
    executed: NotebookNode = papermill.execute_notebook(
        str(source),
        str(copy),
        parameters=parameters,
        engine_name=ENGINE,
        kernel_name=kernel,
        progress_bar=False,
        request_save_on_cell_execute=False,
        client=client,
    )
    return executed


def first_line(source: str) -> str:
    """Return the first line of a cell that is code, not a comment."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


def _runs(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _fail(cell: NotebookNode, kind: str, what: str, details: str = "") -> bool:
    """Give the cell an error output, as the kernel would; return False."""
    seen = details.rstrip().splitlines() or [f"{kind}: {what}"]
    cell.outputs.append(new_output("error", ename=kind, evalue=what, traceback=seen))
    return False
