"""For all tests: the simulated engine, and this folder to import from."""

pytest_plugins = ["workshop.simulation.pytest_plugin"]
