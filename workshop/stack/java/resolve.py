"""Write ``jars.lock`` and ``jars3.lock``: the exact jars. ``make lock`` runs it.

Resolving happens here and never on a learner's machine: a resolver trusts whatever file lies in
its cache, while a frozen list with checksums cannot be misled.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from workshop.stack.java.jars import LOCK, LOCK_3, Jar, write_lock

FLINK, FLINK3 = "1.11.3", "1.16.2"
# The version that nearly all of Kafka's and Flink's dependencies were built against.
SLF4J = "1.7.36"

LOCKS = {LOCK: ("engine", "broker", "compiler"), LOCK_3: ("engine3",)}

# Each set becomes one class path. The second list is taken without its dependencies.
SETS: dict[str, tuple[list[str], list[str]]] = {
    "engine": (
        [
            f"org.apache.flink:{name}_2.12:{FLINK}"
            for name in (
                "flink-runtime",
                "flink-runtime-web",
                "flink-clients",
                "flink-streaming-java",
            )
        ],
        # It shades all it needs. Its declared dependencies would bring a second Flink.
        ["org.apache.flink:statefun-flink-distribution:2.2.2", f"org.slf4j:slf4j-simple:{SLF4J}"],
    ),
    # From Flink 1.15 on these have no Scala version in their names.
    "engine3": (
        [
            f"org.apache.flink:{name}:{FLINK3}"
            for name in (
                "flink-runtime",
                "flink-runtime-web",
                "flink-clients",
                "flink-streaming-java",
            )
        ],
        ["org.apache.flink:statefun-flink-distribution:3.3.0", f"org.slf4j:slf4j-simple:{SLF4J}"],
    ),
    "broker": (["org.apache.kafka:kafka_2.13:4.4.0"], [f"org.slf4j:slf4j-simple:{SLF4J}"]),
    # Compiles java/: the bundled Java has no compiler.
    "compiler": ([], ["org.eclipse.jdt:ecj:3.40.0"]),
}


def resolve(cache: Path, names: Iterable[str]) -> list[Jar]:
    """Resolve sets into the jars that Maven itself would pick."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=cache, timeout=60)
    sets: dict[str, set[str]] = {}
    paths: dict[str, Path] = {}
    for name in names:
        roots, bare = SETS[name]
        # Without the "!" other versions are picked than Maven picks.
        wanted = [context.create_dependency(f"{root}!") for root in roots]
        resolved = context.resolver.resolve(wanted, transitive=True)[1] if wanted else []
        everything = context.project("*", "*")
        wanted += [context.create_dependency(f"{b}!", exclusions=[everything]) for b in bare]
        for dependency in [*wanted, *resolved]:
            artifact = dependency.artifact
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            sets.setdefault(coordinate, set()).add(name)
            paths[coordinate] = Path(artifact.resolve())
    return [
        Jar(
            coordinate=coordinate,
            sets=frozenset(sets[coordinate]),
            size=path.stat().st_size,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for coordinate, path in paths.items()
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for lock, names in LOCKS.items():
            write_lock(lock, resolve(Path(folder), names))
