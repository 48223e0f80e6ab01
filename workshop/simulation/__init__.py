"""Run stateful functions without the engine: a fake context and a simulated runtime.

`FakeContext` is what a function is called with; `SimulatedRuntime` simulates the engine for a whole
module. Neither needs anything else from this package, so any project can use them in its tests.
"""

from workshop.simulation.check import check_module
from workshop.simulation.context import FakeContext
from workshop.simulation.copies import Copies
from workshop.simulation.errors import HandlerMismatch, JobFailed, ModuleError, SimulationError
from workshop.simulation.event import Event
from workshop.simulation.messages import Address
from workshop.simulation.module_diagram import ModuleDiagram, module_diagram
from workshop.simulation.runtime import SimulatedRuntime
from workshop.simulation.trace import Trace
from workshop.simulation.yaml_nodes import Finding

__all__ = [
    "Address",
    "Copies",
    "Event",
    "FakeContext",
    "Finding",
    "HandlerMismatch",
    "JobFailed",
    "ModuleDiagram",
    "ModuleError",
    "SimulatedRuntime",
    "SimulationError",
    "Trace",
    "check_module",
    "module_diagram",
]
