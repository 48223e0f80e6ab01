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

_MOVED = """
from contextlib import closing
from kafka import KafkaAdminClient, KafkaConsumer
from workshop.partitions import partition_of


def moved(bootstrap, topic, more, names):
    with closing(KafkaConsumer(bootstrap_servers=bootstrap)) as consumer:
        before = len(consumer.partitions_for_topic(topic))
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_partitions({topic: before + more})
    after = before + more
    return [name for name in names if partition_of(name, before) != partition_of(name, after)]
"""

_LAG = """
from contextlib import closing
from kafka import KafkaConsumer, TopicPartition


def lag(bootstrap, group, topic):
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, group_id=group)) as consumer:
        parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        ends = consumer.end_offsets(parts)
        return sum(end - (consumer.committed(part) or 0) for part, end in ends.items())
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
        "the sign is dropped before the division",
    ),
    Wrong(
        "12.1",
        "hashes the string",
        _PARTITION + "    return (murmur2(name) & 0x7FFFFFFF) % partitions\n",
        "name.encode()",
    ),
    Wrong(
        "12.1",
        "binds the operators the other way",
        _PARTITION + "    return murmur2(name.encode()) & (0x7FFFFFFF % partitions)\n",
        "Python evaluates % before &",
    ),
    Wrong(
        "12.2",
        "asks for the new ones alone",
        _MOVED.replace("before + more}", "more}"),
        "how many there are to be in all",
    ),
    Wrong(
        "12.2",
        "adds none",
        _MOVED.replace("admin.create_partitions", "print"),
        "where number is how many there are to be in all",
    ),
    Wrong(
        "12.2",
        "takes all for moved that are in a new partition",
        _MOVED.replace(
            "[name for name in names if", "[name for name in names if before <="
        ).replace("partition_of(name, before) != ", ""),
        "a name moves if its partition among the old number",
    ),
    Wrong(
        "12.3",
        "asks for the first partition alone",
        _LAG.replace("for number in consumer.partitions_for_topic(topic)", "for number in [0]"),
        "add up what waits in all partitions",
    ),
    Wrong(
        "12.3",
        "trips over a partition that was never noted",
        _LAG.replace(" or 0", ""),
        "committed(…) is None",
    ),
    Wrong(
        "12.3",
        "leaves out a partition that was never noted",
        _LAG.replace("(consumer.committed(part) or 0)", "(consumer.committed(part) or end)"),
        "has all of its records waiting",
    ),
    Wrong(
        "12.3",
        "takes the largest",
        _LAG.replace("sum(", "max("),
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
