"""The jars: only what was pinned is ever used, whatever the network or the disk does."""

import functools
import http.server
import os
import shutil
import socket
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient

from book.pages import WIDGET
from tests.processes import on_a_small_disk
from workshop.stack import preflight
from workshop.stack.java import jars
from workshop.stack.java.jars import Jar, JarError, bad_jars, fetch, read_lock, write_lock
from workshop.stack.preflight import check_before_start

SMALLEST = sorted(read_lock(), key=lambda jar: jar.size)[:3]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A Maven repository on loopback with three of the pinned jars, and an empty cache."""
    content = tmp_path / "repository"
    for jar in SMALLEST:
        assert jar.is_good(), "run: python -m workshop fetch"
        (content / jar.remote).parent.mkdir(parents=True)
        shutil.copy(jar.path, content / jar.remote)
    handler = functools.partial(Quiet, directory=str(content))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("WORKSHOP_MAVEN_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("WORKSHOP_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "jars.lock"
    write_lock(lock, SMALLEST)
    monkeypatch.setattr(jars, "read_lock", functools.partial(read_lock, lock))
    yield content
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def leftovers() -> list[str]:
    return [path.name for path in SMALLEST[0].path.parent.glob(".partial*")]


def test_the_lock_survives_writing_and_reading(tmp_path):
    write_lock(tmp_path / "again", read_lock())
    assert (tmp_path / "again").read_text() == jars.LOCK.read_text()


def test_no_two_jars_share_a_file():
    assert len({jar.path for jar in read_lock()}) == len(read_lock())


def test_fetching_brings_exactly_what_is_missing(repository):
    assert bad_jars() == sorted(SMALLEST, key=lambda jar: jar.coordinate)
    arrived: list[int] = []
    fetch(bad_jars(), arrived.append)
    assert sum(arrived) == sum(jar.size for jar in SMALLEST)
    assert bad_jars() == []
    assert leftovers() == []


def test_in_a_notebook_the_bar_can_be_seen_without_a_kernel(repository, tmp_path, kernels):
    cell = f"""
from pathlib import Path
from workshop.stack.java.jars import fetch_with_progress, read_lock

fetch_with_progress(read_lock(Path({str(tmp_path / "jars.lock")!r})))"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook).execute()
    assert bad_jars() == []
    shown = [output.data for output in notebook.cells[0].outputs if "data" in output]
    assert len(shown) == 1 and WIDGET not in shown[0]
    assert "value='100'" in shown[0]["text/html"]


@pytest.mark.parametrize("damage", ["half", "altered", "empty"])
def test_a_damaged_jar_is_found_and_fetched_again(repository, damage):
    fetch(bad_jars())
    victim = SMALLEST[1].path
    good = victim.read_bytes()
    altered = bytes([good[0] ^ 1]) + good[1:]
    victim.write_bytes({"half": good[: len(good) // 2], "altered": altered, "empty": b""}[damage])
    assert bad_jars() == [SMALLEST[1]]
    fetch(bad_jars())
    assert victim.read_bytes() == good


def test_a_start_mends_the_jars_first(repository, capsys, monkeypatch):
    monkeypatch.setattr(preflight, "prepare", lambda *_: None)  # Of three jars nothing is made.
    fetch(bad_jars())
    SMALLEST[1].path.write_bytes(b"half a jar")
    check_before_start()
    assert bad_jars() == []
    assert "Fetching 1 jar," in capsys.readouterr().out


def test_what_arrives_altered_is_never_put_in_place(repository):
    served = repository / SMALLEST[0].remote
    served.write_bytes(bytes([served.read_bytes()[0] ^ 1]) + served.read_bytes()[1:])
    with pytest.raises(JarError, match="SHA-256"):
        fetch(bad_jars())
    assert not SMALLEST[0].path.exists()
    assert leftovers() == []


def test_what_the_repository_lacks(repository):
    (repository / SMALLEST[0].remote).unlink()
    with pytest.raises(JarError, match="could not be fetched.*404"):
        fetch(bad_jars())


def test_no_network_says_what_to_do_and_keeps_what_arrived(repository, monkeypatch):
    fetch([SMALLEST[2]])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("WORKSHOP_MAVEN_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(JarError, match="connect to the network"):
        fetch(bad_jars())
    assert SMALLEST[2] not in bad_jars()
    assert leftovers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="a small file system needs Linux namespaces")
def test_a_full_disk_is_one_clear_error(repository, tmp_path):
    """Fetch a megabyte into a file system of 64 KiB, in a mount namespace of its own."""
    cache = tmp_path / "small"
    cache.mkdir()
    code = (
        "from workshop.stack.java.jars import Jar, fetch\n"
        f"fetch([Jar('{SMALLEST[2].coordinate}', frozenset(), 1, '0')])"
    )
    (repository / SMALLEST[2].remote).write_bytes(os.urandom(1 << 20))
    done = on_a_small_disk(cache, "64k", "-c", code, WORKSHOP_CACHE=str(cache))
    assert done.returncode == 1
    assert "The disk is full" in done.stderr, done.stderr
    assert "WORKSHOP_CACHE" in done.stderr


def test_a_jar_knows_its_place_in_a_repository():
    jar = Jar("org.example:tool_2.12:1.0", frozenset({"engine"}), 1, "")
    assert jar.remote == "org/example/tool_2.12/1.0/tool_2.12-1.0.jar"
