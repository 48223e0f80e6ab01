package org.apache.flink.statefun.flink.io.kafka;

import java.io.File;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.statefun.flink.common.UnimplementedTypeInfo;
import org.apache.flink.statefun.sdk.kafka.KafkaIngressDeserializer;
import org.apache.flink.streaming.connectors.kafka.KafkaDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads each record that comes in, in place of the engine's class of this name.
 *
 * <p>One that cannot be read is named in the error, so that it can be told which it is, unless there
 * is a file with the name of its place in the folder that the property {@code workshop.skipped}
 * names: then it is stepped over. Flink takes null for "no message in this record", and its offset
 * moves on.
 */
final class KafkaDeserializationSchemaDelegate<T> implements KafkaDeserializationSchema<T> {
  private static final long serialVersionUID = 1;

  private final KafkaIngressDeserializer<T> deserializer;

  KafkaDeserializationSchemaDelegate(KafkaIngressDeserializer<T> deserializer) {
    this.deserializer = deserializer;
  }

  @Override
  public T deserialize(ConsumerRecord<byte[], byte[]> record) {
    try {
      return deserializer.deserialize(record);
    } catch (Exception error) {
      String place = record.topic() + "-" + record.partition() + "-" + record.offset();
      if (new File(System.getProperty("workshop.skipped"), place).exists()) {
        return null;
      }
      String reason =
          record.key() == null
              ? "it has no key"
              : record.value() == null ? "it has no value" : error.toString();
      throw new IllegalStateException(
          String.join(
              " ",
              "poison",
              record.topic(),
              String.valueOf(record.partition()),
              String.valueOf(record.offset()),
              String.valueOf(record.timestamp()),
              reason),
          error);
    }
  }

  @Override
  public boolean isEndOfStream(T next) {
    return false;
  }

  @Override
  public TypeInformation<T> getProducedType() {
    return new UnimplementedTypeInfo<>(); // StateFun puts that of its ingress in its place.
  }
}
