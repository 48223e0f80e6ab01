"""What the notebooks import: the simulation, the real stack and the runner of the lessons."""
