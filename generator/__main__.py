"""Send random names to be greeted and print the greetings: ``python -m generator``."""

from generator.event_generator import main

if __name__ == "__main__":
    main()
