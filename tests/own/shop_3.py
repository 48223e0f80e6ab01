"""The same shop on 3.x: what a new application becomes that moves there."""

from __future__ import annotations

from pathlib import Path

from workshop.own.application import FILE

FUNCTIONS = """
from datetime import timedelta

from flask import Flask, Response, request
from statefun import (
    IntType,
    RequestReplyHandler,
    StatefulFunctions,
    ValueSpec,
    kafka_egress_message,
    make_protobuf_type,
    message_builder,
)

from shop import shop_pb2
from shop.shop_pb2 import Shipment

ORDER, DELIVERY, SHIPMENT, TAKE, TAKEN, SOLD_OUT = (
    make_protobuf_type(getattr(shop_pb2, name), namespace="shop")
    for name in ("Order", "Delivery", "Shipment", "Take", "Taken", "SoldOut")
)
functions = StatefulFunctions()


def to(context, function, key, kind, value):
    return message_builder(function, key, value=value, value_type=kind)


@functions.bind("shop/customer", specs=[ValueSpec("shipped", IntType)])
ASYNC def customer(context, message):
    if message.is_type(ORDER):
        item = message.as_type(ORDER).item
        if item:
            context.send(to(context, "shop/stock", item, TAKE, shop_pb2.Take()))
    elif message.is_type(SOLD_OUT):
        item = message.as_type(SOLD_OUT).item
        again = to(context, "shop/stock", item, TAKE, shop_pb2.Take())
        context.send_after(timedelta(seconds=1), again)
    else:
        number = context.storage.shipped = (context.storage.shipped or 0) + 1
        name = context.address.id
        item = message.as_type(TAKEN).item
        context.send_egress(
            kafka_egress_message(
                typename="shop/shipments",
                topic="shipments",
                key=name,
                value=Shipment(customer=name, item=item, number=number),
                value_type=SHIPMENT,
            )
        )


@functions.bind("shop/stock", specs=[ValueSpec("left", IntType)])
ASYNC def stock(context, message):
    item = context.address.id
    left = context.storage.left or 0
    if message.is_type(DELIVERY):
        left += message.as_type(DELIVERY).amount
    elif left:
        left -= 1
        taken = shop_pb2.Taken(item=item)
        context.send(to(context, "shop/customer", context.caller.id, TAKEN, taken))
    else:
        none = shop_pb2.SoldOut(item=item)
        context.send(to(context, "shop/customer", context.caller.id, SOLD_OUT, none))
    context.storage.left = left


handler = RequestReplyHandler(functions)
"""
WSGI = """
app = Flask(__name__)


@app.post("/statefun")
def statefun():
    return Response(handler.handle_sync(request.data), mimetype="application/octet-stream")


@app.get("/health")
def health():
    return "ok"
"""
# For functions of either SDK, which set `call` to what answers a request.
ASGI = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = b"ok" if scope["path"] == "/health" else await call(body)
    head = [(b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})
"""
MODULE = """\
kind: io.statefun.endpoints.v2/http
spec:
  functions: shop/*
  urlPathTemplate: http://functions:8000/statefun
---
kind: io.statefun.kafka.v1/ingress
spec:
  id: shop/incoming
  address: kafka-broker:9092
  consumerGroupId: shop
  startupPosition:
    type: earliest
  topics:
    - topic: orders
      valueType: shop/shop.Order
      targets:
        - shop/customer
    - topic: deliveries
      valueType: shop/shop.Delivery
      targets:
        - shop/stock
---
kind: io.statefun.kafka.v1/egress
spec:
  id: shop/shipments
  address: kafka-broker:9092
  deliverySemantic:
    type: exactly-once
    transactionTimeout: 100s
"""


def move(shop: Path, interface: str) -> Path:
    """Make of a new application one of 3.x, served by WSGI or ASGI."""
    waits = interface == "asgi"
    text = FUNCTIONS.replace("ASYNC ", "async " if waits else "") + (
        f"call = handler.handle_async\n{ASGI}" if waits else WSGI
    )
    (shop / "shop" / "functions.py").write_text(text)
    (shop / "module.yaml").write_text(MODULE)
    with (shop / FILE).open("a") as described:
        described.write(f"interface: {interface}\n")
    return shop
