"""Reads proto3 text where protoc cannot run, as in a browser."""

from workshop.proto3.reader import read
from workshop.proto3.terms import Refused

__all__ = ["Refused", "read"]
