"""Wrong answers to the exercises of lesson 08."""

from tests.exercises.wrong_answers import Wrong

WRONG = [
    Wrong(
        "08.1",
        "takes all digits",
        """
def count_of(text):
    for count, beginning in enumerate(["Welcome", "Nice to see you again", "Third"], start=1):
        if text.startswith(beginning):
            return count
    return int("".join(filter(str.isdigit, text)))
""",
        "a name may be anything",
    ),
    Wrong(
        "08.1",
        "looks for words anywhere",
        """
def count_of(text):
    for count, word in enumerate(["Welcome", "again", "Third"], start=1):
        if word in text:
            return count
    return int(text.split("-nth")[0].split()[-1])
""",
        "a name may be anything",
    ),
    Wrong(
        "08.1",
        "takes one digit",
        """
def count_of(text):
    for count, beginning in enumerate(["Welcome", "Nice to see you again", "Third"], start=1):
        if text.startswith(beginning):
            return count
    return int(text[len("Nice to see you at the ")])
""",
        "more than one digit",
    ),
    Wrong(
        "08.1",
        "returns text",
        """
def count_of(text):
    for count, beginning in enumerate(["Welcome", "Nice to see you again", "Third"], start=1):
        if text.startswith(beginning):
            return count
    return text.split("-nth")[0].split()[-1]
""",
        "make a number of it",
    ),
    Wrong(
        "08.2",
        "asks for a process id, which the job has not",
        """
def not_ready(status):
    return [part.name for part in status.parts if part.pid is None]
""",
        "that it has no process id does not make it unready",
    ),
    Wrong(
        "08.2",
        "knows two states",
        """
def not_ready(status):
    return [part.name for part in status.parts if part.state in ("starting", "restarting")]
""",
        "there are more states than starting and restarting",
    ),
    Wrong(
        "08.2",
        "returns the parts",
        """
def not_ready(status):
    return [part for part in status.parts if part.state != "ready"]
""",
        "return their names",
    ),
    Wrong(
        "08.3",
        "prints the whole table",
        """
def line(status):
    return str(status)
""",
        "one line of at most 80 characters",
    ),
    Wrong(
        "08.3",
        "the same for every state",
        """
def line(status):
    return f"{status.name} has " + ", ".join(part.name for part in status.parts)
""",
        "say something else when all is well",
    ),
    Wrong(
        "08.3",
        "names only the first that waits",
        """
def line(status):
    waiting = [part.name for part in status.parts if part.state != "ready"]
    return f"{status.name}: waits for {waiting[0]}" if waiting else f"{status.name}: all well"
""",
        "it does not name job",
    ),
    Wrong(
        "08.3",
        "adds memory that is not there",
        """
def line(status):
    memory = sum(part.memory for part in status.parts)
    waiting = [part.name for part in status.parts if part.state != "ready"]
    return f"{status.name} {memory} {' '.join(waiting)}"
""",
        "part.memory or 0",
    ),
]
