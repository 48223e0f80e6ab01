"""What has to be true of any application is true of a new one; a change for the worse is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import said_to
from workshop.errors import WorkshopError
from workshop.own import sound
from workshop.own.application import Application
from workshop.own.new import make
from workshop.own.samples import sample
from workshop.own.sound import examine, found_in
from workshop.paths import ROOT
from workshop.protos import message_classes

MEMORY = ("functions = StatefulFunctions()", "functions = StatefulFunctions()\nseen = []")


@pytest.fixture
def shop(tmp_path) -> Path:
    """A new application."""
    return make(tmp_path / "shop")


def change(file: Path, *changes: tuple[str, str]) -> None:
    """Replace what is in a file, which must be there."""
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def test_a_new_one_is_sound(shop):
    found = examine(shop)
    assert found.flaws == ()
    assert "each call, repeated, had the same answer" in found.told
    assert "Not called" not in found.told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("number += 1", "number += id(shipped) % 999")], "shop/customer answered a call diff"),
        (
            [("number += 1", "number += int(__import__('time').time()) % 999")],
            "shop/customer answered a call diff",
        ),
        (
            [MEMORY, ("number += 1", "number += len(seen); seen.append(1)")],
            "shop/customer answered a call diff",
        ),
        ([("number += 1", "total += 1")], "made the job fail: AttributeError"),
        ([("if message.item:", "if True:")], "shop.Order {} made the job fail: ValueError"),
        ([("shipment, name)", "shipment)")], "to the topic shipments without a key"),
        ([('"shipments", shipment', '"goods", shipment')], "topic goods, which workshop.yaml does"),
        ([('context.state("left")', 'context.state("rest")')], "uses the undeclared state 'rest'"),
        ([("_after(PATIENCE, ", "(")], "and there is no end to them"),
        ([("import Union", "import Onion")], "shop.functions cannot be imported: ImportError"),
        (
            [("functions = Stateful", "more = StatefulFunctions()\nfunctions = Stateful")],
            "has 2 St",
        ),
    ],
)
def test_what_is_not_is_told(shop, changes, told):
    change(shop / "shop" / "functions.py", *changes)
    flaws = found_in(Application(shop)).flaws
    assert told in flaws[0].what
    assert all(flaw.hint for flaw in flaws)


def test_topics_have_to_agree(shop):
    change(shop / "workshop.yaml", ("shop.Order", "shop.Delivery"))
    (flaw,) = found_in(Application(shop)).flaws
    assert flaw.what == (
        "The topic orders carries shop.Delivery in workshop.yaml, and shop.Order in module.yaml"
    )


@pytest.mark.parametrize("line", ["sys.exit(3)", "os._exit(3)"])
def test_one_that_ends_its_process_is_told(shop, line):
    change(
        shop / "shop" / "functions.py",
        ("functions = Stateful", "import os, sys\nfunctions = Stateful"),
    )
    change(shop / "shop" / "functions.py", ("item = context", f"{line}; item = context"))
    with pytest.raises(WorkshopError, match="ended the process"):
        examine(shop)


def test_one_that_never_ends_is_told(shop, monkeypatch):
    monkeypatch.setattr(sound, "SECONDS", 5)
    change(
        shop / "shop" / "functions.py",
        ("functions = Stateful", "while True: pass\nfunctions = Stateful"),
    )
    with pytest.raises(WorkshopError, match="still running after 5 s"):
        examine(shop)


def test_the_command_says_it(shop):
    done = said_to(["check", str(shop)])
    assert (done.returncode, done.stdout[:2]) == (0, "✓ ")
    change(shop / "shop" / "functions.py", ("shipment, name)", "shipment)"))
    done = said_to(["check", str(shop)])
    assert done.returncode == 1
    assert "✗ shop/customer sends a record" in done.stdout
    assert "What to do: equal keys" in done.stdout


def test_the_greeter_of_this_repository_loads():
    functions = Application(ROOT).load()
    assert functions is Application(ROOT).load()
    assert list(functions.functions) == [("example", "greeter")]


def test_every_load_is_another_process_of_its_own(shop):
    one, other = Application(shop).load(), Application(shop).load()
    assert one is not other
    assert one.functions.keys() == other.functions.keys()


def test_a_sample_has_a_value_in_every_field():
    messages = message_classes("""
        syntax = "proto3";
        enum Size { SMALL = 0; LARGE = 1; }
        message Inner { string name = 1; }
        message All {
          string name = 1; bytes raw = 2; int64 number = 3; double weight = 4; bool on = 5;
          Size size = 6; Inner inner = 7; repeated Inner many = 8; repeated int32 numbers = 9;
          map<string, int32> map = 10; All itself = 11;
          oneof either { int32 left = 12; int32 right = 13; }
          optional string maybe = 14; map<string, All> nested = 15;
        }
    """)
    made = sample(messages.All, 0)
    empty = {field.name for field in made.DESCRIPTOR.fields} - {
        field.name for field, _ in made.ListFields()
    }
    assert empty == {"right"}
    assert made.map == {made.name: 1} and made.nested[made.name].name == made.name
    assert made.itself.inner.name == made.many[0].name == "tea"
    assert made != sample(messages.All, 1)
