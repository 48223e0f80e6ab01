"""The smallest module definition that fits some functions, to run them in the simulation."""

from __future__ import annotations

from google.protobuf.message import Message
from statefun import StatefulFunctions

__all__ = ["small_module"]


def small_module(
    functions: StatefulFunctions, entry: str, message: type[Message], topic: str = "names"
) -> str:
    """Write a ``module.yaml`` that declares all bound functions, without states and egresses.

    Parameters
    ----------
    functions
        The functions as the SDK has them bound.
    entry
        The type of the function that gets what arrives in the topic, ``namespace/name``.
    message
        The class of the messages in the topic.
    topic
        The topic's name.

    Returns
    -------
    str
        YAML, of format 1.0 as the walkthrough's.
    """
    declared = "".join(
        f"""
      - function:
          meta: {{kind: http, type: {namespace}/{name}}}
          spec: {{endpoint: "http://python-worker:8000/statefun"}}"""
        for namespace, name in functions.functions
    )
    return f"""version: "1.0"
module:
  meta: {{type: remote}}
  spec:
    functions:{declared or " []"}
    ingresses:
      - ingress:
          meta: {{type: statefun.kafka.io/routable-protobuf-ingress, id: example/names}}
          spec:
            address: kafka-broker:9092
            consumerGroupId: my-group-id
            startupPosition: {{type: earliest}}
            topics:
              - topic: {topic}
                typeUrl: com.googleapis/{message.DESCRIPTOR.full_name}
                targets: [{entry}]
"""
