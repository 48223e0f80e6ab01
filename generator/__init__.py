"""Traffic for the greeter: what sends names to Kafka and reads the greetings back."""
