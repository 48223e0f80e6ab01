"""The greeter of 3.x behind its endpoint, served as it is deployed."""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import time

import pytest
import requests
import yaml

from greeter.greeter import compute_greeting
from greeter.key import VARIABLE, key_ending
from greeter.limits import LARGEST_BODY, LARGEST_NAME, LARGEST_RECORD
from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from tests.greeter.junk import JUNK
from tests.greeter3.calls import TYPE, FromFunction, a_call, add, seen_in, sorted_out
from workshop.children import environment, own_module
from workshop.stack.java.engine import STATEFUN_3

KEY = "s3-cr_et"
FUNCTIONS = """
from statefun import RequestReplyHandler, StatefulFunctions
from greeter3.web import Endpoint
functions = StatefulFunctions()
@functions.bind("example/greeter")
async def greet(context, message):
    raise UnicodeDecodeError("utf-8", b"", 0, 1, "planted")
app = Endpoint(RequestReplyHandler(functions))
"""


@contextlib.contextmanager
def served(log, *options: str):
    """The address of a greeter that is served by a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more = {"PYTHONPATH": str(STATEFUN_3.sdk), VARIABLE: KEY}
    command = own_module("greeter3", "--host", "127.0.0.1", "--port", f"{port}", *options)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=environment(more=more), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    assert requests.get(f"{url}/health", timeout=5).text == "ok\n"
                    break
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield f"{url}/statefun?{key_ending(KEY)}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with served(tmp_path_factory.mktemp("greeter3") / "log") as url:
        yield url


def post(url, call):
    answer = requests.post(url, data=call.SerializeToString(), timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    return FromFunction.FromString(answer.content).invocation_result


def test_a_batch_goes_on_counting_with_the_greetings_of_the_other_greeter(url):
    result = post(url, a_call("Ada", "Ada"))
    assert seen_in(result) == 2
    assert sorted_out(result) == (["Welcome Ada", "Nice to see you again Ada"], [])
    result = post(url, a_call("100%s %d", *["100%s %d"] * 3, seen=1))
    texts = [compute_greeting("100%s %d", seen).greeting for seen in (2, 3, 4, 5)]
    assert sorted_out(result) == (texts, [])


def test_a_state_that_the_engine_did_not_send_is_asked_for(url):
    call = a_call("Ada")
    del call.invocation.state[:]
    answer = requests.post(url, data=call.SerializeToString(), timeout=30)
    asked = FromFunction.FromString(answer.content).incomplete_invocation_context
    (missing,) = asked.missing_values
    assert (missing.state_name, missing.type_typename) == ("seen_count", f"{TYPE}SeenCount")


@pytest.mark.parametrize(("value", "reason"), JUNK.values(), ids=JUNK)
def test_junk_between_good_names(url, value, reason):
    call = a_call("Ada", seen=4)
    add(call, value)
    add(call, GreetRequest(name="Ada").SerializeToString())
    result = post(url, call)
    greetings, letters = sorted_out(result)
    assert greetings == [f"Nice to see you at the {n}-nth time Ada!" for n in (5, 6)]
    assert seen_in(result) == 6
    assert letters == [
        {
            "key": "Ada",
            "reason": reason,
            "function": "example/greeter",
            "id": "Ada",
            "type_url": f"{TYPE}GreetRequest",
            "size": len(value),
            "original": base64.b64encode(value).decode(),
        }
    ]


@pytest.mark.parametrize(
    ("typename", "told"), [(f"{TYPE}SeenCount", "example.SeenCount"), ("", "nothing")]
)
def test_a_message_of_another_type(url, typename, told):
    call = a_call("Ada")
    # The SDK would read it as a GreetRequest.
    add(call, GreetResponse(name="Ada", greeting="Welcome Ada").SerializeToString(), typename)
    greetings, (letter,) = sorted_out(post(url, call))
    assert greetings == ["Welcome Ada"]
    assert letter["reason"] == f"it says that it is {told}, which is not example.GreetRequest"


@pytest.mark.parametrize(("name", "good"), [("é" * (LARGEST_NAME // 2), True), ("é" * 9000, False)])
def test_the_limit_of_a_name_is_in_bytes(url, name, good):
    greetings, letters = sorted_out(post(url, a_call(name)))
    assert (len(greetings), len(letters)) == ((1, 0) if good else (0, 1))


def test_of_what_is_larger_than_any_record_the_beginning_is_kept(url):
    value = GreetRequest(name="y" * 2**20).SerializeToString()
    call = a_call()
    add(call, value)
    _, (letter,) = sorted_out(post(url, call))
    assert letter["size"] == len(value)
    assert base64.b64decode(letter["original"]) == value[:LARGEST_RECORD]


# -------------------------------------------------- what is not served, and who is not


@pytest.mark.parametrize(
    ("call", "status", "told"),
    [
        (b"\xff\xff\xff", 400, "The body is not a StateFun request message: "),
        (b"", 400, "The body is not a StateFun request message: it holds no invocation"),
        (
            a_call("Ada", function="other").SerializeToString(),
            404,
            "No function is bound to example/other",
        ),
    ],
)
def test_what_is_no_call_of_the_greeter_is_told(url, call, status, told):
    answer = requests.post(url, data=call, timeout=30)
    assert (answer.status_code, answer.text.startswith(told)) == (status, True)
    assert answer.text.count("\n") == 1


def test_a_count_of_another_type_is_500_and_not_forgotten(url):
    call = a_call("Ada", seen=3)
    call.invocation.state[0].state_value.typename = f"{TYPE}GreetRequest"
    assert requests.post(url, data=call.SerializeToString(), timeout=30).status_code == 500


def test_a_bug_is_500_and_in_the_log(tmp_path):
    (tmp_path / "planted.py").write_text(FUNCTIONS)
    log = tmp_path / "log"
    with served(log, "--application", "planted:app", "--folder", str(tmp_path)) as url:
        call = a_call("Ada").SerializeToString()
        assert requests.post(url, data=call, timeout=30).status_code == 500
    assert "planted" in log.read_text()


def test_who_does_not_know_the_key_is_refused(url):
    bare = url.partition("?")[0]
    for query in ("", "?key=", "?key=wrong", f"?{key_ending(KEY)}&key=wrong"):
        answer = requests.post(bare + query, data=a_call("Ada").SerializeToString(), timeout=30)
        assert (answer.status_code, KEY in answer.text) == (403, False)


def test_other_places_and_methods_are_refused(url):
    other = url.replace("/statefun", "/elsewhere")
    assert requests.get(url, timeout=30).status_code == 405
    assert requests.post(other, timeout=30).status_code == 404


def test_a_body_that_is_too_large_is_413(url):
    answer = requests.post(url, data=bytes(LARGEST_BODY + 1), timeout=60)
    assert answer.status_code == 413
    assert answer.text == f"The body is too large: {LARGEST_BODY} bytes are allowed\n"


def test_the_module_allows_what_the_endpoint_takes():
    endpoint, ingress, egress = yaml.safe_load_all(STATEFUN_3.module.read_text())
    spec = endpoint["spec"]
    assert spec["transport"]["payload_max_bytes"] == LARGEST_BODY
    # What waits for one address, as much as the module allows and as large as the topic allows.
    assert spec["maxNumBatchRequests"] * (LARGEST_RECORD + 1024) < LARGEST_BODY
    (topic,) = ingress["spec"]["topics"]
    assert topic["valueType"] == f"{TYPE}{GreetRequest.DESCRIPTOR.name}"
    assert egress["spec"]["deliverySemantic"]["type"] == "exactly-once"
    assert SeenCount.DESCRIPTOR.full_name == "example.SeenCount"
