"""Which partition a key goes to, and the picture of a topic."""

from types import SimpleNamespace

import pytest

from greeter.messages_pb2 import GreetResponse
from workshop.partitions import partition_of, spread


def record(key, value):
    return SimpleNamespace(key=key, value=value)


# Where the engine's Kafka client put greetings with these keys in a topic of three partitions.
@pytest.mark.parametrize(
    ("key", "partition"),
    [
        ("Ada", 0),
        ("Grace", 1),
        ("Alan", 0),
        ("Barbara", 1),
        ("Edsger", 0),
        ("ada", 2),
        ("Ωμέγα", 0),
    ],
)
def test_a_key_goes_where_the_engine_puts_it(key, partition):
    assert {partition_of(key, 3) for _ in range(5)} == {partition}


def test_without_a_key_any_partition_is_taken():
    assert {partition_of(None, 3) for _ in range(200)} == {0, 1, 2}


def test_the_order_of_a_key_is_kept():
    keys = ["Ada", "Grace", "Ada", "ada", "Grace", "Ada"]
    topic = spread([record(key, f"visit of {key}") for key in keys], 3)
    assert [[(p.offset, p.number, p.key) for p in part] for part in topic] == [
        [(0, 1, "Ada"), (1, 3, "Ada"), (2, 6, "Ada")],
        [(0, 2, "Grace"), (1, 5, "Grace")],
        [(0, 4, "ada")],
    ]
    assert topic.holding("Ada") == {0}
    assert topic.holding("nobody") == set()


def test_a_topic_shows_as_text_and_as_a_table():
    ada = record("Ada", GreetResponse(name="Ada", greeting="Hello <Ada>"))
    topic = spread([ada, ada], 2)
    assert repr(topic) == "partition 0: empty\npartition 1: [0] #1 Hello <Ada>, [1] #2 Hello <Ada>"
    table = topic._repr_html_()
    assert "Hello &lt;Ada&gt;" in table
    assert table.count("<td") == 4
    assert repr(spread([], 1)) == "partition 0: empty"
    assert "offset" not in spread([], 1)._repr_html_()
