-- How many unique users a state stands for, so that who needs only the number need not read the state. Parts from before compute it
-- when they are read, until they are merged.
ALTER TABLE page_views_agg_minute ADD COLUMN IF NOT EXISTS users UInt64 MATERIALIZED finalizeAggregation(unique_users);

ALTER TABLE page_views_agg_hour ADD COLUMN IF NOT EXISTS users UInt64 MATERIALIZED finalizeAggregation(unique_users);

ALTER TABLE page_views_breakdown_minute ADD COLUMN IF NOT EXISTS users UInt64 MATERIALIZED finalizeAggregation(unique_users);

ALTER TABLE page_views_breakdown_hour ADD COLUMN IF NOT EXISTS users UInt64 MATERIALIZED finalizeAggregation(unique_users);

-- The hours of a day that is over, merged: long spans read one state where there were 24. Each building of a day has a number of its
-- own, and page_views_days says which one counts; rows of any other are nobody's. By page first: few pages of many days are read.
CREATE TABLE IF NOT EXISTS page_views_agg_day
(
    day            DateTime('UTC'),
    page_id        LowCardinality(String),
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    building       UInt64,
    built_at       DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (page_id, day, building);

CREATE TABLE IF NOT EXISTS page_views_breakdown_day
(
    day            DateTime('UTC'),
    dimension      LowCardinality(String),
    value          String,
    view_count     UInt64,
    total_duration UInt64 COMMENT 'milliseconds',
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    building       UInt64,
    built_at       DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (dimension, value, day, building);

-- Which building of a day counts, and out of which hours it was made: `hours` is a hash of their starts and versions. Of a day whose
-- hours are others now, the hours themselves are read until it is built again.
CREATE TABLE IF NOT EXISTS page_views_days
(
    day      DateTime('UTC'),
    building UInt64,
    hours    UInt64,
    built_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(built_at)
ORDER BY day;
