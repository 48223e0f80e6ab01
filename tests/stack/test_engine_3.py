"""An engine of 3.x: the same promises, on its own greeter; and what tells the versions apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests
from kafka import KafkaProducer
from statefun import StatefulFunctions

from generator.broker import connect
from generator.dead_letters import DeadLetterReader
from greeter.messages_pb2 import GreetRequest
from tests.processes import files_with, mapped_archives, modes_below, workshop
from tests.strangers import java_ports, nothing_achieved, plan, running_job, tried_by_a_stranger
from workshop.children import environment
from workshop.paths import MODULE, ROOT
from workshop.stack import STATEFUN_3, Stack, StackError
from workshop.stack.java.engine import ENGINES, Engine, engine_of
from workshop.stack.java.jars import jars_of
from workshop.stack.local import owner
from workshop.stack.module import endpoint_key
from workshop.stack.preflight import NotReady, check_before_start
from workshop.stack.view import Progress

QUIET = Progress()
UNBOUND = """
from statefun import RequestReplyHandler, StatefulFunctions
from greeter3.web import Endpoint
functions = StatefulFunctions()
@functions.bind("example/another")
async def another(context, message): ...
app = Endpoint(RequestReplyHandler(functions))
"""


@pytest.fixture(scope="module")
def stack3(stacks, runs):
    """A stack of 3.x that is up."""
    stack = Stack("three", engine=STATEFUN_3)
    stack.up(progress=QUIET)
    yield stack
    stack.down(forget=True)


def texts(greetings):
    return [greeting.greeting for greeting in greetings]


def test_it_greets_and_tells_its_version(stack3):
    assert texts(stack3.greet("Ada", "Ada", "Grace")) == [
        "Welcome Ada",
        "Nice to see you again Ada",
        "Welcome Grace",
    ]
    assert stack3.status().engine == "3.3.0"
    assert str(stack3.status()).startswith("Stack three (StateFun 3.3.0): ready, ")
    changed = stack3.module_difference().splitlines()
    assert [line.split(":")[0].split()[-1] for line in changed if line[:2] == "+ "] == [
        "urlPathTemplate",
        *["address"] * 2,
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is mapped")
def test_every_java_process_maps_its_archive(stack3):
    assert mapped_archives(stack3) == {"broker": [{"broker"}], "engine": [{"engine3"}] * 2}


@pytest.mark.skipif(not owner.keeps_others_out(), reason="this system does not tell whose it is")
def test_only_its_owner_reaches_it(stack3):
    ports = java_ports(stack3)
    assert len(ports) >= 9
    for port in ports:
        owner.prove(port)
    if os.getuid() == 0:  # Only root can act as another user.
        job = running_job(stack3)
        nothing_achieved(tried_by_a_stranger(plan(stack3, run=True)))
        assert running_job(stack3) == job
    headers = {"Origin": "http://evil.example"}
    answer = requests.get(f"{stack3.flink_url}/jars", headers=headers, timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == stack3.flink_url
    assert answer.json()["files"] == []
    modes = modes_below(stack3.folder.path)
    assert {path for path, mode in modes.items() if mode & 0o077} == set()


def test_junk_is_a_dead_letter_and_poison_is_named_and_stepped_over(stack3, eventually):
    with connect(KafkaProducer, stack3.bootstrap) as raw:
        with DeadLetterReader(stack3.bootstrap) as letters:
            raw.send("names", key=b"Alan", value=b"\xff\xff").get(30)
            letter = letters.next()
        assert (letter.key, letter.reason) == (
            "Alan",
            "its bytes are not a valid example.GreetRequest",
        )
        for value in (GreetRequest(name="Alan").SerializeToString(), None):
            key = None if value else b"Alan"
            sent = raw.send("names", key=key, value=value).get(30)
            eventually(lambda: stack3.skip(dry_run=True) is not None, 60, stack3.status)
            assert stack3.skip().offset == sent.offset
    assert texts(stack3.greet("Alan")) == ["Welcome Alan"]


def test_its_key_is_in_the_module_alone(stack3):
    key = endpoint_key(stack3.folder.conf / "module.yaml")
    greeter = stack3.status().part("greeter").address
    assert requests.post(greeter, data=b"", timeout=10).status_code == 403
    assert files_with(key, stack3.folder.path) == {"conf/module.yaml"}


def test_another_version_is_refused_in_a_sentence_running_or_not(stack3, name):
    with pytest.raises(StackError, match=r"is already up, and runs StateFun 3.3.0, not 2.2.2"):
        Stack("three").up(progress=QUIET)
    folder = Stack(name, engine=STATEFUN_3).folder
    folder.make()  # As a stack of 2.2 left it, also before there was another version.
    with pytest.raises(StackError, match="StateFun 2.2.2 remembers.*3.3.0 cannot.*\n.*--forget"):
        Stack(name, engine=STATEFUN_3).up(progress=QUIET)
    folder.engine.write_text("3.3.0")
    done = workshop("up", "--name", name)
    assert (done.returncode, done.stderr.count("StateFun 3.3.0 remembers")) == (1, 1)
    done = workshop("status", "--name", name)
    assert done.stdout.startswith(f"Stack {name} (StateFun 3.3.0): down")


def test_functions_of_the_other_sdk_are_refused(stack3):
    functions = StatefulFunctions()
    functions.bind("example/greeter")(lambda context, message: None)
    with pytest.raises(
        StackError, match=r"are of StateFun 2.x, and the engine is of 3.x.\n.*kernel"
    ):
        stack3.host(functions)


def test_a_stop_and_a_start_lose_nothing(stack3):
    assert texts(stack3.greet("Edsger")) == ["Welcome Edsger"]
    stack3.down()
    stack3.up(progress=QUIET)
    assert texts(stack3.greet("Edsger")) == ["Nice to see you again Edsger"]


def test_a_function_that_nobody_serves_fails_the_start(name, tmp_path):
    (tmp_path / "unbound.py").write_text(UNBOUND)
    stack = Stack(name, application="unbound:app", python_path=tmp_path, engine=STATEFUN_3)
    with pytest.raises(StackError, match="has no example/greeter: No function is bound"):
        stack.up(progress=QUIET)


# ------------------------------------------------------------------- without a stack


def test_a_module_of_the_other_format_is_refused(name):
    with pytest.raises(StackError, match=r"of StateFun 2.x, and StateFun 3.3.0 reads"):
        Stack(name, module=MODULE, engine=STATEFUN_3).up(progress=QUIET)
    with pytest.raises(StackError, match=r"of StateFun 3.x, and StateFun 2.2.2 reads"):
        Stack(name, module=STATEFUN_3.module).up(progress=QUIET)


def test_an_sdk_that_is_missing_is_told(tmp_path):
    lacking = Engine(**{**vars(STATEFUN_3), "sdk": tmp_path})
    with pytest.raises(NotReady, match="SDK of StateFun 3.3.0 is not in .*\n.*make setup"):
        check_before_start(lacking)


def test_each_engine_is_found_by_its_version():
    assert [engine_of(one.version) for one in ENGINES.values()] == [*ENGINES.values()]
    for engine in ENGINES.values():
        coordinates = [jar.coordinate for jar in jars_of(engine.jar_set)]
        assert f"org.apache.flink:statefun-flink-distribution:{engine.version}" in coordinates


# ------------------------------------------------- a notebook's functions, of 3.x

HOSTED = """
import asyncio, json, sys
from concurrent.futures import ThreadPoolExecutor
import requests
from statefun import StatefulFunctions
from statefun.request_reply_pb2 import FromFunction, ToFunction
from workshop.stack.hosting import Hosting
from workshop.stack.local.services import Ports

