"""Who executes: the two handlers of the SDK, and a server over HTTP."""

import asyncio
import functools
import gc
import http.server
import threading

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from statefun import AsyncRequestReplyHandler, RequestReplyHandler, StatefulFunctions

from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse
from tests.simulation.yaml_text import module_text
from workshop import paths
from workshop.simulation import (
    HandlerMismatch,
    JobFailed,
    ModuleError,
    SimulatedRuntime,
    SimulationError,
    check_module,
    module_diagram,
)

MODULE = module_text({"test/f": ["{name: seen}"]})


def make(function, **options):
    functions = StatefulFunctions()
    functions.register("test/f", function)
    runtime = SimulatedRuntime(functions, MODULE, **options)
    runtime.send("in", "k", StringValue(value="x"))
    return runtime


async def write_async(context, message: StringValue):
    await asyncio.sleep(0)
    context.state("seen").pack(message)


def write(context, message: StringValue):
    context.state("seen").pack(message)


def stored(runtime):
    return runtime.state("test/f", "k", "seen")


def test_async_functions_go_through_the_async_handler():
    runtime = make(write_async)
    runtime.run()
    assert stored(runtime) == StringValue(value="x")


def test_async_functions_run_where_a_loop_runs_already():
    """A notebook's cells run inside the loop of their kernel."""

    async def cell():
        runtime = make(write_async, handler=AsyncRequestReplyHandler)
        runtime.run()
        return stored(runtime)

    assert asyncio.run(cell()) == StringValue(value="x")


def test_one_loop_serves_all_batches_and_ends_with_the_runtime():
    loops = []

    async def f(context, message):
        loops.append(asyncio.get_running_loop())

    runtime = make(f)
    runtime.run()
    runtime.send("in", "k", StringValue())
    runtime.run()
    assert len(loops) == 2 and loops[0] is loops[1]
    del runtime
    gc.collect()
    assert loops[0].is_closed()


def test_an_async_function_that_raises():
    async def f(context, message):
        raise RuntimeError("async trouble")

    with pytest.raises(JobFailed, match="async trouble"):
        make(f).run()


@pytest.mark.parametrize(
    ("function", "handler"),
    [
        (write_async, RequestReplyHandler),
        (write, AsyncRequestReplyHandler),
        (write, AsyncRequestReplyHandler(None)),
    ],
)
def test_the_wrong_handler_is_an_error(function, handler):
    with pytest.raises(HandlerMismatch, match="test/f is not"):
        make(function, handler=handler)


def test_functions_of_both_kinds_are_an_error(functions):
    functions.register("test/f", write)
    functions.register("test/g", write_async)
    with pytest.raises(HandlerMismatch, match="test/f is not"):
        SimulatedRuntime(
            functions, module_text({"test/f": ["{name: seen}"], "test/g": []}), check=False
        )


def test_an_async_function_in_disguise_is_an_error():
    """A plain function that hands out a coroutine: the handler would never await it."""

    def f(context, message):
        return write_async(context, message)

    with pytest.raises(HandlerMismatch, match="never awaits"):
        make(f).run()


def test_an_async_handler_that_gets_nothing_to_await_is_an_error():
    async def real(context, message):
        pass

    @functools.wraps(real)
    def f(context, message):
        return None

    with pytest.raises(HandlerMismatch, match="awaits what it returns"):
        make(f).run()


def test_a_message_type_that_is_a_text_is_an_error():
    """As all are in a file with ``from __future__ import annotations``."""

    def f(context, message: "GreetRequest"):
        pass

    with pytest.raises(HandlerMismatch, match="by the text 'GreetRequest', which the SDK does not"):
        make(f).run()


def test_a_handler_instance_will_do():
    runtime = make(write, handler=RequestReplyHandler(None))
    runtime.run()
    assert stored(runtime) is not None


