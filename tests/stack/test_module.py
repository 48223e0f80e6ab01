"""The module definition: as specified, and rendered for a local run by its addresses alone."""

import pytest
import yaml

from workshop.errors import WorkshopError
from workshop.paths import MODULE
from workshop.stack.module import difference, endpoint_key, ingress_topics, render


def spec(text: str) -> dict:
    return yaml.safe_load(text)["module"]["spec"]


def test_the_module_is_the_specified_one_with_a_start_position_and_a_short_backoff():
    module = yaml.safe_load(MODULE.read_text())
    assert module["version"] == "1.0"
    assert module["module"]["meta"] == {"type": "remote"}
    (function,) = (entry["function"] for entry in module["module"]["spec"]["functions"])
    assert function == {
        "meta": {"kind": "http", "type": "example/greeter"},
        "spec": {
            "endpoint": "http://python-worker:8000/statefun",
            "states": ["seen_count"],
            "maxNumBatchRequests": 500,
            "timeout": "2min",
        },
    }
    (ingress,) = (entry["ingress"] for entry in module["module"]["spec"]["ingresses"])
    assert ingress == {
        "meta": {"type": "statefun.kafka.io/routable-protobuf-ingress", "id": "example/names"},
        "spec": {
            "address": "kafka-broker:9092",
            "consumerGroupId": "my-group-id",
            "startupPosition": {"type": "earliest"},
            "topics": [
                {
                    "topic": "names",
                    "typeUrl": "com.googleapis/example.GreetRequest",
                    "targets": ["example/greeter"],
                }
            ],
        },
    }
    (egress,) = (entry["egress"] for entry in module["module"]["spec"]["egresses"])
    assert egress == {
        "meta": {"type": "statefun.kafka.io/generic-egress", "id": "example/greets"},
        "spec": {
            "address": "kafka-broker:9092",
            "deliverySemantic": {"type": "exactly-once", "transactionTimeoutMillis": 100000},
            "properties": [{"retry.backoff.ms": "10"}],
        },
    }


def test_only_addresses_are_replaced():
    rendered = render(MODULE, "127.0.0.1:1", "127.0.0.1:2")
    back = rendered.replace("127.0.0.1:1", "kafka-broker:9092")
    back = back.replace("127.0.0.1:2", "python-worker:8000")
    assert yaml.safe_load(back) == yaml.safe_load(MODULE.read_text())
    assert spec(rendered)["functions"][0]["function"]["spec"]["endpoint"] == (
        "http://127.0.0.1:2/statefun"
    )


def test_the_difference_names_each_address():
    lines = difference(MODULE, render(MODULE, "127.0.0.1:1", "127.0.0.1:2")).splitlines()
    assert [line.split() for line in lines if line[0] == "+" and line[1] != "+"] == [
        ["+", "endpoint:", "http://127.0.0.1:2/statefun"],
        ["+", "address:", "127.0.0.1:1"],
        ["+", "address:", "127.0.0.1:1"],
    ]


@pytest.mark.parametrize("query", ["", "?a=b"])
def test_the_key_of_the_endpoint_is_told_to_the_engine_alone(tmp_path, query):
    source, rendered = tmp_path / "module.yaml", tmp_path / "rendered.yaml"
    source.write_text(MODULE.read_text().replace("/statefun", f"/statefun{query}"))
    rendered.write_text(render(source, "127.0.0.1:1", "127.0.0.1:2", "s3-cr_et"))
    endpoint = spec(rendered.read_text())["functions"][0]["function"]["spec"]["endpoint"]
    assert endpoint == f"http://127.0.0.1:2/statefun{query}{'&' if query else '?'}key=s3-cr_et"
    assert endpoint_key(rendered) == "s3-cr_et"
    shown = difference(source, rendered.read_text(), endpoint_key(rendered))
    assert "s3-cr_et" not in shown
    assert f"{'&' if query else '?'}key=…" in shown
    assert endpoint_key(source) == query.removeprefix("?")


def test_topics():
    assert ingress_topics(MODULE) == ["names"]


@pytest.mark.parametrize("text", ["", "module: 3", "a: [", "version: '1.0'"])
def test_what_is_no_module(tmp_path, text):
    broken = tmp_path / "module.yaml"
    broken.write_text(text)
    with pytest.raises(WorkshopError, match="is no module definition"):
        render(broken, "a:1", "b:2")


def test_no_file(tmp_path):
    with pytest.raises(WorkshopError, match="is no module definition"):
        render(tmp_path / "none.yaml", "a:1", "b:2")
