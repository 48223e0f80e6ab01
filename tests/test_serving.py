"""Serving from the kernel: again, closed, on a taken port, and with errors that show."""

import json
import logging
import re
import socket
import sys
import threading
import time

import pytest
import requests
from flask import Flask, request
from flask.logging import default_handler

import workshop.serving
from tests.made import notebook, printed
from workshop.errors import WorkshopError
from workshop.series.runner import run_notebooks
from workshop.serving import running, serve


def app(answer="here", status=200):
    made = Flask(f"{__name__}.{answer}")

    @made.post("/echo")
    def echo():
        return request.data[::-1]

    @made.get("/")
    def say():
        return answer, status

    return made


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    for server in list(workshop.serving._servers.values()):
        server.close()
    assert not [t for t in threading.enumerate() if t.name.startswith(("serving", "request"))]


def get(server) -> str:
    return requests.get(server.url, timeout=10).text


def test_serves_on_a_free_port_of_loopback_and_ends():
    with serve(app()) as server:
        assert server.url == f"http://127.0.0.1:{server.port}" and server.open
        assert repr(server) == f"functions: {server.url}"
        assert get(server) == "here"
        body = bytes(range(256)) * 100
        assert requests.post(f"{server.url}/echo", body, timeout=10).content == body[::-1]
    assert not server.open and repr(server) == "functions: closed"
    server.close()
    with pytest.raises(requests.ConnectionError):
        get(server)


def test_serving_again_takes_the_place_and_the_port():
    first = serve(app("first"))
    second = serve(app("second"))
    assert not first.open and second.port == first.port and get(second) == "second"
    first.close()
    assert get(second) == "second"
    other = serve(app("other"), name="other")
    assert other.port != second.port and get(second) == "second"
    third = serve(app("third"), port=other.port)
    assert not other.open and not second.open and get(third) == "third"
    assert serve(app(), port=third.port).open and not third.open


def test_the_former_port_may_be_gone():
    first = serve(app("first"))
    with first:
        pass
    workshop.serving._servers["functions"] = first
    with socket.create_server(("127.0.0.1", first.port)):
        second = serve(app("second"))
        assert second.port != first.port and get(second) == "second"


def test_a_taken_port_is_one_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WorkshopError, match=f"port {port} of 127.0.0.1.*\n.*leave out"):
            serve(app(), port=port)
    assert serve(app(), port=port).port == port


def test_an_error_in_a_request_shows_its_traceback_and_the_server_goes_on(capsys):
    def plain(environ, start_response):
        if environ["PATH_INFO"] == "/bad":
            raise ValueError("planted")
        start_response("200 OK", [])
        return [b"good"]

    server = serve(plain)
    assert requests.get(f"{server.url}/bad", timeout=10).status_code == 500
    shown = capsys.readouterr()
    assert "Traceback" in shown.err and "ValueError: planted" in shown.err and not shown.out
    assert get(server) == "good"
    assert not any(capsys.readouterr())

    made = app("flask")
    made.logger.handlers = [logging.StreamHandler(sys.stderr)]
    made.add_url_rule("/bad", "bad", lambda: 1 / 0)
    server = serve(made)
    assert requests.get(f"{server.url}/bad", timeout=10).status_code == 500
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_traceback_shows_the_application_and_what_raised_and_nothing_in_between(capsys):
    made = app("flask")
    made.logger.handlers = [default_handler]
    made.add_url_rule("/bad", "bad", lambda: json.loads("no JSON"))
    assert requests.get(f"{serve(made).url}/bad", timeout=10).status_code == 500
    files = re.findall(r'File "(.+)", line', capsys.readouterr().err)
    assert files[0] == __file__ and files[-1] == json.decoder.__file__
    assert not any("flask" in file for file in files)


def test_requests_are_answered_side_by_side_and_before_it_closes():
    both = threading.Barrier(2, timeout=10)

    def wait(environ, start_response):
        both.wait()
        time.sleep(0.2)
        start_response("200 OK", [])
        return [b"waited"]

    server = serve(wait)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(get(server))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(server._http._requests) < 2:
        time.sleep(0.01)
    server.close()
    for thread in threads:
        thread.join()
    assert answers == ["waited", "waited"]


def test_an_idle_connection_does_not_keep_it_open():
    server = serve(app())
    with socket.create_connection(("127.0.0.1", server.port)):
        while not server._http._requests:
            time.sleep(0.01)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < workshop.serving.CLOSE_SECONDS


def test_what_a_function_prints_and_raises_is_seen_under_the_cell_that_asks(kernels, tmp_path):
    made = notebook(
        tmp_path,
        "import requests; from flask import Flask; from workshop.serving import serve\n"
        "app = Flask(__name__)\n"
        "@app.get('/<word>')\n"
        "def say(word): print(f'said {word}'); return str(1 / len(word.strip('x')))",
        "server = serve(app)",
        "requests.get(f'{server.url}/a')",
        "server = serve(app); print(requests.get(f'{server.url}/x').status_code)",
    )
    run_notebooks([made], output=tmp_path / "out")
    copy = tmp_path / "out" / made.name
    assert "said a\n" in printed(copy)
    for text in ("said x", "500", "ZeroDivisionError: division by zero"):
        assert text in printed(copy).partition("said a")[2]


def test_a_program_that_serves_is_run_and_ended():
    program = 'from greeter.greeter import app\nif __name__ == "__main__":\n    app.run(port=0)'
    with running(program) as line:
        address = line.split()[-1]
        assert requests.post(f"{address}/statefun", b"hello", timeout=10).status_code == 400
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=10)


def test_a_program_that_serves_nothing_is_an_error_with_what_it_said():
    with pytest.raises(WorkshopError, match=r"(?s)served nothing.*NameError"), running("nothing"):
        pass
