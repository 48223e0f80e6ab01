"""The kernels of a Jupyter server that is started from this environment; see jupyter-config.py."""

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

from workshop.series.private_kernel import PrivateChannels


class PrivateServerKernelManager(PrivateChannels, ServerKernelManager):
    """The server's own manager of a kernel, with private channels."""
