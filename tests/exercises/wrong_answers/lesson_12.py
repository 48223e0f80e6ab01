"""Wrong answers to the exercises of lesson 12."""

from tests.exercises.wrong_answers import Wrong

_PARTITION = """
from kafka.partitioner.default import murmur2


def partition_of(name, partitions):
"""

_ALARMS = """
def alarms(now, before):
    found = []
"""

WRONG = [
    Wrong(
        "12.1",
        "Python's own hash",
        _PARTITION + "    return hash(name) % partitions\n",
        "hash(…) is Python's own",
    ),
    Wrong(
        "12.1",
        "keeps the sign",
        _PARTITION + "    return murmur2(name.encode()) % partitions\n",
        "the sign has to go first",
    ),
    Wrong(
        "12.1",
        "hashes the text",
        _PARTITION + "    return (murmur2(name) & 0x7FFFFFFF) % partitions\n",
        "name.encode()",
    ),
    Wrong(
        "12.1",
        "binds the operators the other way",
        _PARTITION + "    return murmur2(name.encode()) & (0x7FFFFFFF % partitions)\n",
        "in this order",
    ),
    Wrong(
        "12.2",
        "goes below zero",
        """
def idle(partitions, taskmanagers, slots):
    return taskmanagers * slots - partitions
""",
        "a number below 0 means 0",
    ),
    Wrong(
        "12.2",
        "forgets the slots",
        """
def idle(partitions, taskmanagers, slots):
    return max(0, taskmanagers - partitions)
""",
        "each TaskManager has several slots",
    ),
    Wrong(
        "12.3",
        "goes through what was taken",
        """
def lag(end, taken):
    return sum(end[partition] - (place or 0) for partition, place in taken.items())
""",
        "count from 0",
    ),
    Wrong(
        "12.3",
        "trips over a partition that was never noted",
        """
def lag(end, taken):
    return sum(end[partition] - taken[partition] for partition in end)
""",
        "taken.get(…)",
    ),
    Wrong(
        "12.3",
        "takes the largest",
        """
def lag(end, taken):
    return max(end[partition] - (taken.get(partition) or 0) for partition in end)
""",
        "add up what waits in all partitions",
    ),
    Wrong(
        "12.4",
        "a fixed age",
        _ALARMS
        + """
    if now["checkpoint_age"] > 60:
        found.append("old")
    if now["restarts"] - before["restarts"] > 1:
        found.append("restarts")
    if now["lag"] - before["lag"] > 1000:
        found.append("lag")
    return found
""",
        "compare the age with the interval",
    ),
    Wrong(
        "12.4",
        "all restarts ever",
        _ALARMS
        + """
    if now["checkpoint_age"] > 10 * now["interval"]:
        found.append("old")
    if now["restarts"] > 3:
        found.append("restarts")
    if now["lag"] - before["lag"] > 1000:
        found.append("lag")
    return found
""",
        "restarts only ever grows",
    ),
    Wrong(
        "12.4",
        "a fixed lag",
        _ALARMS
        + """
    if now["checkpoint_age"] > 10 * now["interval"]:
        found.append("old")
    if now["restarts"] - before["restarts"] > 1:
        found.append("restarts")
    if now["lag"] > 10000:
        found.append("lag")
    return found
""",
        "only one that grows much",
    ),
    Wrong(
        "12.4",
        "the first alarm hides the others",
        _ALARMS
        + """
    if now["checkpoint_age"] > 10 * now["interval"]:
        found.append("old")
    elif now["restarts"] - before["restarts"] > 1:
        found.append("restarts")
    elif now["lag"] - before["lag"] > 1000:
        found.append("lag")
    return found
""",
        "if after if, not elif",
    ),
    Wrong(
        "12.4",
        "never wakes anybody",
        _ALARMS + "    return found\n",
        "nothing is committed without a checkpoint",
    ),
]
