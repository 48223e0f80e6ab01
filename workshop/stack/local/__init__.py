"""The stack as processes of this machine: a supervisor starts them, brings them back, ends them."""
