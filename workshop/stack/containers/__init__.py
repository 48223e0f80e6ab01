"""The stack in containers: what starts them from outside, and what runs inside the engine's."""
