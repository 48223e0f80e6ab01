"""The functions on a simulated engine: no Kafka, no Flink, milliseconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop.functions import PATIENCE, functions
from shop.shop_pb2 import Delivery, Left, Order, Shipment, Shipped

MODULE = Path(__file__).parents[1] / "module.yaml"


@pytest.fixture
def shop(simulate):
    """The whole module, with the engine and the topics played in this process."""
    return simulate(functions, MODULE, topics={"shipments": Shipment})


def test_what_is_there_is_shipped(shop):
    shop.send("deliveries", "tea", Delivery(amount=2))
    shop.run()
    shop.send("orders", "Ada", Order(item="tea"))
    shop.send("orders", "Ada", Order(item="tea"))
    shop.run()
    assert shop.uncommitted("shipments").values == [
        Shipment(customer="Ada", item="tea", number=1),
        Shipment(customer="Ada", item="tea", number=2),
    ]
    assert shop.state("shop/customer", "Ada", "shipped") == Shipped(number=2)
    assert shop.state("shop/stock", "tea", "left") == Left(amount=0)


def test_what_is_sold_out_is_shipped_after_the_next_delivery(shop):
    shop.send("orders", "Ada", Order(item="tea"))
    shop.run()
    assert not shop.uncommitted("shipments")
    shop.send("deliveries", "tea", Delivery(amount=1))
    shop.advance(PATIENCE.total_seconds())
    assert shop.uncommitted("shipments").values == [Shipment(customer="Ada", item="tea", number=1)]


def test_two_customers_never_get_the_same_last_piece(shop):
    shop.send("deliveries", "tea", Delivery(amount=1))
    shop.run()
    for customer in ("Ada", "Bob"):
        shop.send("orders", customer, Order(item="tea"))
    shop.run()
    assert len(shop.uncommitted("shipments")) == 1


def test_an_order_for_nothing_stops_nobody(shop):
    shop.send("orders", "Ada", Order())
    shop.send("deliveries", "tea", Delivery(amount=1))
    shop.send("orders", "Ada", Order(item="tea"))
    shop.run()
    assert len(shop.uncommitted("shipments")) == 1


def test_a_crash_ships_nothing_twice(shop):
    shop.send("deliveries", "tea", Delivery(amount=1))
    shop.run()
    shop.checkpoint()
    shop.send("orders", "Ada", Order(item="tea"))
    shop.lose_answer()
    shop.run()
    shop.crash()
    shop.run()
    shop.checkpoint()
    assert len(shop.committed("shipments")) == 1
    assert shop.state("shop/stock", "tea", "left") == Left(amount=0)
