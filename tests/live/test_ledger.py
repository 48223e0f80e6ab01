"""The verdict, on records made for it."""

import random

import pytest

from workshop.live.ledger import Ledger, count_in

GREETINGS = ["", "Welcome %s", "Nice to see you again %s", "Third time is a charm %s"]


def greeting(name, count):
    if count < len(GREETINGS):
        return GREETINGS[count] % name
    return f"Nice to see you at the {count}-nth time {name}!"


class Conversation:
    """A ledger, and a clock in milliseconds that goes on by itself."""

    def __init__(self, **settings):
        self.ledger = Ledger(**settings)
        self.now = 1000

    def send(self, *names):
        for name in names:
            self.now += 1
            self.ledger.sent(name, self.now)

    def greet(self, name, *counts, text=None):
        for count in counts:
            self.now += 1
            self.ledger.greeted(name, text or greeting(name, count), self.now, self.now + 200)

    @property
    def found(self):
        return self.ledger.verdict()


@pytest.fixture
def talk():
    return Conversation()


@pytest.mark.parametrize("name", ["Ada", "7", "a-nth time b!", "%s", "", "Nice to see you"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 12, 10**7])
def test_the_count_is_read_from_the_text(name, count):
    assert count_in(greeting(name, count), name) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Welcome Grace",
        "Hello Ada, visit 4",
        "Nice to see you at the -nth time Ada!",
        "Nice to see you at the four-nth time Ada!",
        "Nice to see you at the ٤-nth time Ada!",
        "(not a GreetResponse: b'x')",
    ],
)
def test_a_text_that_tells_no_count(text):
    assert count_in(text, "Ada") is None


def test_all_is_well(talk):
    for count in range(1, 101):
        talk.send("Ada", "Grace")
        talk.greet("Ada", count)
        talk.greet("Grace", count)
    assert talk.found.clean
    assert (talk.found.sent, talk.found.greeted, talk.found.waiting) == (200, 200, 0)
    assert dict(talk.ledger.counts()) == {"Ada": 100, "Grace": 100}


def test_a_name_that_was_known_before_starts_anywhere(talk):
    talk.send("Ada", "Ada")
    talk.greet("Ada", 17, 18)
    assert talk.found.clean
    assert talk.found.greeted == 2


def test_what_waits_is_neither_missing_nor_greeted(talk):
    talk.send("Ada", "Ada", "Ada")
    talk.greet("Ada", 1)
    assert (talk.found.waiting, talk.found.missing) == (2, 0)
    assert talk.found.oldest == 1002
    assert talk.ledger.waiting_since(1002) == 1


def test_a_count_left_out_is_missing_and_its_name_lost(talk):
    talk.send("Ada", "Ada", "Ada")
    talk.greet("Ada", 1, 3)
    found = talk.found
    assert not found.clean
    assert (found.sent, found.greeted, found.missing, found.lost) == (3, 2, 1, 1)
    assert found.waiting == 0


def test_a_missing_greeting_that_comes_after_all(talk):
    talk.send("Ada", "Ada", "Ada")
    talk.greet("Ada", 1, 3, 2)
    assert talk.found.clean
    assert (talk.found.greeted, talk.found.waiting) == (3, 0)
    talk.greet("Ada", 2)
    assert talk.found.doubled == 1


def test_a_count_that_was_there_is_doubled(talk):
    talk.send("Ada", "Ada")
    talk.greet("Ada", 1, 2, 2)
    assert (talk.found.doubled, talk.found.greeted, talk.found.missing) == (1, 2, 0)


def test_what_was_taken_back_and_made_again_shows_as_doubled(talk):
    """As a reader of uncommitted greetings sees it: a failure, and on from the last checkpoint."""
    talk.send(*["Ada"] * 10)
    talk.greet("Ada", 1, 2, 3, 4, 5, 6, 7)
    talk.greet("Ada", 5, 6, 7, 8, 9, 10)
    assert (talk.found.doubled, talk.found.missing, talk.found.greeted) == (3, 0, 10)


def test_a_greeting_of_a_name_sent_before_is_told_apart(talk):
    talk.greet("Ada", 5)
    talk.send("Ada")
    talk.greet("Ada", 6)
    assert (talk.found.earlier, talk.found.greeted, talk.found.waiting) == (1, 1, 0)


def test_a_greeting_may_be_read_before_its_name():
    ledger = Ledger()
    assert ledger.greeted("Ada", "Welcome Ada", produced=1020, arrived=1250) is None
    assert ledger.sent("Ada", 1000) == 0.25
    assert (ledger.verdict().greeted, ledger.verdict().earlier) == (1, 0)


def test_the_order_of_the_two_topics_does_not_matter():
    """Any interleaving of the two topics that keeps each one's order gives the same verdict."""
    for seed in range(20):
        choice = random.Random(seed)
        sent = [(name, 1000 + 10 * n) for n, name in enumerate("AB" * 50)]
        greeted = [(name, at + 5) for name, at in sent]
        ledger = Ledger()
        counts = {"A": 0, "B": 0}
        while sent or greeted:
            if sent and (not greeted or choice.random() < 0.5):
                ledger.sent(*sent.pop(0))
            else:
                name, at = greeted.pop(0)
                counts[name] += 1
                ledger.greeted(name, greeting(name, counts[name]), at, at + 300)
        found = ledger.verdict()
        assert found.clean
        assert (found.sent, found.greeted, found.waiting, found.earlier) == (100, 100, 0, 0)


def test_latency_is_told_by_the_time_of_sending():
    ledger = Ledger()
    ledger.sent("Ada", 1000)
    ledger.sent("Ada", 1100)
    assert ledger.greeted("Ada", "Welcome Ada", 1010, 1200) == 1000
    assert ledger.greeted("Ada", "Nice to see you again Ada", 1110, 1200) == 1100


def test_a_text_of_ones_own_is_matched_but_not_judged(talk):
    talk.send("Ada", "Ada", "Ada")
    talk.greet("Ada", 1)
    talk.greet("Ada", 0, text="Bonjour Ada")
    talk.greet("Ada", 9)  # What came between may have counted as it liked.
    assert talk.found.clean
    assert (talk.found.greeted, talk.found.uncounted) == (3, 1)


def test_counts_of_a_key_that_greets_two_names_are_not_judged():
    ledger = Ledger()
    for count, name in enumerate(["Jekyll", "Hyde", "Jekyll"], 1):
        ledger.sent(name, 1000 + count, key="the doctor")
        ledger.greeted(name, greeting(name, count), 1500 + count, 1800)
    assert ledger.verdict().clean
    assert ledger.verdict().greeted == 3


def test_memory_is_bounded_by_the_names_that_wait():
    ledger = Ledger(names_kept=100)
    for number in range(10_000):
        name = f"name {number}"
        ledger.sent(name, number)
        if number != 17:
            ledger.greeted(name, f"Welcome {name}", number, number)
    assert len(ledger.counts()) == 100
    assert ledger.verdict().waiting == 1
    ledger.greeted("name 17", "Welcome name 17", 10_001, 10_001)
    assert ledger.verdict().waiting == 0


def test_a_start_that_has_forgotten_everybody_shows_as_doubled(talk):
    talk.send(*["Ada"] * 5)
    talk.greet("Ada", 1, 2, 1, 2, 3)
    assert talk.found.doubled == 2
