-- The event log of one node, in the node's own database: its tables, the one function that writes facts, and the roles.
--
-- Facts are appended, never changed or deleted. That is held by privilege (the service may select, and may call
-- `append`, which alone inserts) and, against a slip of the owner's hand, by a trigger.
--
-- The whole file runs in one transaction, and may run again at any time.

select pg_advisory_xact_lock(hashtext('lianxi_schema'));


-- Roles belong to the cluster and tables to one of its databases: the nodes of one cluster share the roles, and may
-- create them at the same moment. The one that comes second finds the role there, whichever error tells it so.

do $$
begin
    create role lianxi_owner nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$
begin
    create role lianxi_service nologin;
exception when duplicate_object or unique_violation then null;
end $$;

-- Who installs the schema hands it to the owner, and whoever connects takes the service's role: both need membership.
-- A superuser has it already, and repeating the grant could only collide with a neighbour doing the same.

do $$
begin
    if not pg_has_role('lianxi_owner', 'member') then
        execute format('grant lianxi_owner to %I', current_user);
    end if;
    if not pg_has_role('lianxi_service', 'member') then
        execute format('grant lianxi_service to %I', current_user);
    end if;
end $$;

grant usage, create on schema public to lianxi_owner;
grant usage on schema public to lianxi_service;
set local role lianxi_owner;


-- One row is one fact. Positions count from 1 without gaps in the order of commit, and recorded times rise strictly
-- with them, so that "as of an instant" is always a prefix of the log.

create table if not exists event (
    position           bigint      primary key check (position > 0),
    originator_id      uuid        not null,
    originator_version bigint      not null check (originator_version >= 0),
    topic              text        not null check (topic <> ''),
    state              bytea       not null,
    recorded_at        timestamptz not null,
    leaf_hash          bytea       not null check (octet_length(leaf_hash) = 32),
    causation_id       text        check (causation_id <> ''),
    unique (originator_id, originator_version)
);

-- The answer that a request got, stored with the facts that it caused, so that the same request gets it again. The
-- position is that of the last fact, or the head of the log when there was none.

create table if not exists request (
    agency         text        not null check (agency <> ''),
    request_id     uuid        not null,
    payload_digest bytea       not null,
    answer         bytea,
    position       bigint      not null,
    recorded_at    timestamptz not null,
    primary key (agency, request_id)
);

-- How far each reader that carries facts elsewhere has come.

create table if not exists relay_position (
    name     text   primary key,
    position bigint not null check (position >= 0)
);


-- The trigger that stops even the owner.

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'facts are never changed or deleted: % on % refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create or replace trigger facts_stay before update or delete or truncate on event
    for each statement execute function refuse_change();


-- SHA-256 over one fact and its place in the log; `leaf.py` computes the same. Lengths precede what varies, so that no
-- two facts share an encoding. A missing cause counts as an empty one, which the table does not hold.

create or replace function leaf_hash(
    place bigint, originator_id uuid, originator_version bigint, recorded_at timestamptz,
    topic text, causation_id text, state bytea
) returns bytea language sql stable parallel safe as $$
    select sha256(
        '\x00'::bytea
        || int8send(place) || uuid_send(originator_id) || int8send(originator_version)
        || int8send((extract(epoch from recorded_at) * 1000000)::bigint)
        || int4send(octet_length(topic)) || convert_to(topic, 'UTF8')
        || int4send(octet_length(coalesce(causation_id, ''))) || convert_to(coalesce(causation_id, ''), 'UTF8')
        || state
    )
$$;


-- Find the first fact, of those from `first_event` to `last_event`, whose version does not follow its stream's last
-- one, and return the version that the stream has (0 for one without facts); null when all of them follow. A stream
-- begins at version 1, or at 0, as the contract tests of the eventsourcing library do.

create or replace function version_conflict(
    first_event integer, last_event integer, originator_ids uuid[], originator_versions bigint[]
) returns bigint language plpgsql stable as $$
declare
    stored  bigint;
    version bigint;
begin
    for i in first_event .. last_event loop
        -- The facts of one stream mostly stand together, and then one look at the table serves them all.
        if i = first_event or originator_ids[i] <> originator_ids[i - 1] then
            stored := (select max(event.originator_version) from event where event.originator_id = originator_ids[i]);
            version := coalesce(stored, least(originator_versions[i], 1) - 1);
            for earlier in first_event .. i - 1 loop
                if originator_ids[earlier] = originator_ids[i] then
                    version := originator_versions[earlier];
                end if;
            end loop;
        end if;
        version := version + 1;
        if originator_versions[i] <> version then
            return coalesce(stored, 0);
        end if;
    end loop;
    return null;
end $$;


-- Insert the facts from `first_event` to `last_event` at the positions after `head`, a microsecond apart.

