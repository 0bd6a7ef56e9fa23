import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Java's own client sends texts to partition 0 of a topic, each in a transaction: bootstrap topic (commit|abort text)... */
public class Transactions {
    public static void main(String[] args) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", args[0], "transactional.id", "java-" + args[1]);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            for (int i = 2; i < args.length; i += 2) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(args[1], 0, "k", args[i + 1])).get();
                if (args[i].equals("commit")) producer.commitTransaction();
                else producer.abortTransaction();
            }
        }
    }
}
