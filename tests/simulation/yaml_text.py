"""Module definitions for tests, made from their parts."""

from collections.abc import Sequence

ANY_TEXT = "type.googleapis.com/google.protobuf.StringValue"


def module_text(
    functions: dict[str, Sequence[str]],
    *,
    targets: Sequence[str] = (),
    type_url: str = ANY_TEXT,
    version: str = "2.0",
    max_batch: int = 500,
    timeout: str = "1min",
    start: str = "earliest",
    semantic: str = "exactly-once",
) -> str:
    """A module with the topic ``in``, the egress ``test/out`` and the given functions.

    The states of a function are YAML in flow style: ``{name: seen, expireAfter: 1min}``.
    """
    lines = [f'version: "{version}"', "module:", "  meta: {type: remote}", "  spec:"]
    lines.append("    functions:")
    for typename, states in functions.items():
        lines += [
            "      - function:",
            f"          meta: {{kind: http, type: {typename}}}",
            "          spec:",
            "            endpoint: http://worker:8000/statefun",
            f"            states: [{', '.join(states)}]",
            f"            maxNumBatchRequests: {max_batch}",
            f"            timeout: {timeout}",
        ]
    lines += [
        "    ingresses:",
        "      - ingress:",
        "          meta: {type: statefun.kafka.io/routable-protobuf-ingress, id: test/in}",
        "          spec:",
        "            address: kafka:9092",
        f"            startupPosition: {{type: {start}}}",
        "            topics:",
        "              - topic: in",
        f"                typeUrl: {type_url}",
        f"                targets: [{', '.join(targets or list(functions)[:1])}]",
        "    egresses:",
        "      - egress:",
        "          meta: {type: statefun.kafka.io/generic-egress, id: test/out}",
        "          spec:",
        "            address: kafka:9092",
        "            deliverySemantic:",
        f"              type: {semantic}",
        "              transactionTimeoutMillis: 100000",
    ]
    return "\n".join(lines) + "\n"
