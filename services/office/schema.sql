-- What the office keeps besides its own log: the inbox that all views are folded from, and how far it has read.
-- The views themselves are made from their row classes (services/office/views) in the schema `views`.

CREATE SCHEMA IF NOT EXISTS office;
CREATE SCHEMA IF NOT EXISTS views;

-- Every fact that was taken in, in the order of taking in, with the stored bytes verbatim. Rebuilds, timelines and
-- "what did the meeting know then" are answered from here, whatever the broker keeps.
CREATE TABLE IF NOT EXISTS office.inbox (
    sequence       bigint NOT NULL,
    petition_id    uuid NOT NULL,
    node           text NOT NULL,
    position       bigint NOT NULL,
    case_id        uuid NOT NULL,
    version        bigint NOT NULL,
    type           text NOT NULL,
    recorded_time  timestamptz NOT NULL,
    leaf_hash      bytea NOT NULL,
    causation_id   text,
    data           bytea NOT NULL,
    ingested_time  timestamptz NOT NULL DEFAULT transaction_timestamp()
);
CREATE UNIQUE INDEX IF NOT EXISTS inbox_by_petition ON office.inbox (petition_id, sequence);
CREATE UNIQUE INDEX IF NOT EXISTS inbox_by_position ON office.inbox (node, position);
CREATE INDEX IF NOT EXISTS inbox_by_sequence ON office.inbox USING brin (sequence) WITH (pages_per_range = 32);

-- The head of the inbox: the last sequence given out. Locked by each batch, so sequences commit in order.
CREATE TABLE IF NOT EXISTS office.inbox_head (
    singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    sequence       bigint NOT NULL,
    views_version  text NOT NULL
);
INSERT INTO office.inbox_head VALUES (true, 0, '') ON CONFLICT DO NOTHING;

-- How far each partition of the events topic is read; moved in the transaction of the rows, and only by whoever
-- knows where it stood.
CREATE TABLE IF NOT EXISTS office.read_offset (
    partition      integer PRIMARY KEY,
    next_offset    bigint NOT NULL
);

-- The watermark per node and partition: positions rise within a partition, so what is not above it came before.
-- `received` counts distinct positions; compared with the last position it shows what is missing.
CREATE TABLE IF NOT EXISTS office.watermark (
    node           text NOT NULL,
    partition      integer NOT NULL,
    last_position  bigint NOT NULL,
    received       bigint NOT NULL,
    PRIMARY KEY (node, partition)
);

-- When each loop that looks for something last ran to its end: one that does not run is an alarm.
CREATE TABLE IF NOT EXISTS office.liveness (
    loop           text PRIMARY KEY,
    last_run_time  timestamptz NOT NULL
);

-- Records that could not be folded (poison), and the later ones of the same petition that wait behind them.
CREATE TABLE IF NOT EXISTS office.parked (
    parked_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    petition_id    uuid,
    node           text,
    position       bigint,
    type           text,
    partition      integer NOT NULL,
    record_offset  bigint NOT NULL,
    record_key     bytea,
    value          bytea,
    reason         text NOT NULL,
    poison         boolean NOT NULL,
    parked_time    timestamptz NOT NULL DEFAULT transaction_timestamp(),
    resolved_time  timestamptz,
    resolution     text CHECK (resolution IN ('folded', 'skipped', 'duplicate')),
    resolved_by    text,  -- The decision, as <node>:<position> of the office's own log.
    UNIQUE (partition, record_offset)
);
CREATE INDEX IF NOT EXISTS parked_open ON office.parked (petition_id) WHERE resolved_time IS NULL;
CREATE INDEX IF NOT EXISTS parked_by_decision ON office.parked (resolved_by);

-- Every fact on a petition in the order of taking in; the fields that officials read are taken from the stored bytes.
CREATE OR REPLACE VIEW office.timelines AS
SELECT sequence, petition_id, node, position, case_id, version, type, recorded_time, ingested_time, causation_id,
       fact->>'agency' AS agency,
       (fact->>'occurred_time')::timestamptz AS occurred_time,
       fact->>'provenance' AS provenance
FROM (SELECT *, convert_from(data, 'UTF8')::json AS fact FROM office.inbox) AS inbox;
