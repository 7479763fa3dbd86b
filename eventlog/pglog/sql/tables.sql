-- The tables of a log. Names without a schema are those of the log's own schema.

create table version (
	n   int not null,
	log uuid not null default gen_random_uuid(), -- tells this log from any other
	primary key (log) -- so that it can be updated where a publication has all tables
);

-- A span of the log within one history of the database. A database that is restored elsewhere or
-- from a dump, or a replica that is promoted, begins another one.
create table epoch (
	n        int primary key,
	sysid    bigint not null,
	timeline text not null, -- see the function timeline
	last     bigint not null, -- the end of the log before it
	first    bigint not null  -- all ids of it are above this position
);

-- The position up to which the retention of the whole log has trimmed it. One row.
create table trimmed (
	floor bigint not null,
	one   boolean primary key default true check (one)
);

-- The entries. An id is the time in microseconds since 1970, or later if that was given out.
create table log (
	id     bigint primary key,
	stream uuid not null, -- the hash of a session or of a scope
	name   bytea not null,
	data   bytea not null,
	origin bigint         -- the number in the outbox from which it came
);
create unique index log_stream on log (stream, id);

-- The records of sessions. Without a born it is only the mark of a session that was forgotten.
create table session (
	hash       uuid primary key,
	id         bytea not null, -- need not be UTF-8
	scope      bytea not null, -- empty: it is a scope of its own
	scope_hash uuid not null,  -- the stream of its scope
	born       bigint,         -- the id of the entry that made it
	floor      bigint not null,
	deleted    bigint,         -- the id of its last entry
	forget_at  timestamptz,
	seen       timestamptz not null default now(), -- when a process last noted that it has a reader
	dirty      boolean not null default false      -- it has entries from before it was made again
);
create index session_forget on session (forget_at) where forget_at is not null;
create index session_dirty on session (hash) where dirty;
create index session_seen on session (seen) where born is not null and deleted is null;
create index session_mark on session (deleted) where born is null;

-- The floors of scopes that were trimmed.
create table scope (
	hash  uuid primary key,
	floor bigint not null
);
create index scope_floor on scope (floor);

-- What was appended under deduplication keys.
create table key (
	session uuid not null,
	key     uuid not null,
	born    bigint not null, -- of the session
	count   bigint not null,
	first   bigint not null,
	last    bigint not null,
	piece   bigint not null,
	digest  bytea not null,
	closed  boolean not null,
	used    bigint not null, -- microseconds since 1970
	primary key (session, key)
);
create index key_used on key (used);

-- The calls that have changed the log, so that a process that has lost an answer can ask.
create table call (
	token    uuid primary key, -- its first 8 bytes are the time of the process in microseconds since 1970
	at       bigint not null,  -- the time of the server
	base     bigint,           -- the position after which it has appended; null: it was revoked
	verdicts smallint[]        -- null: all are 0
);

-- What transactions of the application have published, in the order of their commits within
-- a session.
create table outbox (
	n          bigint generated always as identity primary key,
	xid        xid8 not null default pg_current_xact_id(),
	session    uuid not null,
	id         bytea not null,
	scope      bytea not null,
	scope_hash uuid not null,
	name       bytea not null,
	data       bytea not null,
	grace      bigint -- not null: the entry ends the session, with this grace period in microseconds
);
create index outbox_xid on outbox (xid);
create index outbox_session on outbox (session);
create unique index outbox_end on outbox (session) where grace is not null;

-- How many bytes the entries up to a position have, so that the oldest can be trimmed by size.
create table chunk (
	first bigint primary key, -- its entries are after this position
	last  bigint not null,
	bytes bigint not null
);

-- Retention deletes as much as is appended: vacuum by number and not by share, and never cut
-- the file, for which all readers would have to wait.
alter table log set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
	autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
alter table key set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, vacuum_truncate = off);
alter table call set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, vacuum_truncate = off);
