-- Which windows have changes that the aggregates have not seen. Each writer counts up: `marked` is its counter when it
-- changed the window, `rolled` is the counter that a roll-up had read before it computed the window. Stale: marked > rolled.
-- The times are for `fresh_as_of` alone and decide nothing: `first_at` is when the writer first marked the window, `rolled_at`
-- when the roll-up that is recorded in `rolled` began. A settled row goes an hour later, an unsettled one never.
CREATE TABLE IF NOT EXISTS rollup_windows
(
    level        Enum8('slice' = 1, 'minute' = 2, 'hour' = 3),
    window_start DateTime('UTC'),
    writer       UInt64,
    marked       SimpleAggregateFunction(max, UInt64),
    rolled       SimpleAggregateFunction(max, UInt64) DEFAULT 0,
    marked_at    SimpleAggregateFunction(max, DateTime64(3, 'UTC')) DEFAULT now64(3),
    first_at     SimpleAggregateFunction(min, DateTime64(3, 'UTC')) DEFAULT marked_at,
    rolled_at    SimpleAggregateFunction(max, DateTime64(3, 'UTC')) DEFAULT toDateTime64(0, 3)
)
ENGINE = AggregatingMergeTree
ORDER BY (level, window_start, writer)
TTL toDateTime(marked_at) + INTERVAL 1 HOUR DELETE WHERE rolled >= marked
SETTINGS merge_with_ttl_timeout = 600;

-- Times between which rows of a table may have expired although its present TTL would keep them: a TTL was made longer.
-- Windows in there are never computed from that table again.
CREATE TABLE IF NOT EXISTS retention_gaps
(
    table_name String,
    lost_from  DateTime('UTC'),
    lost_until DateTime('UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (table_name, lost_from, lost_until);

-- Aggregates by page: one row for each window and page, replaced as a whole when the window is computed again.
CREATE TABLE IF NOT EXISTS page_views_slice
(
    window_start   DateTime('UTC'),
    page_id        LowCardinality(String),
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toStartOfHour(window_start)
ORDER BY (window_start, page_id)
TTL window_start + INTERVAL 4 HOUR
SETTINGS ttl_only_drop_parts = 1;

-- The same by minute,
CREATE TABLE IF NOT EXISTS page_views_agg_minute
(
    window_start   DateTime('UTC'),
    page_id        LowCardinality(String),
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(window_start)
ORDER BY (window_start, page_id)
SETTINGS ttl_only_drop_parts = 1;

-- and by hour.
CREATE TABLE IF NOT EXISTS page_views_agg_hour
(
    window_start   DateTime('UTC'),
    page_id        LowCardinality(String),
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(window_start)
ORDER BY (window_start, page_id);

-- Aggregates by other dimensions, not crossed with pages: 'all' (its value is empty) and 'region'.
CREATE TABLE IF NOT EXISTS page_views_breakdown_slice
(
    window_start   DateTime('UTC'),
    dimension      LowCardinality(String),
    value          String,
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toStartOfHour(window_start)
ORDER BY (window_start, dimension, value)
TTL window_start + INTERVAL 4 HOUR
SETTINGS ttl_only_drop_parts = 1;

-- The same by minute,
CREATE TABLE IF NOT EXISTS page_views_breakdown_minute
(
    window_start   DateTime('UTC'),
    dimension      LowCardinality(String),
    value          String,
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(window_start)
ORDER BY (window_start, dimension, value)
SETTINGS ttl_only_drop_parts = 1;

-- and by hour.
CREATE TABLE IF NOT EXISTS page_views_breakdown_hour
(
    window_start   DateTime('UTC'),
    dimension      LowCardinality(String),
    value          String,
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64 COMMENT 'when its computation began, in nanoseconds: of two the later one wins'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(window_start)
ORDER BY (window_start, dimension, value);
