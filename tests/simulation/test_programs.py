"""Random programs give the same bytes, and see the same, through the fake and the SDK's handler."""

from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from hypothesis import event, given
from hypothesis import strategies as st
from statefun import RequestReplyHandler, StatefulFunctions
from statefun.request_reply_pb2 import ToFunction

from tests.soak import examples
from workshop.simulation import FakeContext, SimulationError

strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
STATES = ["seen", "a state", "état"]
messages = st.one_of(
    st.builds(StringValue, value=strings),
    st.builds(Int64Value, value=st.integers(-(2**63), 2**63 - 1)),
    st.just(ListValue()),  # false in a condition: it has a length
)


def pack(message):
    any = Any()
    any.Pack(message)
    return any


anys = st.builds(pack, messages) | st.builds(Any, type_url=strings, value=st.binary(max_size=5))
# Mostly what works, now and then what the SDK refuses.
names = st.sampled_from([*STATES, *STATES, *STATES, "undeclared"])
typenames = st.sampled_from(["ns/f", "ns/f", "a/b/c", "é/ü", "", "noslash", "/f", "ns/", None])
ids = st.one_of(strings.filter(bool), strings, st.none())
packable = st.one_of(messages, messages, st.none())
sendable = st.one_of(anys, anys, st.none())
delays = st.timedeltas(timedelta(days=-1), timedelta(days=99999)) | st.sampled_from(
    [timedelta(0), timedelta(microseconds=1), timedelta(microseconds=1999), None]
)
operations = st.one_of(
    st.tuples(st.just("unpack"), names, st.sampled_from([StringValue, Int64Value])),
    st.tuples(st.just("pack"), names, messages),
    st.tuples(st.just("get"), names),
    st.tuples(st.just("set"), names, anys | messages | st.none()),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("bytes"), names),
    st.tuples(st.just("mutate_state"), names),
    st.tuples(st.just("send"), typenames, ids, sendable),
    st.tuples(st.just("pack_and_send"), typenames, ids, packable),
    st.tuples(st.just("reply"), sendable),
    st.tuples(st.just("pack_and_reply"), messages),
    st.tuples(st.just("send_after"), delays, typenames, ids, sendable),
    st.tuples(st.just("pack_and_send_after"), delays, typenames, ids, packable),
    st.tuples(st.just("send_egress"), typenames, sendable),
    st.tuples(st.just("pack_and_send_egress"), typenames, packable),
    st.tuples(st.just("mutate_sent")),
    st.tuples(st.just("who")),
)
callers = st.none() | st.tuples(st.sampled_from(["ns/f", "a/b/c"]), strings)
programs = st.tuples(st.sampled_from([True, True, True, False]), st.lists(operations, max_size=6))
batches = st.lists(st.tuples(callers, programs), min_size=1, max_size=5)
seeds = st.dictionaries(st.sampled_from(STATES), st.none() | messages).map(
    lambda given: dict.fromkeys(STATES) | given
)


def copied(argument):
    """A program must not share its messages between its two runs: it changes them."""
    if hasattr(argument, "SerializeToString"):
        return type(argument).FromString(argument.SerializeToString())
    return argument


def frozen(message):
    """What was seen, to compare: an Any of unknown type cannot be compared as such."""
    return None if message is None else (type(message), message.SerializeToString())


def perform(context, program, seen):
    """Do the operations, and note what the program sees of each; it may catch what they raise."""
    catches, operations = program
    for operation in operations:
        try:
            perform_one(context, operation, seen)
        except Exception as error:
            if not catches:
                raise
            seen.append((type(error), str(error)))


def perform_one(context, operation, seen):
    name, *arguments = operation
    arguments = [copied(argument) for argument in arguments]
    if name == "unpack":
        seen.append(frozen(context.state(arguments[0]).unpack(arguments[1])))
    elif name == "pack":
        context.state(arguments[0]).pack(arguments[1])
    elif name == "get":
        seen.append(frozen(context[arguments[0]]))
    elif name == "set":
        context[arguments[0]] = arguments[1]
    elif name == "delete":
        del context[arguments[0]]
    elif name == "bytes":
        seen.append(context.state(arguments[0]).bytes())
    elif name == "mutate_state":
        value = context[arguments[0]]
        if isinstance(value, Any):
            value.value += b"more"
    elif name == "mutate_sent":
        for *_, message in context.messages:
            message.value = b"changed after it was sent"
    elif name == "who":
        seen.append((repr(context.address), repr(context.caller), context.caller.typename()))
    else:
        getattr(context, name)(*arguments)


def outcome(run):
    """The bytes of the answer, or the error."""
    try:
        return run()
    except SimulationError:
        raise
    except Exception as error:
        return type(error), str(error)


def through_sdk(typename, id, states, batch, seen):
    functions = StatefulFunctions()
    todo = iter(batch)

    @functions.bind(typename)
    def function(context, message):
        perform(context, next(todo)[1], seen)

    request = ToFunction()
    target = request.invocation.target
    target.namespace, _, target.type = typename.rpartition("/")
    target.id = id
    for name, message in states.items():
        state = request.invocation.state.add(state_name=name)
        if message is not None:
            state.state_value = pack(message).SerializeToString()
    for caller, _ in batch:
        entry = request.invocation.invocations.add()
        entry.argument.Pack(StringValue(value="go"))
        if caller is not None:
            entry.caller.namespace, _, entry.caller.type = caller[0].rpartition("/")
            entry.caller.id = caller[1]
    return RequestReplyHandler(functions)(request.SerializeToString())


def through_fake(typename, id, states, batch, seen):
    context = FakeContext(typename, id, states=states)
    for caller, program in batch:
        context.called_by(caller)
        perform(context, program, seen)
    return context.response()


@examples(400)
@given(st.sampled_from(["ns/f", "a/b/c", "é/ü"]), strings, seeds, batches)
def test_fake_and_handler_agree(typename, id, states, batch):
    seen_by_sdk, seen_by_fake = [], []
    sdk = outcome(lambda: through_sdk(typename, id, states, batch, seen_by_sdk))
    fake = outcome(lambda: through_fake(typename, id, states, batch, seen_by_fake))
    event("answer" if isinstance(sdk, bytes) else sdk[0].__name__)
    assert fake == sdk
    assert seen_by_fake == seen_by_sdk


def test_the_programs_see_both_answers_and_errors():
    """The comparison is worth something only if neither side always fails."""
    program = [("pack", "seen", Int64Value(value=3)), ("pack_and_reply", Int64Value(value=4))]
    pack_three = (("ns/g", "x"), (False, program))
    answer = through_sdk("ns/f", "id", dict.fromkeys(STATES), [pack_three], [])
    assert isinstance(answer, bytes) and len(answer) > 50
    assert answer == through_fake("ns/f", "id", dict.fromkeys(STATES), [pack_three], [])
    undeclared = [(None, (False, [("get", "undeclared")]))]
    assert outcome(lambda: through_fake("ns/f", "id", {}, undeclared, []))[0] is KeyError
