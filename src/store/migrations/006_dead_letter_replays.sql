-- Who sent which dead letter again, when, and what was sent. Nothing here is ever replaced: a replay done twice is two rows.
CREATE TABLE IF NOT EXISTS dead_letter_replays
(
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    event_id        UUID,
    sent_message    String COMMENT 'the bytes of the corrected message',
    replayed_by     String,
    replayed_at     DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, kafka_partition, kafka_offset, replayed_at, event_id);

ALTER TABLE dead_letter_fixes ADD COLUMN IF NOT EXISTS fixed_by String DEFAULT '';
