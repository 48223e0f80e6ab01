"""Wrong answers to the exercises of lesson 14."""

from tests.exercises.wrong_answers import Wrong

_MADE = """
import tempfile
from pathlib import Path

from workshop.own.new import make

home = tempfile.TemporaryDirectory()
project = make(Path(home.name) / "shop")
"""

# Another module than that of the shop, and the same functions.
_OTHER = (
    _MADE
    + """
module = project / "module.yaml"
module.write_text(module.read_text() + "# mine")
functions = project / "shop" / "functions.py"
text = functions.read_text()
"""
)

_NOTICE = """
def notice(shop, Order, Delivery):
    shop.send("deliveries", "tea", Delivery(amount=1))
    shop.send("orders", "Ada", Order(item="tea"))
    shop.run()
"""


def _key(expression: str) -> str:
    return f"def key(request):\n    return {expression}\n"


def _changed(old: str, new: str) -> str:
    return f"{_OTHER}assert {old!r} in text\nfunctions.write_text(text.replace({old!r}, {new!r}))\n"


WRONG = [
    Wrong("14.1", "the customer", _key("request['customer']"), "leave the customer out"),
    Wrong("14.1", "all of it", _key("str(request)"), "leave the customer out"),
    Wrong("14.1", "the show alone", _key("request['show']"), "would get the only seat"),
    Wrong("14.1", "the seat alone", _key("request['seat']"), "every show has its own seat F7"),
    Wrong(
        "14.1",
        "nothing between",
        _key("request['show'] + request['seat']"),
        "put something between the two",
    ),
    Wrong(
        "14.1",
        "when it came",
        _key("f\"{request['show']}/{request['seat']}/{request['at']}\""),
        "it does not matter when somebody asks",
    ),
    Wrong("14.1", "no string", _key("(request['show'], request['seat'])"), "is a string"),
    Wrong(
        "14.2",
        "notices nothing",
        "def notice(shop, Order, Delivery):\n    shop.run()\n",
        "how many shipments may there be when there was one piece?",
    ),
    Wrong(
        "14.2",
        "one customer alone",
        _NOTICE + "    assert len(shop.uncommitted('shipments')) == 1\n",
        "how many shipments may there be when there was one piece?",
    ),
    Wrong(
        "14.2",
        "only that it is not too many",
        _NOTICE
        + "    shop.send('orders', 'Grace', Order(item='tea'))\n    shop.run()\n"
        + "    assert len(shop.uncommitted('shipments')) <= 1\n",
        "let the van come once more",
    ),
    Wrong(
        "14.2",
        "does not let anything happen",
        _NOTICE.replace("    shop.run()\n", "    assert len(shop.uncommitted('shipments')) == 1\n"),
        "nothing happens before shop.run()",
    ),
    Wrong("14.3", "the shop as it is made", _MADE, "functions, states or topics of its own"),
    Wrong("14.3", "no project", "project = 'nowhere'", "python -m workshop new FOLDER makes"),
    Wrong("14.3", "no path", "project = 3", "the path of its folder"),
    Wrong(
        "14.3",
        "throws dice",
        _changed("number += 1", "number += __import__('random').randrange(99)"),
        "No clock, no random numbers",
    ),
    Wrong("14.3", "no key", _changed("shipment, name)", "shipment)"), "kafka_egress_record("),
    Wrong(
        "14.3",
        "a state that is not declared",
        _changed('context.state("left")', 'context.state("rest")'),
        "code and module have to agree",
    ),
    Wrong("14.3", "fails", _changed("if message.item:", "if True:"), "a function answers"),
]
