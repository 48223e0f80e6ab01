"""A shop: customers order, and the stock of each item gives what it has.

Each customer and each item has a state of its own. The engine keeps it, and calls a function with
one message after the other, so that two customers never get the same last piece.
"""

from datetime import timedelta
from typing import Union

from flask import Flask, Response, request
from statefun import RequestReplyHandler, StatefulFunctions, kafka_egress_record

from shop.shop_pb2 import Delivery, Left, Order, Shipment, Shipped, SoldOut, Take, Taken

PATIENCE = timedelta(seconds=5)
"""How long a customer waits before asking again for what is sold out."""

functions = StatefulFunctions()


@functions.bind("shop/customer")
def customer(context, message: Union[Order, Taken, SoldOut]):
    """Get what was ordered out of the stock, and ship it."""
    if isinstance(message, Order):
        # Nobody can be asked for nothing: the SDK would refuse the address, again and again.
        if message.item:
            context.pack_and_send("shop/stock", message.item, Take())
    elif isinstance(message, SoldOut):
        context.pack_and_send_after(PATIENCE, "shop/stock", message.item, Take())
    else:
        shipped = context.state("shipped").unpack(Shipped) or Shipped()
        shipped.number += 1
        context.state("shipped").pack(shipped)
        name = context.address.identity
        shipment = Shipment(customer=name, item=message.item, number=shipped.number)
        record = kafka_egress_record("shipments", shipment, name)
        context.pack_and_send_egress("shop/shipments", record)


@functions.bind("shop/stock")
def stock(context, message: Union[Delivery, Take]):
    """Take in what is delivered; give one away to whoever asks, as long as there is one."""
    item = context.address.identity
    left = context.state("left").unpack(Left) or Left()
    if isinstance(message, Delivery):
        left.amount += message.amount
    elif left.amount > 0:
        left.amount -= 1
        context.pack_and_reply(Taken(item=item))
    else:
        context.pack_and_reply(SoldOut(item=item))
    context.state("left").pack(left)


app = Flask(__name__)
handler = RequestReplyHandler(functions)


@app.route("/statefun", methods=["POST"])
def statefun() -> Response:
    """Answer the engine."""
    return Response(handler(request.data), mimetype="application/octet-stream")


@app.route("/health")
def health() -> str:
    """Say that the process is there."""
    return "ok\n"
