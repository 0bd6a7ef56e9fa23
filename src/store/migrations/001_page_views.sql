-- The page views as they came: a set. Rows with the same sorting key are one row, written once or many times.
-- The key begins with the slice, so that computing a window reads little, and ends with a hash of the payload,
-- so that two payloads under one event_id both stay. The partition is made of a key column: FINAL can prune by it.
CREATE TABLE IF NOT EXISTS page_views_raw
(
    event_date      Date DEFAULT toDate(event_time),
    event_time      DateTime64(3, 'UTC'),
    page_id         LowCardinality(String),
    user_id         String,
    duration_ms     UInt32,
    user_agent      LowCardinality(String),
    ip_address      IPv6 COMMENT ':: when the event has none; IPv4 as ::ffff:a.b.c.d',
    region          LowCardinality(String),
    is_bounce       Bool,
    kafka_partition UInt32,
    kafka_offset    UInt64,
    processed_time  DateTime64(3, 'UTC') DEFAULT now64(3),
    event_id        UUID,
    slice           DateTime('UTC') MATERIALIZED toDateTime(intDiv(toUnixTimestamp64Milli(event_time), 5000) * 5, 'UTC'),
    payload_hash    UInt64 MATERIALIZED cityHash64(event_time, page_id, user_id, duration_ms, user_agent, ip_address, region, is_bounce),
    INDEX times (event_date, event_time) TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(slice)
ORDER BY (slice, page_id, event_id, payload_hash)
SETTINGS ttl_only_drop_parts = 1;

-- Messages that are no page views. Their place in the log is their identity, so a redelivery is the same row; a row that
-- was resolved has a higher version than any redelivery. No partitions: rows of one key must be able to merge.
CREATE TABLE IF NOT EXISTS processing_errors
(
    error_time      DateTime64(3, 'UTC'),
    raw_message     Nullable(String) COMMENT 'the bytes of the message; NULL when it had none',
    error_reason    LowCardinality(String),
    error_detail    String,
    topic           LowCardinality(String),
    kafka_partition UInt32,
    kafka_offset    UInt64,
    message_key     Nullable(String) COMMENT 'the bytes of the key; NULL when it had none',
    resolved_at     Nullable(DateTime64(3, 'UTC')),
    resolution      LowCardinality(String) DEFAULT '',
    version         UInt64 DEFAULT 0
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, kafka_partition, kafka_offset);
