"""The words of a proto text, one after the other."""

from __future__ import annotations

import re
from typing import NoReturn

from workshop.proto3.terms import Refused

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<float>\d+\.\d*|\.\d+)
    |(?P<glued>(?!0[xX])(?:\d+\.\d*|\d+)(?=[A-Za-z_]))
    |(?P<number>0[xX][0-9a-fA-F]+|\d+)
    |(?P<string>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<open>/\*.*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class Tokens:
    """Goes through the words of a text; what is not as expected is refused as protoc does it."""

    def __init__(self, text: str) -> None:
        self._tokens = [
            (found.lastgroup or "", found[0], text.count("\n", 0, found.start()) + 1)
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "space"
        ]
        self._tokens.append(("end", "", text.count("\n") + 1))
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
        if self.kind == "glued":
            self.refuse("Need space between number and identifier.")
        if re.fullmatch(r"0\d*[89]\d*", self.value):
            self.refuse("Numbers starting with leading zero must be in octal.")

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
