"""A room of learners: set up without a network, with its progress shown where learners share it."""
