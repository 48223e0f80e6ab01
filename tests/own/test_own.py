"""An application of one's own: made, tested as made, run, sent to, read from, and changed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.commands import said_to
from tests.own.shop_3 import ASGI, move
from tests.processes import workshop
from workshop.children import environment
from workshop.errors import WorkshopError
from workshop.own.application import FILE, Application
from workshop.own.new import TEMPLATE, make
from workshop.own.sound import found_in
from workshop.own.watch import Watching
from workshop.paths import ROOT
from workshop.stack import LEAN, STATEFUN_3


@pytest.fixture
def shop(tmp_path) -> Path:
    """A new application, in a folder with a space and an umlaut."""
    return make(tmp_path / "my shöp")


@pytest.fixture
def waiting_shop(shop) -> Path:
    """The same with functions that await something, served by ASGI."""
    file = shop / "shop" / "functions.py"
    text = file.read_text().partition("app = Flask")[0]
    text = re.sub(
        r'^def (.+\n    """.+)$', r"async def \1\n    await sleep(0.001)", text, flags=re.M
    )
    text = text.replace("import RequestReply", "import AsyncRequestReply")
    text = text.replace("from datetime", "from asyncio import sleep\nfrom datetime")
    served = "\nhandler = AsyncRequestReplyHandler(functions)\ncall = handler\n"
    file.write_text(text + served + ASGI)
    with (shop / FILE).open("a") as described:
        described.write("interface: asgi\n")
    return shop


# ------------------------------------------------------------------ without an engine


def test_a_new_one_is_made_where_nothing_is(tmp_path):
    done = said_to(["new", str(tmp_path / "mine")])
    assert (done.returncode, done.stderr) == (0, "")
    made = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*")}
    kept = {path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*")}
    kept = {path for path in kept if "cache" not in f"{path}"}
    assert made == kept | {Path(".env")}
    assert (tmp_path / "mine" / ".env").read_text() == f"WORKSHOP='{ROOT}'\n"
    again = said_to(["new", str(tmp_path / "mine")])
    assert again.returncode == 1
    assert "mine is not empty." in again.stderr


def test_its_tests_find_it_from_a_folder_that_is_far_away(tmp_path):
    file = make(tmp_path / "mine") / "tests" / "test_functions.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, cwd="/usr", env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_where_nothing_can_be_made_it_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    done = said_to(["new", str(tmp_path / "file" / "mine")])
    assert done.returncode == 1
    assert "cannot be made: Not a directory." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_generated_messages_are_those_of_the_proto_file(tmp_path):
    options = [f"--proto_path={TEMPLATE / 'protos'}", f"--python_out={tmp_path}"]
    command = [sys.executable, "-m", "protoc", *options, f"--pyi_out={tmp_path}", "shop.proto"]
    subprocess.run(command, check=True)
    for name in ("shop_pb2.py", "shop_pb2.pyi"):
        assert (tmp_path / name).read_text() == (TEMPLATE / "shop" / name).read_text()


def test_its_versions_are_ours():
    ours = (ROOT / "requirements.txt").read_text().splitlines()
    for line in (TEMPLATE / "requirements.txt").read_text().splitlines():
        assert line.startswith("#") or line in ours
    image = re.compile(r"^(?:ARG PYTHON=|FROM )(python:\S+)", re.MULTILINE)
    files = (TEMPLATE / "Dockerfile", ROOT / "Dockerfile")
    assert len({image.search(file.read_text())[1] for file in files}) == 1
    broker = re.compile(r"image: (apache/kafka\S+)")
    files = (TEMPLATE / "docker-compose.yml", ROOT / "docker-compose.yml")
    assert len({broker.search(file.read_text())[1] for file in files}) == 1


def test_its_stack_is_called_like_its_folder(shop, monkeypatch):
    monkeypatch.delenv("WORKSHOP_STACK", raising=False)
    assert Application(shop).name == Application(shop).stack().name == "my-sh-p"
    assert Application(shop).stack("other").name == "other"
    assert Application(ROOT).stack().name == "default"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("a: [", "cannot be read"),
        ("a: 1", "is to have application, messages, module, topics"),
        ("[]", "is to have application, messages, module, topics"),
        ("{application: a, module: b, messages: c, topics: [d]}", "a message for each topic"),
    ],
)
def test_what_is_wrong_with_its_file_is_told(shop, written, told):
    (shop / FILE).write_text(written)
    with pytest.raises(WorkshopError, match=re.escape(told)) as raised:
        Application(shop)
    assert "python -m workshop new" in raised.value.hint


