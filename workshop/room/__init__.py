"""A room of learners: set up without a network, with its progress visible where learners share
it."""
