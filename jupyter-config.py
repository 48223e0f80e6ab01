"""What every Jupyter goes by that is started from this environment; "make setup" puts it there."""

import os
import sys
from pathlib import Path

# The name python3 means the kernel of this environment, whoever owns it and whatever else this
# user has installed. Jupyter looks at this when a kernel is asked for, after it has read this file.
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

c = get_config()  # noqa: F821 - Jupyter gives it to its configuration files.
# Another login of this machine cannot listen to what a kernel prints.
c.MultiKernelManager.kernel_manager_class = (
    "workshop.series.server_kernel.PrivateServerKernelManager"
)
if os.name == "posix":
    # In a terminal, python is that of the lessons, whatever a person's own start files say: those
    # of a login are read first, by a shell that then becomes the one that is used.
    os.environ["WORKSHOP_BIN"] = str(Path(sys.executable).parent)
    used = os.environ.get("SHELL") or "/bin/sh"
    first = 'export PATH="$WORKSHOP_BIN:$PATH"'
    if Path(used).name == "bash":
        login = used
        become = (
            f"""exec "$0" --rcfile <(echo '[ ! -r ~/.bashrc ] || . ~/.bashrc'; echo '{first}')"""
        )
    else:
        login = "/bin/sh"
        become = f'{first}; exec "$0"'
    c.ServerApp.terminado_settings = {"shell_command": [login, "-lc", become, used]}
