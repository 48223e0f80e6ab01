"""Checks of lesson 13: moving to 3.x. They need its SDK, which the kernel StateFun 3 has.

It is long, since it plays the engine for the answers, and compares two formats of a module.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import yaml
from statefun import (
    IntType,
    Message,
    RequestReplyHandler,
    StatefulFunctions,
    ValueSpec,
    make_protobuf_type,
    message_builder,
)
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from statefun.request_reply_pb2 import FromFunction, ToFunction, TypedValue

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount
from workshop.exercises.checking import Refused, exercise, expect, refuse
from workshop.paths import MODULE

GREETER = "example/greeter"
REQUEST, RESPONSE, COUNT = map(make_protobuf_type, (GreetRequest, GreetResponse, SeenCount))

Function = Callable[[Any, Any], Any]


class _Caller:
    """Calls a function as the engine does, and keeps its state: by address, and by name."""

    def __init__(self, function: Function, specs: list[ValueSpec]) -> None:
        functions = StatefulFunctions()
        functions.bind(GREETER, specs=specs)(function)
        self._handler = RequestReplyHandler(functions)
        self._state: dict[tuple[str, str], TypedValue] = {}

    def __call__(self, id: str, *texts: str) -> Any:
        """Call the address with a batch of texts; return what came of it."""
        call = ToFunction()
        target = call.invocation.target
        target.namespace, target.type, target.id = "example", "greeter", id
        for text in texts:
            message = message_builder(GREETER, id, str_value=text)
            call.invocation.invocations.add().argument.CopyFrom(message.typed_value)
        answer = self._answer(call)
        for missing in answer.incomplete_invocation_context.missing_values:
            known = self._state.get((id, missing.state_name))
            state = call.invocation.state.add(state_name=missing.state_name)
            state.state_value.CopyFrom(known or TypedValue(typename=missing.type_typename))
        result = self._answer(call).invocation_result
        for change in result.state_mutations:
            value = change.state_value if change.HasField("state_value") else TypedValue()
            if value.has_value:
                self._state[id, change.state_name] = value
            else:
                self._state.pop((id, change.state_name), None)
        return result

    def _answer(self, call: ToFunction) -> FromFunction:
        return FromFunction.FromString(
            _at_once(self._handler.handle_async(call.SerializeToString()))
        )


def _at_once(coroutine: Coroutine[Any, Any, bytes]) -> bytes:
    """Run a coroutine that waits for nothing; in this thread, where it can be interrupted."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: bytes = done.value
        return result
    coroutine.close()
    raise Refused("the function waits for something", "nothing here has to be awaited.")


def _records(result: Any, about: str) -> list[tuple[str, str]]:
    """The key and the text of each record that was sent, which must be to the right place."""
    found = []
    for sent in result.outgoing_egresses:
        place = f"{sent.egress_namespace}/{sent.egress_type}"
        expect(f"the egress of {about}", place, "example/greets", 'the egress: "example/greets".')
        record = KafkaProducerRecord.FromString(sent.argument.value)
        expect(f"the topic of {about}", record.topic, "greetings", 'topic="greetings".')
        found.append((record.key, record.value_bytes.decode(errors="replace")))
    return found


@exercise(
    "13.1",
    "Ask first",
    raises={AttributeError: "a message has is_type(T), which compares the name of its type."},
)
def _ask_first(kind_of: Callable[[Message], str]) -> str:
    ask = "as_type reads whatever fits, of any type: ask message.is_type(…) first."
    named = "what it is does not depend on its bytes: the message says its type, is_type reads it."
    request = GreetRequest(name="Ada").SerializeToString()
    response = GreetResponse(name="Ada", greeting="Welcome Ada").SerializeToString()
    count = SeenCount(seen=7).SerializeToString()
    cases = [
        ("a GreetRequest", REQUEST.typename, request, "request", named),
        ("a SeenCount", COUNT.typename, count, "count", named),
        ("a GreetResponse", RESPONSE.typename, response, "unknown", ask),
        ("a request under a name of its own", "shop/Order", request, "unknown", ask),
        ("a text", "io.statefun.types/string", b"\x0a\x03Ada", "unknown", ask),
        ("bytes without a type", "", count, "unknown", ask),
        ("a request of three broken bytes", REQUEST.typename, b"\xff\xff\xff", "request", named),
        ("an empty SeenCount", COUNT.typename, b"", "count", named),
    ]
    for about, typename, value, wanted, hint in cases:
        typed = TypedValue(typename=typename, has_value=True, value=value)
        expect(f"kind_of({about})", kind_of(Message(GREETER, "Ada", typed)), wanted, hint)
    return "It goes by the name of the type, and by nothing else."


