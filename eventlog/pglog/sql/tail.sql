-- in_filter reports whether a filter of so many bits may have a stream: it has a bit for the first two
-- bytes of each of its streams, modulo its size.
create function in_filter(filter bytea, size int, stream uuid) returns boolean immutable language sql as $$
	select get_bit(filter, (get_byte(uuid_send(stream), 0) * 256 + get_byte(uuid_send(stream), 1)) % size) = 1
$$;

-- tail returns the entries of the streams of a filter after a position. Then come rows with a stream
-- but no id: of the stream, entries up to through may have been deleted that came after base. The
-- last row has neither: through is the position up to which the entries are complete. The function
-- looks at no more than max_rows entries of any stream, and returns at most room bytes but at least
-- one entry; more says that there may be more. gone says what a row with a stream does, of all of
-- them. The last row also tells whether the outbox has rows that a snapshot does not see. Without a
-- position the function only does that.
create function tail(base bigint, after bigint, filter bytea, max_rows int, room bigint, drained pg_snapshot)
returns table (id bigint, stream uuid, name bytea, data bytea, through bigint, more boolean, gone boolean, pending boolean, now_epoch int)
stable language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
	size constant int := 8 * octet_length(filter);
	e    epoch;
	last bigint;
	done bigint;
begin
	if pg_is_in_recovery() then
		raise exception 'the server is a replica, which may lack entries' using errcode = '25006';
	end if;
	select * into e from epoch order by n desc limit 1;
	if e.timeline is distinct from timeline() then
		raise exception 'the database has another history' using errcode = 'MX001';
	end if;
	if after is not null then
		select max(p.id), count(*) = max_rows into last, more from (select l.id from log l where l.id > after order by l.id limit max_rows) p;
		for id, stream, name, data in
			select l.id, l.stream, l.name, l.data from log l
			where l.id > after and l.id <= last
				and in_filter(filter, size, l.stream)
			order by l.id
		loop
			room := room - octet_length(name) - octet_length(data);
			if room < 0 and done is not null then
				last := done; more := true;
				exit;
			end if;
			done := id;
			return next;
		end loop;
		id := null; name := null; data := null;
		gone := base < (select t.floor from trimmed t);
		-- A stream that was trimmed to its newest entries has one of them here, or in a later answer.
		for stream, through in
			with fresh as materialized (select distinct l.stream as hash from log l 
				where done is not null and l.id > after and l.id <= last and in_filter(filter, size, l.stream))
			select s.hash, s.floor from fresh join session s on s.hash = fresh.hash where s.floor > base
			union all select s.hash, s.floor from fresh join scope s on s.hash = fresh.hash where s.floor > base
			union all select s.hash, s.deleted from session s where s.born is null and s.deleted > base
			union all select s.hash, s.deleted from session s where s.forget_at <= now() and s.deleted > base
		loop
			return next;
		end loop;
	end if;
	id := null; stream := null; name := null; data := null;
	-- Positions that only a lost history had are below the epoch.
	through := greatest(last, after);
	pending := exists (select from unseen(drained, 1));
	now_epoch := e.n;
	return next;
end $$;

-- lookup returns the record of a session, without a scope if there is none, and the end of the log.
create function lookup(session uuid) returns table (scope bytea, deleted bigint, tail bigint)
stable language sql
set search_path = @schema@, pg_catalog, pg_temp
as $$
	select s.scope, coalesce(s.deleted, 0), greatest((select max(id) from log), e.first)
	from (select max(first) as first from epoch) e
	left join session s on s.hash = $1 and s.born is not null and coalesce(s.forget_at > clock_timestamp(), true)
$$;
