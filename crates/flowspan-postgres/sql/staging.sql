-- Where COPY writes to. It knows no duplicates: those are found when the batch moves on.
CREATE TEMPORARY TABLE IF NOT EXISTS flowspan_incoming (LIKE events) ON COMMIT DELETE ROWS