functions, met = StatefulFunctions(), {}

@functions.bind("example/greeter")
async def greet(context, message):
    print("called for", context.address.id)
    if context.address.id == "leaver":
        sys.exit("a broken edit")
    mine, others = (met.setdefault(one, asyncio.Event()) for one in (context.address.id, "Grace"))
    mine.set()
    await others.wait()

def call(name):
    request = ToFunction()
    target = request.invocation.target
    target.namespace, target.type, target.id = "example", "greeter", name
    request.invocation.invocations.add().argument.typename = "a/b"
    url = f"http://127.0.0.1:{port}/statefun"
    return requests.post(url, data=request.SerializeToString(), timeout=60).status_code

port = Ports.choose().greeter
with Hosting(functions, port, lambda: None) as hosting, ThreadPoolExecutor() as pool:
    left = call("leaver")
    told = hosting.error
    # Ada's call waits for Grace's: they are worked on at the same time.
    both = list(pool.map(call, ("Ada", "Grace")))
    print(json.dumps([left, told, both, hosting.types, hosting.text]), file=sys.__stdout__)
"""


def test_hosted_functions_wait_for_one_another_and_none_ends_the_others():
    env = environment(more={"PYTHONPATH": os.pathsep.join([str(STATEFUN_3.sdk), str(ROOT)])})
    done = subprocess.run(
        [sys.executable, "-c", HOSTED], capture_output=True, text=True, timeout=240, env=env
    )
    assert done.returncode == 0, done.stderr
    left, told, both, types, text = json.loads(done.stdout)
    assert (left, both, types) == (500, [200, 200], ["example/greeter"])
    assert "a broken edit" in told
    assert {f"called for {one}" for one in ("leaver", "Ada", "Grace")} <= set(text.splitlines())
