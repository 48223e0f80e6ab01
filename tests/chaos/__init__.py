"""Names at a steady rate while processes of the stack are killed at random, and the verdict."""
