"""What JupyterHub goes by where every learner has a login on one machine: see room.md.

Everything is found from where this file lies, so use it there, in the copy that all logins share.
"""

import asyncio
import os
import pwd
from pathlib import Path

COPY = Path(__file__).resolve().parents[1]
PYTHON = COPY / ".venv" / "bin" / "python"
# Where each learner finds the lessons, below their home.
THEIRS = "statefun-workshop"
# A kernel that has done nothing for this long is ended, and its stack with it.
IDLE_SECONDS = int(os.environ.get("IDLE_SECONDS", "3600"))

c = get_config()  # noqa: F821 - JupyterHub gives it to its configuration files.

c.ConfigurableHTTPProxy.command = [
    str(COPY / ".venv" / "node_modules" / ".bin" / "configurable-http-proxy")
]

# Who may log in, with the password of their login on this machine: put your learners here.
c.Authenticator.allowed_users = {"ada", "grace"}


async def bring_the_lessons(spawner) -> None:  # noqa: ANN001 - a Spawner
    """Copy what is new of the lessons to a learner's home; what they changed stays as it is."""
    login = pwd.getpwnam(spawner.user.name)
    # As that learner: root would follow any link that they had put there.
    copying = await asyncio.create_subprocess_exec(
        *(PYTHON, "-m", "workshop", "lessons", THEIRS),
        cwd=login.pw_dir,
        env={"HOME": login.pw_dir, "LOGNAME": login.pw_name, "PATH": os.environ["PATH"]},
        user=login.pw_uid,
        group=login.pw_gid,
        extra_groups=[],
    )
    if await copying.wait():
        raise RuntimeError(f"The lessons could not be copied to {login.pw_dir}/{THEIRS}.")


c.Spawner.pre_spawn_hook = bring_the_lessons
c.Spawner.default_url = f"/lab/tree/{THEIRS}/notebooks/00_start_here.ipynb"
c.Spawner.cmd = [str(PYTHON), "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_SECONDS}",
    f"--MappingKernelManager.cull_interval={max(1, IDLE_SECONDS // 60)}",
    # A page that was left open is no reason to go on; a panel or a dashboard that shows is.
    "--MappingKernelManager.cull_connected=True",
]
c.Spawner.environment = {
    "WORKSHOP_SIZE": "lean",
    "WORKSHOP_CACHE": str(COPY / "build" / "cache"),
    # In a terminal of JupyterLab, "python -m workshop" is this one.
    "PATH": os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]]),
    # The kernel python3 is the environment's, whatever a learner has installed.
    "JUPYTER_PREFER_ENV_PATH": "1",
}
# Starting JupyterLab takes a while when a whole room logs in at once.
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
