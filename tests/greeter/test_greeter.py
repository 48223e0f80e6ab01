"""The greeter behind its endpoint: request bytes in, response bytes or the right status out."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from werkzeug.test import Client

from greeter import greeter
from greeter.key import VARIABLE, Locked, load
from greeter.messages_pb2 import GreetResponse
from tests.greeter.calls import a_call, post, seen_in


def greetings_of(result) -> list[tuple[str, str, GreetResponse]]:
    out = []
    for egress in result.outgoing_egresses:
        assert (egress.egress_namespace, egress.egress_type) == ("example", "greets")
        record = KafkaProducerRecord()
        assert egress.argument.Unpack(record)
        response = GreetResponse()
        response.ParseFromString(record.value_bytes)
        out.append((record.topic, record.key, response))
    return out


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (1, "Welcome Ada"),
        (2, "Nice to see you again Ada"),
        (3, "Third time is a charm Ada"),
        (4, "Nice to see you at the 4-nth time Ada!"),
        (1000, "Nice to see you at the 1000-nth time Ada!"),
    ],
)
def test_greeting_texts(seen, text):
    assert greeter.compute_greeting("Ada", seen) == GreetResponse(name="Ada", greeting=text)


def test_first_visit(client):
    result = post(client, a_call("Ada"))
    expected = GreetResponse(name="Ada", greeting="Welcome Ada")
    assert greetings_of(result) == [("greetings", "Ada", expected)]
    assert seen_in(result) == 1


def test_a_batch_goes_on_counting(client):
    result = post(client, a_call("Ada", "Ada", "Ada", seen=2))
    assert [response.greeting for _, _, response in greetings_of(result)] == [
        "Third time is a charm Ada",
        "Nice to see you at the 4-nth time Ada!",
        "Nice to see you at the 5-nth time Ada!",
    ]
    assert seen_in(result) == 5


@given(name=st.text(min_size=1).filter(lambda text: "%" not in text), seen=st.integers(0, 2**40))
def test_any_name_is_greeted_as_it_is(name, seen):
    result = post(greeter.app.test_client(), a_call(name, seen=seen))
    ((_, key, response),) = greetings_of(result)
    assert key == response.name == name
    assert name in response.greeting
    assert seen_in(result) == seen + 1


def test_percent_signs_are_part_of_a_name(client):
    ((_, _, response),) = greetings_of(post(client, a_call("100%s %d")))
    assert response.greeting == "Welcome 100%s %d"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xff\xff",
        b"hello",
        b"",
        b"\x0a\x03Ada",
        # Ends in the middle of the message.
        a_call("Ada").SerializeToString()[:-2],
    ],
)
def test_a_body_that_is_no_request_message_is_400(client, body, caplog):
    answer = client.post("/statefun", data=body)
    assert answer.status_code == 400
    assert answer.text.startswith("The body is not a StateFun request message")
    assert answer.text.count("\n") == 1
    assert not caplog.records


def test_an_unknown_function_is_404(client, caplog):
    answer = client.post("/statefun", data=a_call("Ada", function="stranger").SerializeToString())
    assert answer.status_code == 404
    assert answer.text == "No function is bound to example/stranger\n"
    assert not caplog.records


def test_a_bug_in_the_function_is_500_with_its_traceback_in_the_log(client, caplog, monkeypatch):
    def broken(name, seen):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(greeter, "compute_greeting", broken)
    with caplog.at_level(logging.ERROR):
        answer = client.post("/statefun", data=a_call("Ada").SerializeToString())
    assert answer.status_code == 500
    assert "planted" in caplog.text
    assert "Traceback" in caplog.text


def test_health(client):
    assert client.get("/health").status_code == 200


def test_only_posts_are_served(client):
    assert client.get("/statefun").status_code == 405


@pytest.mark.parametrize(
    "query", ["", "key=", "key=s3cre", "key=s3crets", "key=s3cret&a=b", "s3cret"]
)
def test_without_the_key_there_is_no_answer(query):
    client = Client(Locked(greeter.app, "s3cret"))
    body = a_call("Ada").SerializeToString()
    assert client.post(f"/statefun?{query}", data=body).status_code == 403
    assert client.get(f"/health?{query}").status_code == 200
    assert client.post("/statefun?a=b&key=s3cret", data=body).status_code == 200
    assert client.get("/nowhere?key=s3cret").status_code == 404


def test_the_application_is_locked_where_a_key_is_set(monkeypatch):
    assert load("greeter.greeter:app") is greeter.app
    monkeypatch.setenv(VARIABLE, "s3cret")
    assert isinstance(load("greeter.greeter:app"), Locked)