def test_an_interface_that_nothing_serves_is_told(shop):
    with (shop / FILE).open("a") as described:
        described.write("interface: cgi\n")
    with pytest.raises(WorkshopError, match="has the interface 'cgi'") as raised:
        Application(shop)
    assert raised.value.hint.startswith("it is wsgi or asgi")


def test_functions_that_wait_are_checked_as_others_are(waiting_shop):
    assert found_in(Application(waiting_shop)).flaws == ()
    functions = waiting_shop / "shop" / "functions.py"
    functions.write_text(functions.read_text().replace("number += 1", "number += id(shipped) % 99"))
    (flaw,) = found_in(Application(waiting_shop)).flaws
    assert "answered a call differently" in flaw.what


def test_without_its_file_it_is_none(tmp_path):
    done = said_to(["status", "--project", str(tmp_path)])
    assert done.returncode == 1
    assert f"{tmp_path / FILE} cannot be read" in done.stderr


def test_what_a_topic_does_not_carry_is_told(shop):
    made = Application(shop)
    assert made.type_of("orders").DESCRIPTOR.full_name == "shop.Order"
    with pytest.raises(WorkshopError, match="no topic 'order'") as raised:
        made.type_of("order")
    assert raised.value.hint == "the topics are orders, deliveries, shipments."
    file = shop / FILE
    file.write_text(file.read_text().replace("shop.Delivery", "shop.Delivrey"))
    with pytest.raises(WorkshopError, match="no message shop.Delivrey") as raised:
        Application(shop).type_of("deliveries")
    assert "shop.Delivery" in raised.value.hint


def test_in_containers_it_has_its_own(shop):
    done = said_to(["up", "--project", str(shop), "--stack", "compose"])
    assert done.returncode == 1
    assert "An application of your own has containers of its own." in done.stderr


def test_the_module_says_which_engine_one_is_for(shop):
    move(shop, "wsgi")
    assert Application(shop).engine is STATEFUN_3
    (flaw,) = found_in(Application(shop)).flaws
    assert "is for StateFun 3.3.0, and functions are simulated as StateFun 2.2.2" in flaw.what
    refused = said_to(["up", "--project", str(shop), "--engine", "2"])
    assert refused.returncode == 1
    assert "module.yaml is for StateFun 3.3.0." in refused.stderr
    # Whoever only looks, or stops it, needs no module definition.
    (shop / "module.yaml").write_text("[")
    assert "my-sh-p: down" in said_to(["status", "--project", str(shop)]).stdout


# --------------------------------------------------------------- with the real engine