@exercise(
    "13.2",
    "State in the code",
    start='begin with  specs = [ValueSpec("visits", IntType)]',
    raises={
        AttributeError: "each state has a ValueSpec in specs, and is context.storage.NAME.",
        TypeError: "a state that was never written is None: (context.storage.visits or 0) + 1.",
        ValueError: "None cannot be written: to forget a state, del context.storage.visits.",
    },
)
def _state_in_the_code(specs: Any, visit: Function) -> str:
    begin = 'specs = [ValueSpec("visits", IntType)]'
    if not isinstance(specs, list) or not all(isinstance(one, ValueSpec) for one in specs):
        refuse(f"specs is {specs!r}", f"a list of ValueSpec: {begin}.")
    expect("the names in specs", [one.name for one in specs], ["visits"], f"{begin}.")
    expect("the type of visits", specs[0].type.typename, IntType.typename, f"{begin}.")
    call = _Caller(visit, specs)

    def sent(id: str, *texts: str) -> list[tuple[str, str]]:
        about = f"{', '.join(map(repr, texts))} to {id}"
        return _records(call(id, *texts), about)

    write = "write the state again after each visit: context.storage.visits = …"
    expect("sent after the first visit", sent("Ada", "hello"), [("Ada", "visit 1")], "send it.")
    expect("sent after the next one", sent("Ada", "hello"), [("Ada", "visit 2")], write)
    both = [("Ada", "visit 3"), ("Ada", "visit 4")]
    expect("sent after two more in one batch", sent("Ada", "hi", "hi"), both, write)
    own = "the state belongs to the address: keep nothing in a variable outside of the function."
    expect("sent after Grace's first visit", sent("Grace", "hello"), [("Grace", "visit 1")], own)
    silent = 'after "forget me" nothing is sent: return.'
    expect('sent after "forget me"', sent("Ada", "forget me"), [], silent)
    forget = "del context.storage.visits, and the next visit is the first again."
    expect("sent after the visit after that", sent("Ada", "hello"), [("Ada", "visit 1")], forget)
    expect("sent after Grace's next visit", sent("Grace", "hello"), [("Grace", "visit 2")], own)
    return "It says in the code what it remembers, and forgets when it is asked to."


@exercise(
    "13.3",
    "Not if you pay",
    raises={
        TypeError: "send_after(timedelta(minutes=10), message, token), in this order.",
        AttributeError: "send_after(timedelta(minutes=10), message, token), in this order.",
    },
)
def _not_if_you_pay(bill: Function) -> str:
    call = _Caller(bill, [])
    tokens = {}
    for id in ("Ada", "Grace"):
        ordered = call(id, "order").delayed_invocations
        later = "context.send_after(timedelta(minutes=10), message, token), once."
        expect(f'how much is delayed after "order" to {id}', len(ordered), 1, later)
        target = f"{ordered[0].target.namespace}/{ordered[0].target.type}", ordered[0].target.id
        mine = 'to itself: message_builder("example/greeter", context.address.id, …).'
        expect("its target", target, (GREETER, id), mine)
        expect("its delay, in ms", ordered[0].delay_in_ms, 600_000, later)
        typed = message_builder(GREETER, id, str_value="remind").typed_value
        expect("its value", ordered[0].argument, typed, 'a text: str_value="remind".')
        tokens[id] = ordered[0].cancellation_token
        if not tokens[id]:
            refuse("it has no token", "only what has a token can be cancelled: the third argument.")
    if tokens["Ada"] == tokens["Grace"]:
        refuse(
            f"Ada's token and Grace's are both {tokens['Ada']!r}",
            "each address needs a token of its own: put context.address.id into it.",
        )
    for id, token in tokens.items():
        paid = call(id, "paid").delayed_invocations
        cancels = [one.cancellation_token for one in paid if one.is_cancellation_request]
        same = "context.cancel_delayed_message(token), with the token of the order."
        expect(f'what "paid" to {id} cancels', cancels, [token], same)
        expect("what else is delayed by it", len(paid), 1, "a payment sends nothing.")
    reminded = call("Ada", "remind")
    expect('what "remind" delays', len(reminded.delayed_invocations), 0, "one reminder is enough.")
    text = [("Ada", "Please pay, Ada")]
    expect('sent after "remind" to Ada', _records(reminded, "remind"), text, "send the text.")
    return "Who pays is left in peace, and nobody else is."


_OTHER = """
version: "1.0"
module:
  meta: {type: remote}
  spec:
    functions:
      - function:
          meta: {kind: http, type: shop/cart}
          spec: {endpoint: "http://one:8000/shop", states: [items], maxNumBatchRequests: 20}
      - function:
          meta: {kind: http, type: shop/till}
          spec: {endpoint: "http://two:9000/till", states: [], maxNumBatchRequests: 50}
    ingresses:
      - ingress:
          meta: {type: statefun.kafka.io/routable-protobuf-ingress, id: shop/in}
          spec:
            address: broker:9092
            consumerGroupId: shoppers
            topics:
              - {topic: orders, typeUrl: com.googleapis/shop.Order, targets: [shop/cart]}
              - {topic: money, typeUrl: com.googleapis/shop.Coin, targets: [shop/till, shop/cart]}
    egresses:
      - egress:
          meta: {type: statefun.kafka.io/generic-egress, id: shop/out}
          spec: {address: "broker:9092", deliverySemantic: {type: at-least-once}}
"""


