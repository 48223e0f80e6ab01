"""A notebook in the greeter's place: the real engine calls functions of this process."""

import linecache
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet

import nbformat
import psutil
import pytest
import requests
from statefun import StatefulFunctions, kafka_egress_record
from statefun.request_reply_pb2 import ToFunction

from greeter.messages_pb2 import GreetRequest, GreetResponse
from tests.made import notebook
from workshop.paths import ROOT
from workshop.series.runner import run_notebooks
from workshop.stack import Stack, StackError
from workshop.stack.hosting import PROMPT_FAILURES, Hosting
from workshop.stack.hosting_server import LARGEST_BODY
from workshop.stack.local.services import Ports
from workshop.stack.view import HostingView, Progress


def saying(text: str) -> StatefulFunctions:
    """Functions that greet everybody with ``text``, and fail without one."""
    functions = StatefulFunctions()

    @functions.bind("example/greeter")
    def greet(context, greet_request: GreetRequest):
        print("called for", greet_request.name)
        if not text:
            raise ValueError("a broken edit")
        response = GreetResponse(name=greet_request.name, greeting=text)
        record = kafka_egress_record("greetings", response, greet_request.name)
        context.pack_and_send_egress("example/greets", record)

    return functions


def call(name: str) -> bytes:
    """One request of the engine."""
    request = ToFunction()
    target = request.invocation.target
    target.namespace, target.type, target.id = "example", "greeter", name
    request.invocation.invocations.add().argument.Pack(GreetRequest(name=name))
    return request.SerializeToString()


# ------------------------------------------------------------------ without an engine


@pytest.fixture
def hosting():
    port = Ports.choose().greeter
    given_back = []
    made = Hosting(saying("Hi"), port, lambda: given_back.append(True))
    made.url = f"http://127.0.0.1:{port}/statefun"
    yield made
    made.close()
    made.close()
    assert given_back == [True]
    assert not [t for t in threading.enumerate() if t.name == "hosting"]


def test_it_answers_as_the_handler_does_and_keeps_what_is_printed(hosting, capsys):
    from statefun import RequestReplyHandler

    answer = requests.post(hosting.url, data=call("Ada"), timeout=10)
    print("mine")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert hosting.text == "called for Ada"
    assert capsys.readouterr().out == "mine\n"
    assert answer.content == RequestReplyHandler(saying("Hi"))(call("Ada"))


def test_with_a_key_it_answers_who_knows_the_key():
    port = Ports.choose().greeter
    with Hosting(saying("Hi"), port, lambda: None, "s3cret") as hosting:
        url = f"http://127.0.0.1:{port}/statefun"
        asked = {
            query: requests.post(f"{url}{query}", data=call("Ada"), timeout=10).status_code
            for query in (
                "",
                "?key=",
                "?key=s3cre",
                "?key=s3cret&a=b",
                "?key=\u00e9",
                "?key=s3cret",
            )
        }
        assert asked == {**dict.fromkeys(asked, 403), "?key=s3cret": 200}
        assert hosting.invocations == 1


