"""The same functions on the real engine, with a real broker: some ten seconds."""

from __future__ import annotations

from pathlib import Path

from shop.shop_pb2 import Delivery, Order, Shipment
from workshop.own.application import Application


def test_what_is_delivered_is_shipped():
    shop = Application(Path(__file__).parents[1])
    with (
        shop.stack("shop-test") as stack,
        shop.read(stack.bootstrap, "shipments", Shipment) as shipments,
    ):
        shop.send(stack.bootstrap, "orders", "Ada", Order(item="tea"))
        shop.send(stack.bootstrap, "deliveries", "tea", Delivery(amount=1))
        assert shipments.next(60).value == Shipment(customer="Ada", item="tea", number=1)
        stack.kill("taskmanager")
        shop.send(stack.bootstrap, "orders", "Ada", Order(item="tea"))
        shop.send(stack.bootstrap, "deliveries", "tea", Delivery(amount=1))
        assert shipments.next(120).value == Shipment(customer="Ada", item="tea", number=2)
