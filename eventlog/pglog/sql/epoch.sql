-- timeline returns the history that this server writes, and its number of the table of entries.
-- After a promotion the first is another one at once, unlike the one of the last checkpoint. The
-- second is another one in a table that was made from a dump.
create function timeline() returns text volatile language sql as $$
	select left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || 'log'::regclass::oid
$$;

-- micros returns the time in microseconds since 1970.
create function micros() returns bigint volatile language sql as $$
	select (extract(epoch from clock_timestamp()) * 1000000)::bigint
$$;

-- max_id returns an id above all others.
create function max_id() returns bigint immutable language sql as $$
	select 9223372036854775807
$$;

-- lock makes this transaction the only one that changes the log. It ends with the transaction,
-- when what it has changed can be seen.
create function lock() returns void language plpgsql as $$
begin
	if pg_is_in_recovery() then
		raise exception 'the server is a replica' using errcode = '25006';
	end if;
	if current_setting('transaction_isolation') <> 'read committed' then
		raise exception 'the log needs transactions of the isolation level read committed'
			using errcode = 'MX002';
	end if;
	if current_setting('synchronous_commit') = 'off' then
		-- What was acknowledged, or seen by a reader, must not be lost.
		perform set_config('synchronous_commit', 'on', true);
	end if;
	if current_setting('lock_timeout') <> '0' then
		-- A role has it for locks of tables. This one is always in use, and a call has its own limit.
		perform set_config('lock_timeout', '0', true);
	end if;
	perform pg_advisory_xact_lock(@lock@);
end $$;

-- continue begins another epoch if the database has another history than the last one. Ids that
-- the lost history has given out are the time at which they were given out: another epoch begins
-- a minute ahead, in case the clock of this server is behind.
create function "continue"() returns boolean language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
as $$
declare
	ours constant bigint := (select system_identifier from pg_control_system());
	e    epoch;
	tail bigint;
begin
	perform lock();
	select * into e from epoch order by n desc limit 1;
	if e.sysid = ours and e.timeline = timeline() then
		return false;
	end if;
	tail := greatest((select max(id) from log), e.first);
	insert into epoch values (
		coalesce(e.n, 0) + 1, ours, timeline(), coalesce(tail, 0),
		greatest(tail, micros()) + case when e.n is null then 0 else 60000000 end);
	if e.sysid <> ours or substr(e.timeline, 9) <> substr(timeline(), 9) then
		update version set log = gen_random_uuid(); -- this is a copy, and another log
	end if;
	perform pg_notify(@channel@, '');
	return true;
end $$;

-- truncated keeps the ids going up, and tells readers a gap, if somebody truncates the table of
-- entries. The lock of the table keeps all others from the log meanwhile.
create function truncated() returns trigger language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
as $$
declare
	tail constant bigint := (select max(id) from log);
begin
	if tail is not null then
		insert into epoch select n + 1, sysid, timeline, tail, tail from epoch order by n desc limit 1;
		update trimmed set floor = tail;
		delete from chunk;
	end if;
	return null;
end $$;
create trigger truncated before truncate on log for each statement execute function truncated();
