-- Corrected messages that wait to be sent again; the last correction of a dead letter is the one that counts.
CREATE TABLE IF NOT EXISTS dead_letter_fixes
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    fixed_message   String,
    fixed_at        DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(fixed_at)
ORDER BY (topic, kafka_partition, kafka_offset);
