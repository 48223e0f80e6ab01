"""The greeter on StateFun 3.x: what gets deployed there. It has an SDK of its own."""
