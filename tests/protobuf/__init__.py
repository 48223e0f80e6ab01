"""The SDK on the protobuf that is used and on the one that it asks for."""