@exercise(
    "13.4",
    "Rewrite the wiring",
    raises={
        KeyError: "not every entry says everything, and the new names are not in the old module.",
        TypeError: 'module["module"]["spec"] has lists; in each entry is one dictionary.',
    },
)
def _rewrite_the_wiring(translate: Callable[[Any], Any]) -> str:
    for text in (MODULE.read_text(encoding="utf-8"), _OTHER):
        module = yaml.safe_load(text)
        documents = translate(copy.deepcopy(module))
        if not isinstance(documents, list) or not all(
            isinstance(one, dict) and "kind" in one and isinstance(one.get("spec"), dict)
            for one in documents
        ):
            refuse(
                f"translate(module) gave {documents!r:.200}",
                'a list of dictionaries, each with "kind" and "spec".',
            )
        _is_the_same(module["module"]["spec"], documents)
    return "The engine of 3.x would find all that the one of 2.2 had."


def _is_the_same(old: Mapping[str, Any], documents: list[dict[str, Any]]) -> None:
    if "states" in str(documents):
        refuse("there are still states in it", "in 3.x states are declared in the code.")
    for entry in old["functions"]:
        its = entry["function"]
        _called_as_before(its["meta"]["type"], its["spec"], documents)
    for kind, one in (("ingresses", "ingress"), ("egresses", "egress")):
        wanted = f"io.statefun.kafka.v1/{one}"
        made = {d["spec"].get("id"): d["spec"] for d in documents if d["kind"] == wanted}
        ids = [entry[one]["meta"]["id"] for entry in old[kind]]
        hint = f'one document of the kind "{wanted}" for each, with its id in spec.'
        expect(f"the ids of the {kind}", sorted(made, key=str), sorted(ids), hint)
        for entry in old[kind]:
            its, new = entry[one], made[entry[one]["meta"]["id"]]
            about = f"of {its['meta']['id']}"
            for key in ("address", "consumerGroupId", "startupPosition", "properties"):
                expect(f"{key} {about}", new.get(key), its["spec"].get(key), "it stays as it was.")
            (_reads_as_before if one == "ingress" else _sends_as_before)(about, its["spec"], new)


def _called_as_before(kind: str, spec: Mapping[str, Any], documents: list[dict[str, Any]]) -> None:
    namespace, _, name = kind.rpartition("/")
    found = [
        one["spec"]
        for one in documents
        if one["kind"] == "io.statefun.endpoints.v2/http"
        and one["spec"].get("functions") in (kind, f"{namespace}/*")
    ]
    if not found:
        refuse(
            f"nothing says where {kind} is called",
            'a document of the kind "io.statefun.endpoints.v2/http", with the type in "functions".',
        )
    # An endpoint for one function goes before one for its namespace.
    found.sort(key=lambda one: one["functions"].endswith("*"))
    url = str(found[0].get("urlPathTemplate", "")).replace("{function.name}", name)
    expect(f"where {kind} is called", url, spec["endpoint"], "endpoint is urlPathTemplate now.")
    batch = found[0].get("maxNumBatchRequests")
    same = "maxNumBatchRequests has kept its name."
    expect(f"the batches of {kind}", batch, spec["maxNumBatchRequests"], same)


def _reads_as_before(about: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    topics = {one["topic"]: one for one in new.get("topics", [])}
    hint = "every topic of an ingress is an entry in its topics."
    expect(f"the topics {about}", sorted(topics), sorted(t["topic"] for t in old["topics"]), hint)
    for topic in old["topics"]:
        made = topics[topic["topic"]]
        where = f"of the topic {topic['topic']}"
        targets = "targets stay as they were."
        expect(f"the targets {where}", made.get("targets"), topic["targets"], targets)
        message = topic["typeUrl"].rpartition("/")[2]
        value_type = str(made.get("valueType"))
        if value_type.rpartition("/")[2] != message or "/" not in value_type:
            refuse(
                f"the valueType {where} is {value_type}",
                f'typeUrl is valueType now, say "type.googleapis.com/{message}".',
            )
        if "typeUrl" in made:
            refuse(f"there still is a typeUrl {where}", "valueType takes its place.")


def _sends_as_before(about: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    before, now = old["deliverySemantic"], new.get("deliverySemantic") or {}
    hint = "exactly once stays exactly once: deliverySemantic has its type."
    expect(f"the deliverySemantic {about}", now.get("type"), before["type"], hint)
    timeout = before.get("transactionTimeoutMillis")
    if "transactionTimeoutMillis" in now or (timeout and "transactionTimeout" not in now):
        refuse(
            f"the deliverySemantic {about} is {now}",
            f'transactionTimeoutMillis is transactionTimeout now, with a unit: "{timeout}ms".',
        )
