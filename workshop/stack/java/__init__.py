"""What runs on Java: the jars, our own classes, class archives, and how each program is set up."""
