"""The stack in containers: what starts them from outside, and what runs inside of the engine's."""
