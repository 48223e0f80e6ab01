"""Traffic for the greeter: sends names to Kafka and reads the greetings back."""
