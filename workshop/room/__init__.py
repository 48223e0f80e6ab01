"""A room of learners: set up without a network, and its progress seen where learners share it."""
