"""How large things may be, so that whatever is let in can be processed; and where junk goes.

The engine puts what waits for one address into one request, at most ``maxNumBatchRequests`` (500)
messages. The topic takes no record larger than ``LARGEST_RECORD``, so no request of the engine is
larger than ``LARGEST_BODY``: it never meets the 413 that it could only answer by failing for ever.
"""

DEAD_LETTERS = "names-dead-letter"
"""The topic of what cannot be greeted."""

LARGEST_NAME = 16 * 1024
"""Of a name, in bytes of UTF-8. It is sent twice, as key and as name, and comes back three times:
as key, as name and within the greeting."""

LARGEST_RECORD = 64 * 1024
"""Of a record in the topic ``names``, uncompressed; the topic's ``max.message.bytes``. A dead
letter keeps so many bytes of what could not be greeted: all, where the topic has this limit."""

LARGEST_BODY = 48 * 1024 * 1024
"""Of a request to the endpoint."""
