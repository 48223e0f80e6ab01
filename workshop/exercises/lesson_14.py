"""Checks of lesson 14: your own. The last one examines a project, in a process of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workshop.exercises.checking import exercise, expect, refuse
from workshop.own.application import Application, ApplicationError
from workshop.own.new import TEMPLATE
from workshop.own.sound import examine
from workshop.simulation import SimulatedRuntime

REQUEST = {"show": "Metropolis", "seat": "F7", "customer": "Ada", "at": 1764330000}


@exercise(
    "14.1",
    "Where they meet",
    raises={
        TypeError: "take the values out of the dictionary, and make one string: an f-string.",
        KeyError: 'a request has "show", "seat", "customer" and "at".',
    },
)
def _where_they_meet(key: Callable[[Mapping[str, Any]], str]) -> str:
    def of(**changed: object) -> str:
        request = {**REQUEST, **changed}
        found = key(dict(request))
        if not isinstance(found, str) or not found:
            refuse(f"key({request}) gave {found!r}", "an identity is a string that is not empty.")
        return found

    once = of()
    same: list[tuple[str, dict[str, object], str]] = [
        ("asked again", {}, "the same request has the same key, always: no dice, and no counter."),
        (
            "asked by Grace",
            {"customer": "Grace"},
            "two who want the same seat have to meet, or both get it: leave the customer out.",
        ),
        ("asked later", {"at": 1764339999}, "it does not matter when somebody asks."),
    ]
    for about, changed, hint in same:
        expect(f"The key for Metropolis, seat F7, {about}", of(**changed), once, hint)
    other: list[tuple[dict[str, object], str]] = [
        (
            {"seat": "F8"},
            "with one key for a whole show its first customer would get the only seat.",
        ),
        ({"show": "Nosferatu"}, "every show has its own seat F7."),
    ]
    for changed, hint in other:
        if of(**changed) == once:
            refuse(f"The key for {changed} is that for Metropolis, seat F7: {once!r}.", hint)
    if (found := of(show="M1", seat="2F")) == of(show="M", seat="12F"):
        refuse(
            f"Show M1, seat 2F, and show M, seat 12F, have the same key: {found!r}.",
            "put something between the two that is in neither of them: a slash.",
        )
    return "Who wants the same seat meets, and nobody else waits for them."


MISTAKES = (
    (
        "gives away tea that it does not have",
        "left.amount -= 1",
        "pass",
        "how many shipments may there be when there was one piece?",
    ),
    (
        "forgets whoever came when there was none",
        'context.pack_and_send_after(PATIENCE, "shop/stock", message.item, Take())',
        "pass",
        "let the van come once more, and five seconds pass: how many shipments are there?",
    ),
    (
        "never gives its last piece away",
        "left.amount > 0",
        "left.amount > 1",
        "how many shipments must there be after the first delivery?",
    ),
)
"""What a shop does wrong, where the text of its functions differs, and what to ask then."""


@exercise(
    "14.2",
    "A test that notices",
    raises={
        AttributeError: "the calls are shop.send, shop.run, shop.advance and shop.uncommitted.",
        TypeError: "take three arguments: shop, Order and Delivery.",
    },
)
def _a_test_that_notices(notice: Callable[..., object]) -> str:
    shop, *messages = _shop()
    try:
        notice(shop, *messages)
    except AssertionError as error:
        told = f": {error}" if f"{error}" else ""
        refuse(
            f"It fails for the shop as it is{told}.",
            "nothing happens before shop.run(), and whoever waits asks again with shop.advance.",
        )
    for about, right, wrong, hint in MISTAKES:
        shop, *messages = _shop(right, wrong)
        try:
            notice(shop, *messages)
        except AssertionError:
            continue
        refuse(f"It passes for a shop that {about}.", hint)
    return "It passes for the shop, and fails for three that are not right."


def _shop(right: str = "", wrong: str = "") -> tuple[SimulatedRuntime, type, type]:
    """The shop that ``new`` makes, perhaps with a mistake, and the messages that come to it."""
    messages = importlib.import_module("workshop.own.template.shop.shop_pb2")
    source = (TEMPLATE / "shop" / "functions.py").read_text(encoding="utf-8")
    assert right in source
    source = source.replace(right, wrong) if right else source
    # The learner's own shop is called so, too, and must stay what it is.
    source = source.replace("from shop.", "from workshop.own.template.shop.")
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "shop", "exec", dont_inherit=True), scope)
    runtime = SimulatedRuntime(
        scope["functions"], TEMPLATE / "module.yaml", topics={"shipments": messages.Shipment}
    )
    return runtime, messages.Order, messages.Delivery


@exercise(
    "14.3",
    "Your own",
    start="python -m workshop new ../../auction makes a project; its folder is the answer.",
    seconds=90,
)
def _your_own(project: str | Path) -> str:
    if not isinstance(project, str | Path):
        refuse(f"project is {project!r}", 'the path of its folder: "../../auction".')
    try:
        application = Application(project)
        template = (TEMPLATE / "module.yaml").read_text(encoding="utf-8")
        if (
            application.module.exists()
            and application.module.read_text(encoding="utf-8") == template
        ):
            refuse(
                f"Its {application.module.name} is that of the shop, as it was made.",
                "an idea of your own has functions, states or topics of its own.",
            )
        found = examine(project)
    except ApplicationError as error:
        refuse("\n".join(filter(None, [error.message, error.details])), error.hint)
    if found.flaws:
        more = f"\nand {len(found.flaws) - 1} more: python -m workshop check" * bool(
            found.flaws[1:]
        )
        refuse(found.flaws[0].what + more, found.flaws[0].hint)
    return f"It is sound: {found.told}"