@pytest.mark.parametrize(
    ("handler", "function"),
    [(RequestReplyHandler, write), (AsyncRequestReplyHandler, write_async)],
)
def test_a_handler_stands_for_the_functions_that_it_serves(handler, function):
    calls = []

    class Counting(handler):
        def __call__(self, request):
            calls.append(request)
            return super().__call__(request)

    functions = StatefulFunctions()
    functions.register("test/f", function)
    given = Counting(functions)
    runtime = SimulatedRuntime(given, MODULE)
    runtime.send("in", "k", StringValue(value="x"))
    runtime.run()
    assert stored(runtime) == StringValue(value="x")
    assert len(calls) == 1
    assert check_module(given, MODULE) == check_module(functions, MODULE)
    assert "test/f" in repr(module_diagram(MODULE, given))


@pytest.mark.parametrize(
    "given",
    [
        *(write, [write], {"test/f": write}, StatefulFunctions, RequestReplyHandler),
        *(RequestReplyHandler(None), greeter.app, MODULE),
    ],
)
def test_what_holds_no_functions_is_refused_in_a_sentence(given):
    for use in (SimulatedRuntime, check_module, lambda one, text: module_diagram(text, one)):
        with pytest.raises(SimulationError, match="no functions(?s:.*)Pass the StatefulFunctions"):
            use(given, MODULE)


@pytest.mark.parametrize("handler", ["async", write, StatefulFunctions(), greeter.app])
def test_what_is_no_handler_is_refused_in_a_sentence(handler):
    with pytest.raises(HandlerMismatch, match="no handler of the SDK(?s:.*)leave handler out"):
        make(write, handler=handler)


@pytest.mark.parametrize("module", [None, {"module": {}}, greeter.functions, "a\0b"])
def test_what_is_no_module_is_refused_in_a_sentence(module):
    with pytest.raises(ModuleError, match="cannot be read(?s:.*)Pass the path of a module.yaml"):
        SimulatedRuntime(greeter.functions, module)


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Serves the greeter, after the answers that a test has prepared."""

    prepared: list = []  # noqa: RUF012 - the tests fill it

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, kind = self.prepared.pop(0) if self.prepared else (200, "application/octet-stream")
        answer = greeter.handler(body) if status == 200 else b"trouble"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    Endpoint.prepared = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/statefun"
        server.shutdown()
        thread.join()


def over_http(url, **options):
    runtime = SimulatedRuntime(
        None, paths.MODULE, endpoint=url, topics={"greetings": GreetResponse}, **options
    )
    for name in ("Ada", "Zoë", "Ada"):
        runtime.send("names", name, GreetRequest(name=name))
    return runtime


def test_http_gives_what_the_kernel_gives(endpoint):
    there = over_http(endpoint)
    here = SimulatedRuntime(greeter.functions, paths.MODULE, topics={"greetings": GreetResponse})
    for name in ("Ada", "Zoë", "Ada"):
        here.send("names", name, GreetRequest(name=name))
    assert here.run() == there.run()
    assert here.uncommitted("greetings") == there.uncommitted("greetings")
    assert there.counters.invoked == 3


@pytest.mark.parametrize("status", [408, 409, 420, 429, 499, 500, 503])
def test_these_statuses_are_tried_again(endpoint, status):
    Endpoint.prepared = [(status, "text/plain")] * 2
    runtime = over_http(endpoint)
    runtime.run()
    assert (runtime.counters.retries, runtime.counters.restarts) == (2, 0)
    assert runtime.counters.took_effect == runtime.counters.invoked == 3


@pytest.mark.parametrize("answer", [(400, "text/plain"), (404, "text/plain"), (200, "text/html")])
def test_these_answers_fail_the_job_at_once(endpoint, answer):
    Endpoint.prepared = [answer] * 2
    runtime = over_http(endpoint, max_restarts=1)
    with pytest.raises(JobFailed, match=r"answered 40.: trouble|content type is text/html"):
        runtime.run()
    assert (runtime.counters.retries, runtime.counters.restarts) == (0, 2)
    runtime.run()
    assert runtime.counters.took_effect == 3


def test_an_endpoint_that_is_away_is_tried_again():
    with http.server.HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        port = server.server_port  # free again when the server is closed
    runtime = over_http(f"http://127.0.0.1:{port}/", max_restarts=0)
    with pytest.raises(JobFailed, match="refused"):
        runtime.run()
    # Two names, and each was tried until the timeout of two minutes.
    assert runtime.counters.retries == 2 * 14 and runtime.counters.invoked == 0