create or replace function insert_facts(
    head bigint, first_time timestamptz, first_event integer, last_event integer,
    originator_ids uuid[], originator_versions bigint[], topics text[], states bytea[], causation_ids text[]
) returns void language plpgsql as $$
begin
    insert into event (position, originator_id, originator_version, topic, state, recorded_at, leaf_hash, causation_id)
    select place, originator_ids[i], originator_versions[i], topics[i], states[i], instant,
           leaf_hash(place, originator_ids[i], originator_versions[i], instant, topics[i], causation_ids[i], states[i]),
           causation_ids[i]
    from generate_series(first_event, last_event) as i,
         lateral (select head + 1 + i - first_event as place,
                         first_time + (i - first_event) * interval '1 microsecond' as instant) as given;
end $$;


-- Append the commands of one group commit, each of them wholly or not at all, and tell what became of each, in order.
--
-- The first five arrays have one element a command (an event count may be 0), the others one element a fact, command
-- after command. A command without a request has nulls in its first four places.
--
-- Outcomes: 'appended'; 'replayed' (this request was answered before: its answer and position, nothing is written);
-- 'request_reused' (the request id came with another payload); 'conflict' (see `version_conflict`). Later commands see
-- what earlier ones wrote. A conflict is not kept under its request id: the caller may decide anew and send it again.
--
-- The lock is held until the commit, so positions become visible in their order: who has seen position N never finds
-- a lower one later. Plans are made once, and only with index scans, because a plan made while the tables were small
-- would otherwise stay when they have grown.

create or replace function append(
    agencies text[], request_ids uuid[], payload_digests bytea[], answers bytea[], event_counts integer[],
    originator_ids uuid[], originator_versions bigint[], topics text[], states bytea[], causation_ids text[]
) returns table (
    outcome text, first_position bigint, last_position bigint, recorded_at timestamptz, answer bytea, actual_version bigint
)
language plpgsql security definer
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    old_head    bigint;
    head        bigint;
    head_time   timestamptz;
    known       request;
    first_event integer;
    last_event  integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('lianxi_log'));
    select event.position, event.recorded_at into old_head, head_time from event order by event.position desc limit 1;
    old_head := coalesce(old_head, 0);
    head_time := coalesce(head_time, '-infinity');
    head := old_head;

    for command in 1 .. cardinality(event_counts) loop
        first_event := last_event + 1;
        last_event := last_event + event_counts[command];
        first_position := null;
        last_position := null;
        recorded_at := null;
        answer := null;
        actual_version := null;

        if request_ids[command] is not null then
            select * into known from request
            where request.agency = agencies[command] and request.request_id = request_ids[command];
            if found then
                outcome := 'request_reused';
                if known.payload_digest = payload_digests[command] then
                    outcome := 'replayed';
                    answer := known.answer;
                    last_position := known.position;
                    recorded_at := known.recorded_at;
                end if;
                return next;
                continue;
            end if;
        end if;

        actual_version := version_conflict(first_event, last_event, originator_ids, originator_versions);
        if actual_version is not null then
            outcome := 'conflict';
            return next;
            continue;
        end if;

        outcome := 'appended';
        recorded_at := greatest(clock_timestamp(), head_time + interval '1 microsecond');
        if event_counts[command] > 0 then
            perform insert_facts(head, recorded_at, first_event, last_event,
                                 originator_ids, originator_versions, topics, states, causation_ids);
            first_position := head + 1;
            head := head + event_counts[command];
            recorded_at := recorded_at + (event_counts[command] - 1) * interval '1 microsecond';
            head_time := recorded_at;
        end if;
        last_position := head;
        if request_ids[command] is not null then
            insert into request
            values (agencies[command], request_ids[command], payload_digests[command], answers[command], head, recorded_at);
            answer := answers[command];
        end if;
        return next;
    end loop;

    if head > old_head then
        perform pg_notify('lianxi_log', head::text);
    end if;
end $$;


-- The last position recorded at or before an instant, 0 if there is none. Times rise with positions and positions have
-- no gaps, so that halving finds it without an index on time, which every append would have to pay for.

create or replace function position_as_of(instant timestamptz) returns bigint language plpgsql stable
set search_path = public, pg_temp
set enable_seqscan = off
as $$
declare
    low    bigint := 0;
    high   bigint := coalesce((select max(position) from event), 0);
    middle bigint;
begin
    while low < high loop
        middle := (low + high + 1) / 2;
        if (select recorded_at <= instant from event where position = middle) then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end $$;


-- What the service may do.

revoke execute on function append, insert_facts, version_conflict from public;
grant execute on function append to lianxi_service;
grant select on event, request to lianxi_service;
grant select, insert, update on relay_position to lianxi_service;
