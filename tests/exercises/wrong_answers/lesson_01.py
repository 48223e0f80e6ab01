"""Wrong answers to lesson 01."""

from tests.exercises.wrong_answers import Wrong

HEAD = 'syntax = "proto3";\npackage example;\n'


def schema(body: str, head: str = HEAD) -> str:
    """An answer to 01.2."""
    return f'schema = """{head}message GreetRequest {{\n{body}\n}}\n"""'


ENVELOPE = "def open_as(envelope, kind):\n"
GARDEN = '''first = """syntax = "proto3";
package garden;
message Watered { string plant = 1; int64 millilitres = 2; }
message Grown { string plant = 1; double centimetres = 2; }
"""
'''

WRONG = [
    Wrong(
        "01.1",
        "counts letters, not bytes",
        "def encode(name):\n    return bytes([10, len(name)]) + name.encode()",
        "the length counts bytes, not letters",
    ),
    Wrong(
        "01.1",
        "forgets the length",
        "def encode(name):\n    return bytes([10]) + name.encode()",
        "the length goes between the key and the content",
    ),
    Wrong(
        "01.1",
        "takes the field number for the key",
        "def encode(name):\n    return bytes([1, len(name.encode())]) + name.encode()",
        "the key is 0x0a",
    ),
    Wrong(
        "01.1",
        "the name alone",
        "def encode(name):\n    return name.encode()",
        "two bytes come before it",
    ),
    Wrong(
        "01.1",
        "a string",
        'def encode(name):\n    return "\\n" + chr(len(name)) + name',
        "only bytes can be sent",
    ),
    Wrong(
        "01.1",
        "adds a string to bytes",
        "def encode(name):\n    return bytes([10, len(name)]) + name",
        "name.encode() turns a string into bytes",
    ),
    Wrong(
        "01.1",
        "hard-coded",
        'def encode(name):\n    return b"\\x0a\\x03Ada"',
        "the content is the name passed to encode",
    ),
    Wrong(
        "01.2",
        "gives the number of the name away",
        schema("  string language = 1;\n  string name = 2;"),
        "number 1 means name",
    ),
    Wrong(
        "01.2",
        "moves the name to another number",
        schema("  string name = 3;\n  string language = 2;"),
        "number 1 means name",
    ),
    Wrong(
        "01.2",
        "uses a number twice",
        schema("  string name = 1;\n  string language = 1;"),
        "has a number that no other field of its message has",
    ),
    Wrong(
        "01.2",
        "changes the type of the name",
        schema("  int64 name = 1;\n  string language = 2;"),
        "a field that exists keeps its type",
    ),
    Wrong(
        "01.2",
        "a number for the language",
        schema("  string name = 1;\n  int32 language = 2;"),
        "its type has to be string, with nothing before it",
    ),
    Wrong(
        "01.2",
        "renames the name",
        schema("  string user = 1;\n  string language = 2;"),
        "code that reads request.name must keep working",
    ),
    Wrong(
        "01.2",
        "no number",
        schema("  string name = 1;\n  string language;"),
        "each field is a line like",
    ),
    Wrong(
        "01.2",
        "loses the package",
        schema("  string name = 1;\n  string language = 2;", 'syntax = "proto3";\n'),
        "the package is part of the name",
    ),
    Wrong(
        "01.2",
        "loses the syntax line",
        schema("  string name = 1;\n  string language = 2;", "package example;\n"),
        "begin the text with the line",
    ),
    Wrong(
        "01.3",
        "reads the value without looking at the label",
        ENVELOPE + "    return kind.FromString(envelope.value)",
        "bytes do not say what they are",
    ),
    Wrong(
        "01.3",
        "does not check what Unpack returns",
        ENVELOPE + "    message = kind()\n    envelope.Unpack(message)\n    return message",
        "check what Unpack returns",
    ),
    Wrong(
        "01.3",
        "compares the whole label",
        ENVELOPE
        + '    if envelope.type_url == f"type.googleapis.com/{kind.DESCRIPTOR.full_name}":\n'
        + "        return kind.FromString(envelope.value)",
        "the part before the slash may be anything",
    ),
    Wrong(
        "01.3",
        "asks Is about the class",
        ENVELOPE + "    if envelope.Is(kind):\n        return kind.FromString(envelope.value)",
        "Is takes a kind.DESCRIPTOR",
    ),
    Wrong(
        "01.3",
        "returns what Unpack returns",
        ENVELOPE + "    return envelope.Unpack(kind())",
        "return that message",
    ),
    Wrong("01.4", "nothing new", GARDEN + "second = first", "add a field with a new number"),
    Wrong(
        "01.4",
        "reuses a number",
        GARDEN + 'second = first.replace("int64 millilitres", "string by_whom")',
        "keep it, and add yours",
    ),
    Wrong(
        "01.4",
        "renumbers",
        GARDEN
        + 'second = first.replace("int64 millilitres = 2;", '
        + '"string by_whom = 2; int64 millilitres = 3;")',
        "a field keeps its number for ever",
    ),
    Wrong(
        "01.4",
        "changes a type",
        GARDEN + 'second = first.replace("int64 millilitres = 2;", "string millilitres = 2;")',
        "a field keeps its type",
    ),
    Wrong(
        "01.4",
        "drops a message",
        GARDEN + 'second = first.replace("message Grown", "message Seen")',
        "an existing message must stay",
    ),
    Wrong(
        "01.4",
        "one message",
        'first = second = """syntax = "proto3";\nmessage A { string b = 1; }"""',
        "at least two messages",
    ),
]
