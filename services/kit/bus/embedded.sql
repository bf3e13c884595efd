-- The embedded bus: topics, partitions and records as three tables, and one function that appends.
--
-- A partition's row is the lock of that partition and holds the offset to give next.  Whoever appends holds the row
-- until commit, so offsets have no gaps and become visible in their order: a reader that has seen offset n will never
-- find a lower one later.  Running this file again changes nothing.

CREATE TABLE IF NOT EXISTS bus_topic (
    topic        text PRIMARY KEY CHECK (octet_length(topic) <= 63),  -- It is the NOTIFY channel too, which ends at 63.
    partitions   int NOT NULL CHECK (partitions > 0),
    compacted    boolean NOT NULL,
    retention_ms bigint NOT NULL  -- Kept for the operator to read: this bus deletes nothing by age.
);

CREATE TABLE IF NOT EXISTS bus_partition (
    topic       text NOT NULL REFERENCES bus_topic,
    partition   int NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20);  -- Every append updates its row; free room on the page keeps those updates cheap.

CREATE TABLE IF NOT EXISTS bus_record (
    topic         text NOT NULL,
    partition     int NOT NULL,
    record_offset bigint NOT NULL,
    key           bytea NOT NULL,
    value         bytea NOT NULL,
    created_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition, record_offset)
);

-- Appends parallel arrays in their order; all or nothing.
CREATE OR REPLACE FUNCTION bus_append(topics text[], partitions int[], keys bytea[], contents bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    appended bigint;
    touched  text[] := ARRAY(SELECT DISTINCT t FROM unnest(topics) AS t ORDER BY t);
BEGIN
    -- One order of locking for everybody, so that two producers with crossing batches wait and never deadlock.
    PERFORM FROM bus_partition p
      WHERE (p.topic, p.partition) IN (SELECT DISTINCT w.topic, w.partition FROM unnest(topics, partitions) AS w (topic, partition))
      ORDER BY p.topic, p.partition
      FOR UPDATE;

    INSERT INTO bus_record (topic, partition, record_offset, key, value)
    SELECT a.topic, a.partition,
           p.next_offset - 1 + row_number() OVER (PARTITION BY a.topic, a.partition ORDER BY a.place),
           a.key, a.content
      FROM unnest(topics, partitions, keys, contents) WITH ORDINALITY AS a (topic, partition, key, content, place)
      JOIN bus_partition p USING (topic, partition);

    GET DIAGNOSTICS appended = ROW_COUNT;
    IF appended <> cardinality(topics) THEN
        RAISE EXCEPTION 'the bus lacks a topic, or a partition, of: %', array_to_string(touched, ', ');
    END IF;

    UPDATE bus_partition p SET next_offset = p.next_offset + a.appended
      FROM (SELECT w.topic, w.partition, count(*) AS appended
              FROM unnest(topics, partitions) AS w (topic, partition) GROUP BY w.topic, w.partition) a
     WHERE p.topic = a.topic AND p.partition = a.partition;

    -- Compacted topics are small (one entry for each node), so they are compacted on the spot.
    IF EXISTS (SELECT FROM bus_topic t WHERE t.compacted AND t.topic = ANY (touched)) THEN
        DELETE FROM bus_record r
         USING bus_topic t, bus_record newer
         WHERE t.topic = ANY (touched) AND t.compacted
           AND r.topic = t.topic AND newer.topic = t.topic
           AND newer.partition = r.partition AND newer.key = r.key AND newer.record_offset > r.record_offset;
    END IF;

    PERFORM pg_notify(t, '') FROM unnest(touched) AS t;
END
$$;
