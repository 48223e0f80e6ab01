"""The types of the greeter: what each kind of value is called on the wire, and how it is read.

The name of one is ``type.googleapis.com/example.GreetRequest``: ``module.yaml`` gives it to what
the ingress reads.
"""

from statefun import make_protobuf_type

from greeter.messages_pb2 import GreetRequest, GreetResponse, SeenCount

GREET_REQUEST = make_protobuf_type(GreetRequest)
GREET_RESPONSE = make_protobuf_type(GreetResponse)
SEEN_COUNT = make_protobuf_type(SeenCount)
