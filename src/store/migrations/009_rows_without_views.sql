-- A page whose only view in a window was lost to another payload of the same event has a row that counts nothing: it is no page of the
-- window.
CREATE OR REPLACE VIEW page_views_minute_v AS
SELECT
    t.window_start AS window_start,
    t.page_id AS page_id,
    t.view_count AS view_count,
    finalizeAggregation(t.unique_users) AS unique_users,
    t.bounce_count AS bounce_count,
    t.bounce_count / t.view_count AS bounce_rate,
    t.total_duration / t.view_count AS avg_duration_ms,
    finalizeAggregation(t.durations)[1] AS p50_duration_ms,
    finalizeAggregation(t.durations)[2] AS p95_duration_ms
FROM page_views_agg_minute AS t FINAL
WHERE t.view_count > 0;

CREATE OR REPLACE VIEW page_views_breakdown_minute_v AS
SELECT
    t.window_start AS window_start,
    t.dimension AS dimension,
    t.value AS value,
    t.view_count AS view_count,
    finalizeAggregation(t.unique_users) AS unique_users,
    t.bounce_count AS bounce_count,
    t.bounce_count / t.view_count AS bounce_rate,
    t.total_duration / t.view_count AS avg_duration_ms,
    finalizeAggregation(t.durations)[1] AS p50_duration_ms,
    finalizeAggregation(t.durations)[2] AS p95_duration_ms
FROM page_views_breakdown_minute AS t FINAL
WHERE t.view_count > 0;

CREATE OR REPLACE VIEW page_views_hour_v AS
SELECT
    t.window_start AS window_start,
    t.page_id AS page_id,
    t.view_count AS view_count,
    finalizeAggregation(t.unique_users) AS unique_users,
    t.bounce_count AS bounce_count,
    t.bounce_count / t.view_count AS bounce_rate,
    t.total_duration / t.view_count AS avg_duration_ms,
    finalizeAggregation(t.durations)[1] AS p50_duration_ms,
    finalizeAggregation(t.durations)[2] AS p95_duration_ms
FROM page_views_agg_hour AS t FINAL
WHERE t.view_count > 0;

CREATE OR REPLACE VIEW page_views_breakdown_hour_v AS
SELECT
    t.window_start AS window_start,
    t.dimension AS dimension,
    t.value AS value,
    t.view_count AS view_count,
    finalizeAggregation(t.unique_users) AS unique_users,
    t.bounce_count AS bounce_count,
    t.bounce_count / t.view_count AS bounce_rate,
    t.total_duration / t.view_count AS avg_duration_ms,
    finalizeAggregation(t.durations)[1] AS p50_duration_ms,
    finalizeAggregation(t.durations)[2] AS p95_duration_ms
FROM page_views_breakdown_hour AS t FINAL
WHERE t.view_count > 0;

