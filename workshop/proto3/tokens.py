"""The words of a proto text, one after the other."""

from __future__ import annotations

import re
from typing import NoReturn

from workshop.proto3.terms import Refused

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<float>(?!0\d)(?:(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d*)?|\d+[eE][+-]?\d*))
    |(?P<number>0[xX][0-9a-fA-F]*|\d+)
    |(?P<string>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<open>/\*.*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def _flaw(number: str, before: str, after: str) -> str:
    """What protoc says of a number between two characters, if it is malformed."""
    if number[0] == "." and re.match(r"[A-Za-z_0-9]", before):
        return "Need space between identifier and decimal point."
    if re.fullmatch(r"0[xX]", number):
        return '"0x" must be followed by hex digits.'
    if re.fullmatch(r"0\d*[89]\d*", number):
        return "Numbers starting with leading zero must be in octal."
    if re.fullmatch(r"[\d.]+[eE][+-]?", number):
        return '"e" must be followed by exponent.'
    if re.match(r"[A-Za-z_]", after):
        return "Need space between number and identifier."
    if after != ".":
        return ""
    if re.fullmatch(r"0[xX].*|0\d+", number):
        return "Hex and octal numbers must be integers."
    return "Already saw decimal point or exponent; can't have another one."


class Tokens:
    """Goes through the words of a text; what is not as expected is refused as protoc does it."""

    def __init__(self, text: str) -> None:
        self._tokens = [
            (found.lastgroup or "", found[0], text.count("\n", 0, found.start()) + 1, found.span())
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "space"
        ]
        self._tokens.append(("end", "", text.count("\n") + 1, (len(text),) * 2))
        self._text = text
        self._at = -1
        self.step()

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def value(self) -> str:
        return self._tokens[self._at][1]

    @property
    def line(self) -> int:
        return self._tokens[self._at][2]

    def refuse(self, what: str) -> NoReturn:
        raise Refused(self.line, what)

    def unread(self, what: str) -> NoReturn:
        self.refuse(f"A browser cannot compile {what}; protoc on a machine of yours can.")

    def step(self) -> None:
        """Go to the next token; protoc tells of a malformed one as soon as it gets there."""
        self._at += 1
        if self.kind == "sign" and not self.value.isascii():
            self.refuse(f"Interpreting non ascii codepoint {self.value.encode()[0]}.")
        if self.kind == "sign" and self.value in "\"'":
            self.refuse(f"Multiline strings are not allowed. Did you miss a {self.value}?.")
        if self.kind == "open":
            raise Refused(self._tokens[-1][2], "End-of-file inside block comment.")
        start, end = self._tokens[self._at][3]
        if self.kind in ("number", "float") and (
            flaw := _flaw(self.value, self._text[max(0, start - 1) : start], self._text[end:][:1])
        ):
            self.refuse(flaw)

    def take(self, kind: str, otherwise: str) -> str:
        if self.kind != kind:
            self.refuse(otherwise)
        value: str = self.value
        self.step()
        return value

    def maybe(self, value: str) -> bool:
        found = self.value == value
        if found:
            self.step()
        return found

    def expect(self, value: str, otherwise: str = "") -> None:
        if not self.maybe(value):
            self.refuse(otherwise or f'Expected "{value}".')

    def string(self, otherwise: str) -> str:
        said = self.take("string", otherwise)[1:-1]
        while self.kind == "string":
            said += self.take("string", otherwise)[1:-1]
        return said

    def integer(self, otherwise: str) -> int:
        line = self.line
        digits = self.take("number", otherwise)
        number = int(digits, 8 if digits.isdigit() and digits[0] == "0" else 0)
        if number >= 2**31:
            raise Refused(line, "Integer out of range.")
        return number
