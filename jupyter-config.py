"""What every Jupyter goes by that is started from this environment; "make setup" puts it there."""

import os

# The name python3 means the kernel of this environment, whoever owns it and whatever else this
# user has installed. Jupyter looks at this when a kernel is asked for, after it has read this file.
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

c = get_config()  # noqa: F821 - Jupyter gives it to its configuration files.
# Another login of this machine cannot listen to what a kernel prints.
c.MultiKernelManager.kernel_manager_class = (
    "workshop.series.server_kernel.PrivateServerKernelManager"
)
