"""Serving as in a browser tab: without a socket, and yet found by who asks for the address."""

import urllib.error
import urllib.request

import pytest
import requests
from flask import Flask, request

from greeter import greeter
from greeter.messages_pb2 import GreetRequest, GreetResponse
from workshop.paths import MODULE
from workshop.serving_inside import led_inside, running, serve
from workshop.simulation import SimulatedRuntime


@pytest.fixture(autouse=True)
def inside():
    with led_inside():
        yield


def app(answer="here", status=200):
    made = Flask(f"{__name__}.{answer}")

    @made.post("/echo")
    def echo():
        return request.data[::-1]

    @made.get("/")
    def say():
        return answer, status

    @made.get("/bad")
    def bad():
        return 1 / 0

    return made


def test_a_request_gets_to_the_application_and_its_answer_back():
    with serve(app()) as server:
        assert repr(server) == f"functions: {server.url}" and server.open
        assert requests.get(server.url, timeout=10).text == "here"
        body = bytes(range(256))
        assert requests.post(f"{server.url}/echo", body, timeout=10).content == body[::-1]
        assert requests.get(f"{server.url}/nowhere", timeout=10).status_code == 404
        kind = {"Content-Type": "application/octet-stream"}
        asked = urllib.request.Request(f"{server.url}/echo", b"abc", kind)
        with urllib.request.urlopen(asked) as answer:
            assert answer.read() == b"cba" and answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server.url}/nowhere")
    assert not server.open and repr(server) == "functions: closed"
    server.close()
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(server.url, timeout=10)
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(server.url)


def test_serving_again_takes_the_place_and_the_port():
    first = serve(app("first"))
    with serve(app("second")) as second, serve(app("other"), name="other") as other:
        assert not first.open and second.port == first.port != other.port
        assert requests.get(second.url, timeout=10).text == "second"
        with serve(app("third"), port=other.port) as third:
            assert not other.open and not second.open
            assert requests.get(third.url, timeout=10).text == "third"


def test_an_error_in_the_application_is_a_500_and_shows_its_traceback(capfd):
    def plain(environ, start_response):
        raise ValueError("planted")

    with serve(plain) as server:
        assert requests.get(server.url, timeout=10).status_code == 500
    assert "ValueError: planted" in capfd.readouterr().err
    with serve(app("flask")) as server:
        assert requests.get(f"{server.url}/bad", timeout=10).status_code == 500


def test_a_program_that_serves_is_run_and_ended(capsys):
    program = 'from greeter.greeter import app\nif __name__ == "__main__":\n    app.run(port=0)'
    with running(program) as line:
        address = line.split()[-1]
        assert requests.post(f"{address}/statefun", b"hello", timeout=10).status_code == 400
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=10)
    assert "no second process" in capsys.readouterr().out


def test_the_simulated_engine_asks_what_is_served():
    with serve(greeter.app) as server:
        runtime = SimulatedRuntime(
            greeter.functions,
            MODULE,
            endpoint=f"{server.url}/statefun",
            topics={"greetings": GreetResponse},
        )
        runtime.send("names", "Ada", GreetRequest(name="Ada"))
        runtime.run()
        assert "Welcome Ada" in str(runtime.trace)
