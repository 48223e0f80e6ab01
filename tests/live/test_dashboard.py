"""The dashboard in a real kernel, and without one: its life, its runs, and what it leaves."""

import json
import os
import re
import threading

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbconvert import HTMLExporter

from tests.made import notebook, printed
from workshop.errors import WorkshopError
from workshop.live import Dashboard, dashboard
from workshop.series.runner import run_notebooks
from workshop.stack import LEAN, Stack

THREADS = (
    "import threading, ipywidgets\n"
    "print(sorted(t.name for t in threading.enumerate() if t.name.startswith('workshop-')), "
    "len(ipywidgets.widget._instances))"
)
FOUR = "['workshop-feed', 'workshop-sender', 'workshop-ticker', 'workshop-vitals']"


def ours():
    return [t.name for t in threading.enumerate() if t.name.startswith(("workshop-", "kafka-"))]


class Kernel:
    """A kernel, and what its cells print; each piece of text is kept with its cell's message."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code, cell=None):
        """Run a cell as JupyterLab does; return what it printed."""
        said = []

        def hear(message):
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said.append(content["text"])
            assert kind != "error", "\n".join(content["traceback"])

        send = self.client.session.send

        def with_cell(stream, message, *arguments, **settings):
            if isinstance(message, dict) and message.get("msg_type") == "execute_request":
                message["metadata"]["cellId"] = cell
            return send(stream, message, *arguments, **settings)

        self.client.session.send = with_cell
        try:
            self.client.execute_interactive(code, timeout=240, output_hook=hear)
        finally:
            self.client.session.send = send
        return "".join(said).strip()

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(kernels, stack):
    made = Kernel()
    made.run(
        "from workshop.stack import Stack\nfrom workshop.live import Dashboard\n"
        f"stack = Stack({stack.name!r})"
    )
    yield made
    made.close()


def test_a_cell_that_is_run_again_replaces_its_dashboard(kernel):
    kernel.run("dashboard = Dashboard(stack)", cell="one")
    first = kernel.run(THREADS, cell="look")
    assert first.startswith(FOUR)
    for number in range(5):
        # Edited in between, it is still the same cell.
        kernel.run(f"dashboard = Dashboard(stack, rate={number + 1})", cell="one")
    assert kernel.run(THREADS, cell="look") == first
    kernel.run("dashboard.close()", cell="close")
    assert kernel.run(THREADS, cell="look") == "[] 0"


GREETED = """\
import time
deadline = time.monotonic() + 30
while True:
    greeted = [one.session.feed.snapshot().verdict.greeted for one in (a, b, c)]
    if greeted == [5, 5, 5] or time.monotonic() > deadline:
        break
    time.sleep(0.1)
