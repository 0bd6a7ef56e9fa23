-- What was gone from the log before it was read. Offsets of a topic that was made again begin anew: former_end is where the
-- one before ended, as far as was known, and -1 where the topic is the same. A gap that is found again is one row.
CREATE TABLE IF NOT EXISTS log_gaps
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    expected        Int64,
    resumed_at      Int64,
    former_end      Int64,
    found_at        DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(found_at)
ORDER BY (topic, kafka_partition, expected, resumed_at, former_end);
