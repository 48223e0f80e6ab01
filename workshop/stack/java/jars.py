"""The jars of the engine and the broker: a frozen list with checksums, fetched into a cache.

A download goes to a temporary name, is compared with its checksum, and only then moved into
place. Every start compares again, so that a half-downloaded or altered jar is never used.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from uuid import uuid4

import requests

from workshop.errors import WorkshopError
from workshop.paths import ROOT, cache_folder, make_folder
from workshop.stack.folders import RunFolder

LOCK = Path(__file__).with_name("jars.lock")
"""What every stack needs."""

LOCK_3 = Path(__file__).with_name("jars3.lock")
"""What an engine of 3.x needs besides: fetched when the first one starts."""

BUNDLED = ROOT / "offline" / "jars"
"""Jars that came with the repository, in an offline bundle: all users of the machine share them."""

Arrived = Callable[[int], None]
"""Called with each number of bytes that arrived."""


class JarError(WorkshopError):
    """A jar is missing and could not be fetched."""


@dataclass(frozen=True)
class Jar:
    """One pinned jar: its Maven coordinate, the class paths it is on, its bytes and SHA-256."""

    coordinate: str
    sets: frozenset[str]
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where the jar lies: beside the repository if it came with it, else in the cache."""
        _, artifact, version = self.coordinate.split(":")
        name = f"{artifact}-{version}.jar"
        bundled = BUNDLED / name
        return bundled if bundled.exists() else cache_folder() / "jars" / name

    @property
    def remote(self) -> str:
        """The jar's place below a repository's address, in Maven's layout."""
        group, artifact, version = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"

    def is_good(self) -> bool:
        """Whether the file is there and is the one that was pinned."""
        try:
            if self.path.stat().st_size != self.size:
                return False
            with self.path.open("rb") as file:
                return _sha256(iter(lambda: file.read(1 << 20), b"")) == self.sha256
        except FileNotFoundError:
            return False
        except PermissionError as error:
            raise JarError(
                f"{self.path} cannot be read by this login.",
                hint="ask whoever downloaded it to run: chmod -R a+rX "
                f"{shlex.quote(str(cache_folder()))}; or set WORKSHOP_CACHE to a folder of your "
                "own.",
            ) from error


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def write_lock(path: Path, jars: Iterable[Jar]) -> None:
    """Write the list, one jar a line: SHA-256, bytes, class paths, coordinate."""
    lines = [
        f"{jar.sha256} {jar.size:>9} {','.join(sorted(jar.sets)):<13} {jar.coordinate}"
        for jar in sorted(jars, key=lambda jar: jar.coordinate)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Read the pinned jars."""
    jars = []
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, size, sets, coordinate = line.split()
        jars.append(Jar(coordinate, frozenset(sets.split(",")), int(size), sha256))
    return jars


def jars_of(name: str) -> list[Jar]:
    """The jars of the set ``name``."""
    return [jar for lock in (LOCK, LOCK_3) for jar in read_lock(lock) if name in jar.sets]


def bad_jars(more: Iterable[Jar] = ()) -> list[Jar]:
    """The jars that are missing or altered, of those that every stack needs and of ``more``."""
    jars = list(dict.fromkeys([*read_lock(), *more]))
    # hashlib lets go of the interpreter lock, so both cores work.
    with ThreadPoolExecutor(max_workers=2) as pool:
        good = list(pool.map(Jar.is_good, jars))
    return [jar for jar, ok in zip(jars, good, strict=True) if not ok]


def link_jars(folder: RunFolder) -> None:
    """Put a link to every jar into the run folder; one to a jar that is not there does no harm."""
    for jar in [*read_lock(), *read_lock(LOCK_3)]:
        link = folder.jars / jar.path.name
        link.unlink(missing_ok=True)
        link.symlink_to(jar.path)


def class_path(folder: RunFolder, name: str) -> str:
    """The class path of the set ``name``, from within the run folder.

    Parameters
    ----------
    name
        ``engine``, ``engine3``, ``broker`` or ``compiler``.
    """
    jars = (folder.jars / jar.path.name for jar in jars_of(name))
    return os.pathsep.join(folder.inside(jar) for jar in jars)


def fetch(jars: list[Jar], arrived: Arrived = lambda _: None) -> None:
    """Fetch ``jars`` into the cache, several at a time.

    Raises
    ------
    JarError
        When the network, the disk or the content is not as it should be. Complete jars are kept.
    """
    for folder in {jar.path.parent for jar in jars} - {BUNDLED}:
        make_folder(folder, "WORKSHOP_CACHE")
    with requests.Session() as session, ThreadPoolExecutor(max_workers=6) as pool:
        futures = [pool.submit(_fetch_one, session, jar, arrived) for jar in jars]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def fetch_with_progress(jars: list[Jar]) -> None:
    """Fetch ``jars`` with a progress bar that shows their total size; see :func:`fetch`."""
    # The image of the engine is made without it, and without IPython and rich.
    from workshop.notebook import in_a_notebook

    total = sum(jar.size for jar in jars)
    what = "1 jar" if len(jars) == 1 else f"{len(jars)} jars"
    print(f"Fetching {what}, {total / 1e6:.0f} MB, into {jars[0].path.parent}", flush=True)
    with _bar_of_notebook(total) if in_a_notebook() else _bar_of_terminal(total) as arrived:
        fetch(jars, arrived)


@contextmanager
def _bar_of_terminal(total: int) -> Iterator[Arrived]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    ) as bar:
        task = bar.add_task("jars", total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def _bar_of_notebook(total: int) -> Iterator[Arrived]:
    """A bar that needs no kernel afterwards: that of rich is a widget."""
    from IPython.display import ProgressBar

    bar = ProgressBar(100)
    bar.display()
    lock, there = Lock(), 0

    def arrived(count: int) -> None:
        nonlocal there
        with lock:
            there += count
            if (percent := 100 * there // total) > bar.progress:
                bar.progress = percent

    yield arrived


def _fetch_one(session: requests.Session, jar: Jar, arrived: Arrived) -> None:
    if jar.path.parent == BUNDLED:
        raise JarError(
            f"{jar.path} is altered: its SHA-256 is not the pinned one.",
            hint="unpack the bundle again, and compare it with its own checksum.",
        )
    url = f"{_repository()}/{jar.remote}"
    digest = hashlib.sha256()
    partial: Path | None = None
    try:
        # Not by tempfile, whose files nobody else may read: a cache may serve several logins.
        partial = jar.path.with_name(f".partial-{uuid4().hex}-{jar.path.name}")
        with partial.open("xb") as file, session.get(url, stream=True, timeout=30) as reply:
            reply.raise_for_status()
            for chunk in reply.iter_content(1 << 16):
                file.write(chunk)
                digest.update(chunk)
                arrived(len(chunk))
        if digest.hexdigest() != jar.sha256:
            raise JarError(
                f"{jar.coordinate} was altered on the way: its SHA-256 is not the pinned one.",
                hint="run the command again; if it happens again, something between you and "
                f"{_repository()} changes files: use another network.",
            )
        partial.replace(jar.path)
    except requests.exceptions.SSLError as error:
        raise JarError(
            f"{jar.coordinate} could not be fetched: the certificate of {_repository()} is not "
            f"one that Python trusts ({_reason(error)}).",
            hint="behind a proxy that intercepts TLS, set REQUESTS_CA_BUNDLE to the file of your "
            "organisation's certificates.",
        ) from error
    except requests.RequestException as error:
        raise JarError(
            f"{jar.coordinate} could not be fetched from {_repository()}: {_reason(error)}",
            hint=(
                "connect to the network and run the command again (jars that have arrived are "
                "kept). If you use a mirror, set WORKSHOP_MAVEN_URL to its address."
            ),
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise JarError(
            f"The disk is full: {jar.coordinate} does not fit into {jar.path.parent}.",
            hint="free some space and run the command again, or set WORKSHOP_CACHE to a folder "
            "on another disk.",
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _reason(error: requests.RequestException) -> str:
    """The innermost reason, without the layers of the HTTP library around it."""
    cause: object = error
    while inner := getattr(cause, "reason", None) or next(iter(getattr(cause, "args", ())), None):
        if not isinstance(inner, Exception):
            break
        cause = inner
    return str(cause)


def _repository() -> str:
    from jgo.constants import MAVEN_CENTRAL_URL  # Imported late: it costs as much as a start.

    return os.environ.get("WORKSHOP_MAVEN_URL", MAVEN_CENTRAL_URL).rstrip("/")
