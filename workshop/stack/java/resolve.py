"""Write ``jars.lock``: the exact jars of the engine and the broker. ``make lock`` runs it.

Resolving happens here and never on a learner's machine: a resolver trusts whatever file lies in
its cache, while a frozen list with checksums cannot be misled.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from workshop.stack.java.jars import LOCK, Jar, write_lock

FLINK = "1.11.3"
# The version that nearly all of Kafka's and Flink's dependencies were built against.
SLF4J = "1.7.36"

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
    "broker": (["org.apache.kafka:kafka_2.13:4.4.0"], [f"org.slf4j:slf4j-simple:{SLF4J}"]),
    # Compiles java/: the bundled Java has no compiler.
    "compiler": ([], ["org.eclipse.jdt:ecj:3.40.0"]),
}


def resolve(cache: Path) -> list[Jar]:
    """Resolve every set into the jars that Maven itself would pick."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=cache, timeout=60)
    sets: dict[str, set[str]] = {}
    paths: dict[str, Path] = {}
    for name, (roots, bare) in SETS.items():
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
        write_lock(LOCK, resolve(Path(folder)))
