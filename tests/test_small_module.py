"""The smallest module definition."""

from statefun import StatefulFunctions

from greeter.messages_pb2 import GreetRequest, SeenCount
from workshop.simulation import SimulatedRuntime, check_module
from workshop.small_module import small_module


def test_it_fits_the_functions_and_runs():
    functions = StatefulFunctions()
    seen = []

    @functions.bind("example/first")
    def first(context, request: GreetRequest):
        context.pack_and_send("example/second", request.name, SeenCount(seen=1))

    @functions.bind("example/second")
    def second(context, count: SeenCount):
        seen.append((context.address.identity, count.seen))

    module = small_module(functions, "example/first", GreetRequest)
    assert check_module(functions, module) == []
    runtime = SimulatedRuntime(functions, module)
    runtime.send("names", "Ada", GreetRequest(name="Ada"))
    runtime.run()
    assert seen == [("Ada", 1)]


def test_an_entry_that_is_not_bound_is_found():
    module = small_module(StatefulFunctions(), "example/first", GreetRequest)
    found = check_module(StatefulFunctions(), module)
    assert any("target example/first is not a declared function" in str(one) for one in found)
