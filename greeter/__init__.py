"""The application that gets deployed: the greet function and the endpoint that serves it."""