def test_its_own_tests_pass_as_it_is_made(stacks, shop, runs):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=shop,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert re.search(r"^6 passed", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_a_saved_file_restarts_it_and_nothing_is_lost(shop, name, eventually):
    def said(*arguments: str) -> str:
        done = workshop(*arguments, "--name", name, cwd=shop)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def order(item: str) -> None:
        said("send", "orders", "Ada", f'{{"item": "{item}"}}')

    log = shop / "watched"
    functions = shop / "shop" / "functions.py"
    as_made = functions.read_text()
    command = [sys.executable, "-m", "workshop", "up", "--watch", "--name", name]
    with log.open("w") as output:
        watching = subprocess.Popen(
            command, cwd=shop, stdout=output, stderr=output, env={**os.environ, "COLUMNS": "200"}
        )
    try:
        eventually(lambda: "Watching" in log.read_text(), 240, log.read_text)
        said("send", "deliveries", "tea", '{"amount": 5}')
        order("tea")
        eventually(lambda: '"number": 1' in said("read", "shipments"), 60)

        # A typo: what was there before goes on serving.
        functions.write_text(as_made + "def (")
        eventually(lambda: "What was there before goes on" in log.read_text(), 30, log.read_text)
        order("tea")
        eventually(lambda: '"number": 2' in said("read", "shipments"), 60)

        # It does not start: what is sent meanwhile waits.
        functions.write_text(as_made + "raise ValueError('not yet')")
        eventually(lambda: "not yet" in log.read_text(), 90, log.read_text)
        order("tea")
        functions.write_text(as_made.replace("number += 1", "number += 10"))
        eventually(lambda: "functions restarted in" in log.read_text(), 90, log.read_text)
        eventually(lambda: '"number": 12' in said("read", "shipments"), 90)

        (shop / "module.yaml").touch()
        eventually(lambda: "module.yaml changed: the engine" in log.read_text(), 30, log.read_text)
    finally:
        watching.send_signal(signal.SIGINT)
        watching.wait(30)
    assert watching.returncode == 0, log.read_text()
    shipped = said("read", "shipments").splitlines()
    assert [line.partition("number")[2] for line in shipped] == ['": 1}', '": 2}', '": 12}']
    assert shipped[0] == 'Ada\t{"customer": "Ada", "item": "tea", "number": 1}'
    assert "ready" in said("status")
    refused = workshop("send", "orders", "Ada", '{"itm": 1}', "--name", name, cwd=shop)
    assert refused.returncode == 1
    assert "its fields are item." in refused.stderr
    assert "is down" in said("down", "--forget")


def test_a_notebook_watches_its_files(stacks, shop, name):
    made = Application(shop)
    functions = shop / "shop" / "functions.py"
    as_made = functions.read_text()
    with (
        made.stack(name, LEAN) as stack,
        Watching(made, stack) as watching,
        made.read(stack.bootstrap, "shipments") as shipments,
    ):
        functions.write_text(as_made.replace("number += 1", "number += 10"))
        assert "functions.py changed: the functions restarted in" in watching.next()
        made.send(stack.bootstrap, "deliveries", "tea", '{"amount": 2}')
        made.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
        assert '"number": 10' in f"{shipments.next(60)}"
        functions.write_text(as_made + "raise ValueError('not yet')")
        told = watching.next()
        assert "the functions do not start." in told
        assert "ValueError: not yet" in told
        made.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
        functions.write_text(as_made)
        assert "the functions restarted in" in watching.next()
        assert '"number": 11' in f"{shipments.next(60)}"
        with pytest.raises(TimeoutError, match="No change"):
            watching.next(0.1)
    assert "workshop-watch" not in [one.name for one in threading.enumerate()]


def test_functions_that_wait_are_served_by_asgi(stacks, waiting_shop, name):
    shop = Application(waiting_shop)
    with shop.stack(name, LEAN) as stack, shop.read(stack.bootstrap, "shipments") as shipments:
        shop.send(stack.bootstrap, "deliveries", "tea", '{"amount": 2}')
        for number in (1, 2):
            shop.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
            assert f'"number": {number}' in f"{shipments.next(60)}"
            stack.kill("greeter")


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_one_for_3_runs_on_that(stacks, shop, name, interface):
    made = Application(move(shop, interface))
    with made.stack(name, LEAN) as stack, made.read(stack.bootstrap, "shipments") as shipments:
        assert stack.status().engine == STATEFUN_3.version
        made.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
        made.send(stack.bootstrap, "deliveries", "tea", '{"amount": 2}')
        assert '"number": 1' in f"{shipments.next(60)}"
        stack.kill("taskmanager")
        made.send(stack.bootstrap, "orders", "Ada", '{"item": "tea"}')
        assert '"number": 2' in f"{shipments.next(60)}"