def test_a_failing_call_is_refused_a_few_times_then_held_until_it_is_mended(hosting):
    hosting.replace(saying(""))
    for _ in range(PROMPT_FAILURES):
        assert requests.post(hosting.url, data=call("Ada"), timeout=10).status_code == 500
    assert (hosting.waiting, hosting.failures) == (1, PROMPT_FAILURES)
    # Told once, from the learner's function on, whatever how often it fails.
    assert hosting.text.count("ValueError: a broken edit") == hosting.text.count("called") == 1
    assert "hosting.py" not in hosting.text.replace("test_hosting.py", "")
    assert "1 waiting, tried 5 times" in hosting.summary
    with ThreadPoolExecutor() as pool:
        held = pool.submit(requests.post, hosting.url, data=call("Ada"), timeout=10)
        with pytest.raises(NotYet):
            held.result(1)
        hosting.replace(saying("Fixed"))
        answer = held.result(5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert b"Fixed" in answer.content
    assert (hosting.waiting, hosting.error) == (0, "")


def test_a_function_that_is_bound_anew_is_called_next(hosting):
    functions = saying("")
    hosting.replace(functions)
    with ThreadPoolExecutor() as pool:
        for _ in range(PROMPT_FAILURES):
            requests.post(hosting.url, data=call("Ada"), timeout=10)
        held = pool.submit(requests.post, hosting.url, data=call("Ada"), timeout=10)
        functions.functions.update(saying("Again").functions)
        assert b"Again" in held.result(5).content


@pytest.mark.parametrize("line", ["while True: pass", "time.sleep(600)"])
def test_a_function_that_does_not_return_is_told_and_the_next_one_takes_over(
    hosting, line, eventually
):
    functions = StatefulFunctions()
    names = {"time": time, "functions": functions, "GreetRequest": GreetRequest}
    cell = f"""@functions.bind("example/greeter")
def greet(context, greet_request: GreetRequest):
    {line}
"""
    linecache.cache["cell"] = len(cell), None, cell.splitlines(True), "cell"
    exec(compile(cell, "cell", "exec"), names)
    hosting.replace(functions)
    with ThreadPoolExecutor() as pool:
        held = [
            pool.submit(requests.post, hosting.url, data=call(name), timeout=30)
            for name in ("Ada", "Bob")
        ]
        eventually(lambda: hosting.running, 10)
        assert f'File "cell", line 3: {line}' in hosting.summary
        assert hosting.summary.endswith("Fix it and run its cell again; nothing is lost.")
        assert hosting.trouble == hosting.running
        hosting.replace(saying("Fixed"))
        assert [b"Fixed" in one.result(10).content for one in held] == [True, True]
    assert (hosting.running, hosting.failures, hosting.invocations) == ("", 0, 2)


def test_what_happens_while_its_cell_is_being_shown_is_shown_too(hosting, monkeypatch, eventually):
    """A held call goes through in a moment; on a busy machine, showing the cell takes longer."""
    shown = []

    class Handle:
        def update(self, page, raw):
            shown.append(page["text/plain"])

    def slow_display(page, **_):
        requests.post(hosting.url, data=call("Ada"), timeout=10)
        shown.append(page["text/plain"])
        return Handle()

    monkeypatch.setattr("IPython.display.display", slow_display)
    HostingView(hosting)
    eventually(lambda: shown[-1] == "example/greeter: your functions, 1 calls\ncalled for Ada", 10)
    assert shown[0] == "example/greeter: your functions, 0 calls\n"


def test_closing_hangs_up_on_a_held_call(hosting):
    hosting.replace(saying(""))
    with ThreadPoolExecutor() as pool:
        for _ in range(PROMPT_FAILURES):
            requests.post(hosting.url, data=call("Ada"), timeout=10)
        held = pool.submit(requests.post, hosting.url, data=call("Ada"), timeout=10)
        with pytest.raises(NotYet):
            held.result(0.5)
        hosting.close()
        # Python's client takes an unfinished head for a whole one; the engine's does not.
        assert "Content-Length" not in held.result(5).headers


def test_an_oversized_body_is_refused_unread(hosting):
    refused = requests.post(
        hosting.url,
        data=iter([b"x"]),
        headers={"Content-Length": f"{LARGEST_BODY + 1}"},
        timeout=10,
    )
    assert refused.status_code == 413


# --------------------------------------------------------------------- with the engine


def test_functions_that_lack_a_type_are_refused():
    with pytest.raises(StackError, match="call example/greeter, which your functions do not bind"):
        Stack("none").host(StatefulFunctions())


def test_without_a_stack_it_is_a_clear_error():
    with pytest.raises(StackError, match="does not use stack none"):
        Stack("none").host(saying("Hi"))


@pytest.fixture(scope="module")
def own(stacks, runs):
    stack = Stack("hosts")
    stack.up(progress=Progress())
    yield stack
    stack.down(forget=True)


def greetings(stack, *names):
    return [greeting.greeting for greeting in stack.greet(*names)]


def test_the_engine_calls_this_process_until_it_gives_the_place_back(own):
    assert greetings(own, "Ada") == ["Welcome Ada"]
    for text in ("One", "Two", "Three"):
        with own.host(saying(text)) as hosting:
            assert own.status().host == os.getpid()
            assert greetings(own, "Ada") == [text]
            own.host(saying("Again"))
            assert greetings(own, "Ada") == ["Again"]
            assert "called for Ada" in hosting.text
    assert greetings(own, "Ada") == ["Nice to see you again Ada"]
    assert own.status().host is None
    assert own.status().part("greeter").restarts == 0


def test_names_wait_for_a_mended_function_and_none_is_lost(own, eventually):
    with ThreadPoolExecutor() as pool, own.host(saying("")) as hosting:
        waiting = pool.submit(greetings, own, *"abcdef")
        eventually(lambda: hosting.waiting == 6 and hosting.failures > 30, 60)
        # Longer than the engine waits for a silent answer, which is 10 s.
        with pytest.raises(NotYet):
            waiting.result(12)
        own.host(saying("Fixed"))
        assert waiting.result(5) == ["Fixed"] * 6
    assert own.status().part("job").restarts == 0


def test_names_that_wait_are_greeted_by_the_greeter_once_it_is_back(own, eventually):
    with ThreadPoolExecutor() as pool:
        with own.host(saying("")) as hosting:
            waiting = pool.submit(greetings, own, "Edsger")
            eventually(lambda: hosting.failures > PROMPT_FAILURES, 60)
        assert waiting.result(60) == ["Welcome Edsger"]


def test_greetings_that_do_not_come_tell_what_the_function_raised(own):
    with own.host(saying("")) as hosting:
        with pytest.raises(StackError) as told:
            own.greet("Margaret", timeout=5)
        assert hosting.error in str(told.value)
        assert "Fix it and run its cell again" in str(told.value)
        assert "log of taskmanager" not in str(told.value)


HOSTS = """
import sys, time
from tests.stack.test_hosting import Stack, saying
Stack("hosts").up()
try:
    Stack("hosts").host(saying("Hi"))
except Exception as error:
    print(error, flush=True)
    sys.exit(3)
print("hosts", flush=True)
time.sleep(600)
"""


def test_the_greeter_comes_back_when_the_hosting_process_is_killed(own, eventually):
    command = [sys.executable, "-c", HOSTS]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = []
        while "hosts\n" not in lines:
            lines.append(other.stdout.readline())
            assert lines[-1], "".join(lines)
        with pytest.raises(
            StackError, match=f"Process {other.pid} already serves in the greeter's place"
        ):
            own.host(saying("Mine"))
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    eventually(lambda: own.status().part("greeter").pid is not None, 60)
    assert greetings(own, "Grace") == ["Welcome Grace"]
    assert not [c for c in psutil.Process().children() if c.pid == other.pid]


CELLS = [
    """
from workshop.stack import Stack
from tests.stack.test_hosting import saying
stack = Stack()
stack.up()
""",
    "hosting = stack.host(saying('Hi'))",
    "print(stack.greet('Ada', 'Ada')[1].greeting)",
    "stack.host(saying('Again'));",
    "print(stack.greet('Ada')[0].greeting)",
    "hosting.close(); import time; time.sleep(0.5)",
]


def test_what_functions_print_lands_under_the_cell_that_hosts(
    stacks, kernels, tmp_path, monkeypatch
):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)  # For "tests" in the kernel.
    made = notebook(tmp_path, *CELLS)
    run_notebooks([made], output=tmp_path / "out")
    cells = nbformat.read(tmp_path / "out" / made.name, as_version=4).cells
    plain = ["".join(o.get("text") or o.data["text/plain"] for o in cell.outputs) for cell in cells]
    assert plain[1].count("called for Ada") == 2
    assert plain[2] == "Hi\n"
    assert plain[3].count("called for Ada") == 1
    assert plain[4] == "Again\n"
    assert "given back to the greeter after" in plain[3]
