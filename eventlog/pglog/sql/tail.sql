-- tail returns which streams have entries after a position, and the newest of each: of at most
-- max_rows entries, the last of which has the id through. Without a position it returns the end
-- of the log. It also tells whether the outbox has rows that a snapshot does not see.
create function tail(after bigint, max_rows int, drained pg_snapshot,
	out through bigint, out streams uuid[], out ids bigint[], out full_page boolean, out pending boolean, out now_epoch int)
stable language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	e      epoch;
	n_rows bigint;
begin
	if pg_is_in_recovery() then
		raise exception 'the server is a replica, which may lack entries' using errcode = '25006';
	end if;
	select * into e from epoch order by n desc limit 1;
	if e.timeline is distinct from timeline() then
		raise exception 'the database has another history' using errcode = 'MX001';
	end if;
	now_epoch := e.n;
	pending := exists (select from unseen(drained));
	if after is null then
		through := greatest((select max(id) from log), e.first);
		full_page := false;
		return;
	end if;
	select max(id), array_agg(stream), array_agg(id), sum(n) into through, streams, ids, n_rows
	from (
		select stream, max(id) as id, count(*) as n
		from (select id, stream from log where id > after order by id limit max_rows) page
		group by stream
	) newest;
	full_page := coalesce(n_rows, 0) >= max_rows;
	-- Positions that only a lost history had are below the epoch.
	through := greatest(through, after);
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

-- placed returns the ids that rows of the outbox of a session have got, in their order.
create function placed(session uuid, after bigint, first_n bigint, last_n bigint) returns bigint[]
stable language sql
set search_path = @schema@, pg_catalog, pg_temp
as $$
	select array_agg(l.id order by l.id) from log l where l.stream = $1 and l.id > $2 and l.origin between $3 and $4
$$;
