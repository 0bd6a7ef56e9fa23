-- What one statement computes of slices, by every dimension; it keeps nothing and hands each row to the table that has its
-- dimension. So the events of a slice are read, and repeats among them found, once and not once for each table.
CREATE TABLE IF NOT EXISTS page_views_slice_input
(
    window_start   DateTime('UTC'),
    dimension      LowCardinality(String),
    value          String,
    view_count     UInt64,
    total_duration UInt64,
    bounce_count   UInt64,
    unique_users   AggregateFunction(uniq, String),
    durations      AggregateFunction(quantilesDD(0.01, 0.5, 0.95), UInt32),
    version        UInt64
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS page_views_slice_pages_mv TO page_views_slice AS
SELECT window_start, value AS page_id, view_count, total_duration, bounce_count, unique_users, durations, version
FROM page_views_slice_input
WHERE dimension = 'page';

CREATE MATERIALIZED VIEW IF NOT EXISTS page_views_slice_breakdowns_mv TO page_views_breakdown_slice AS
SELECT window_start, dimension, value, view_count, total_duration, bounce_count, unique_users, durations, version
FROM page_views_slice_input
WHERE dimension != 'page';
