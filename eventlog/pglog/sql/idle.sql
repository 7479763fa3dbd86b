-- keep notes that sessions are read, unless that was noted in the last quarter of the time after
-- which they are forgotten. idle is in microseconds.
create function keep(sessions uuid[], idle bigint) returns void
language sql
set search_path = @schema@, pg_catalog, pg_temp
as $$
	update session set seen = clock_timestamp()
	where hash = any(sessions) and born is not null and seen < clock_timestamp() - idle / 4 * interval '1 microsecond'
$$;

-- forget_idle forgets sessions that have had neither a reader nor an entry for so long. What they
-- had is for retain to delete. It returns how many sessions it has looked at: with 0, it is done.
create function forget_idle(idle bigint) returns int
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	since     constant timestamptz := clock_timestamp() - idle * interval '1 microsecond';
	before    constant bigint := micros() - idle;
	tail      bigint;
	newest    bigint;
	s         session;
	looked_at int := 0;
begin
	-- Most often there is nothing to do, and nobody has to wait for it.
	if not exists (select from session where born is not null and deleted is null and seen < since) then
		return 0;
	end if;
	perform lock();
	tail := (select max(id) from log);
	for s in select * from session where born is not null and deleted is null and seen < since order by seen limit 50 for update loop
		looked_at := looked_at + 1;
		newest := (select l.id from log l where (l.stream, l.id) between (s.hash, 0::bigint) and (s.hash, max_id()) order by l.stream desc, l.id desc limit 1);
		if greatest(newest, s.born) >= before then
			-- An entry counts as a reader at its time.
			update session t set seen = to_timestamp(greatest(newest, s.born) / 1000000.0) where t.hash = s.hash;
			continue;
		end if;
		update session t set born = null, deleted = tail, floor = tail, dirty = true where t.hash = s.hash;
	end loop;
	return looked_at;
end $$;