print(*greeted)"""


def test_several_dashboards_live_beside_each_other(kernel):
    kernel.run("a, b = Dashboard(stack), Dashboard(stack)", cell="one")
    kernel.run("c = Dashboard(stack)", cell="two")
    said = kernel.run("print([one.closed for one in (a, b, c)])", cell="look")
    assert said == "[False, False, False]"
    kernel.run("old = a, b; a, b = Dashboard(stack), Dashboard(stack)", cell="one")
    said = kernel.run("print([one.closed for one in (*old, a, b, c)])", cell="look")
    assert said == "[True, True, False, False, False]"
    kernel.run("d = Dashboard(stack); d.run(count=5)", cell="three")
    # Each reads for itself, so one may be a moment behind another.
    said = kernel.run(GREETED)
    assert said == "5 5 5"


def test_nothing_is_printed_but_by_the_cell_that_asked(kernel):
    said = kernel.run("dashboard = Dashboard(stack, rate=200); dashboard.session.sender.start()")
    assert said == ""
    said = kernel.run("import time; time.sleep(3); print('mine')")
    assert said == "mine"
    said = kernel.run("dashboard.session.sender.stop(); dashboard.close()")
    assert said == ""


def test_the_kernel_may_end_while_a_dashboard_is_open(kernels, name):
    with Stack(name, size=LEAN) as stack:
        kernel = Kernel()
        kernel.run(
            "from workshop.stack import Stack\nfrom workshop.live import Dashboard\n"
            f"dashboard = Dashboard(Stack({name!r})); dashboard.pause()"
        )
        kernel.client.shutdown()
        kernel.manager.finish_shutdown()
        # Its last act was to let the greeter go on.
        assert stack.greet("Ada")[0].greeting == "Welcome Ada"
        kernel.client.stop_channels()


def test_a_bounded_run_without_a_notebook(stack, capsys):
    with Dashboard(stack, names=["Bound"], seed=1) as made:
        report = made.run(count=50, rate=100)
        assert capsys.readouterr().out.startswith("sent 50, greeted 50, missing 0, doubled 0\n")
        assert (report.sent, report.greeted, report.missing, report.doubled) == (50, 50, 0, 0)
        assert 0 < report.per_second <= 100
        assert 0 < report.latency.p50 < 60
        assert made.run(seconds=1, rate=50).greeted >= 10
        with pytest.raises(WorkshopError, match="needs a limit"):
            made.run()
        assert "sent" in repr(made)
    assert ours() == []
    assert "(closed)" in repr(made)
    made.close()


def test_names_that_are_not_greeted_in_time_are_missing(name):
    with Stack(name, size=LEAN) as stack, Dashboard(stack) as made:
        made.run(count=1)  # From here on it takes no time to send.
        made.pause()
        report = made.run(count=3, rate=1000, patience=3)
        assert (report.sent, report.greeted, report.missing) == (3, 0, 3)
        made.resume()
        assert made.session.feed.wait(lambda now: now.verdict.greeted == 4)


def test_what_cannot_be_done_is_shown_and_not_lost(stack, monkeypatch):
    with Dashboard(stack) as made:

        def fails():
            raise RuntimeError("planted")

        monkeypatch.setattr(dashboard.Dashboard, "_show", lambda self: fails())
        deadline = threading.Event()
        while "planted" not in made._wrong and not deadline.wait(0.05):
            pass
        monkeypatch.undo()
        while made._wrong and not deadline.wait(0.05):
            pass
        assert made._ticker.is_alive()


def test_headless_and_as_a_page(kernels, stack, tmp_path, monkeypatch):
    """Papermill runs it, the text can be asserted, and the page shows it without a network."""
    made = notebook(
        tmp_path,
        # A run has a folder of its own for its stacks; this notebook looks into that of the tests.
        f"import os\nos.environ['WORKSHOP_RUNS'] = {os.environ['WORKSHOP_RUNS']!r}\n"
        f"stack_name = {stack.name!r}",
        "from workshop.stack import Stack\nfrom workshop.live import Dashboard",
        "dashboard = Dashboard(Stack(stack_name), names=['Papyrus'], rate=100)",
        "dashboard.run(count=40)",
        "open_still = Dashboard(Stack(stack_name), names=['Vellum'])\nopen_still.run(count=3)",
        "dashboard.close()",
    )
    run_notebooks([made], output=tmp_path / "out")
    copy = tmp_path / "out" / made.name
    assert "sent 40, greeted 40, missing 0, doubled 0\n" in printed(copy)
    executed = nbformat.read(copy, as_version=4)

    # The one that is closed is a page; the one that is open is kept as the state of its widgets.
    (closed,) = executed.cells[2].outputs
    assert "text/html" in closed.data
    assert "Papyrus" in closed.data["text/html"]
    state = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    values = [one["state"].get("value", "") for one in state.values()]
    assert any("Vellum" in value for value in values if isinstance(value, str))
    (shown,) = [o for o in executed.cells[4].outputs if "data" in o and "text/html" not in o.data]
    assert shown.data["application/vnd.jupyter.widget-view+json"]["model_id"] in state

    page, _ = HTMLExporter().from_notebook_node(executed)
    bare = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "Nothing lost, nothing doubled" in bare
    assert "time Papyrus!" in bare
    assert "As it was at" in bare
    assert json.dumps(state)  # And it is plain JSON.
