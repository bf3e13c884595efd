-- What a node remembers about deliveries between nodes: how far it has read its inbox, what it could not take in, and
-- what it could not send. It stands in the database of the log, whose schema is installed first.
--
-- Rows are written once. Of a parked or held record only its resolution is filled in later: who, when and why.

select pg_advisory_xact_lock(hashtext('lianxi_schema'));
set local role lianxi_owner;


-- The next offset to read from the node's inbox topic. It may lag behind what was taken in, never run ahead of it.

create table if not exists inbox_offset (
    partition   integer primary key,
    next_offset bigint  not null check (next_offset >= 0)
);

-- Records that the inbox could not take in, as they came. Later records of the same petition wait behind them (WAITS).

create table if not exists parked_delivery (
    record_offset     bigint      primary key,
    cause             text,                         -- `<node>:<position>` where the record could be read so far
    petition_id       text,                         -- the same for the petition; records without one hold up nobody
    record            bytea       not null,         -- empty where nothing of it may be kept (REACHES_ACCUSED)
    code              text        not null,
    reason            text        not null,
    article           text        not null default '',
    parked_time       timestamptz not null default now(),
    retry_wanted_time timestamptz,
    resolved_time     timestamptz,
    resolution        text        check (resolution in ('taken in', 'skipped')),
    resolved_by       text,
    resolution_reason text,
    check ((resolved_time is null) = (resolution is null))
);
create index if not exists parked_delivery_open on parked_delivery (record_offset) where resolved_time is null;
create index if not exists parked_delivery_cause on parked_delivery (cause);
create index if not exists parked_delivery_petition on parked_delivery (petition_id) where resolved_time is null;

-- Facts that are on the events topic and wait for the node of their addressee to be known, or are withheld from it
-- because an accusation would reach the accused (REACHES_ACCUSED). The fact is in the log.

create table if not exists held_delivery (
    position       bigint      primary key references event,
    petition_id    uuid        not null,
    to_agency      text        not null,
    held_time      timestamptz not null default now(),
    delivered_time timestamptz
);
alter table held_delivery add column if not exists reason text not null default 'ADDRESSEE_UNKNOWN';
create index if not exists held_delivery_open on held_delivery (position) where delivered_time is null;

grant select, insert, update on inbox_offset to lianxi_service;
grant select, insert on parked_delivery, held_delivery to lianxi_service;
grant update (record, code, reason, article, retry_wanted_time, resolved_time, resolution, resolved_by, resolution_reason)
    on parked_delivery to lianxi_service;
grant update (delivered_time) on held_delivery to lianxi_service;
