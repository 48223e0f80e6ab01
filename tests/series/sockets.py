"""What kinds of ZeroMQ sockets a kernel listens with."""

from __future__ import annotations

import socket

import psutil


def kind_of(port: int) -> str:
    """What kind of ZeroMQ socket listens at a port, as it says itself to whoever connects."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as asking:
        asking.sendall(b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0"))
        asking.sendall(bytes(32))
        told = b""
        while b"Socket-Type" not in told or len(told.partition(b"Socket-Type")[2]) < 8:
            more = asking.recv(1000)
            assert more, told
            told += more
    after = told.partition(b"Socket-Type")[2]
    return after[4 : 4 + after[3]].decode()


def kinds_of_ports(pid: int) -> list[str]:
    """What kinds of sockets a kernel has at ports."""
    listening = psutil.Process(pid).net_connections("tcp")
    return [kind_of(one.laddr.port) for one in listening if one.status == psutil.CONN_LISTEN]
