-- read returns a row with the bounds of a reader, and then the entries after a position: at
-- most limit_rows, and at most room bytes but at least one entry. A row without a name at the end
-- says that there are more. It is stable, so all of it comes from one snapshot.
--
-- It compares rows, so that no plan reads the entries of all streams by their id, which the
-- statistics may suggest where one stream has most of them.
--
-- lost is the beginning of an epoch if the position is one that only a lost history had.
create function read(own uuid, scoped uuid, after bigint, limit_rows int, room bigint)
returns table (floor bigint, tail bigint, lost bigint, now_epoch int, id bigint, name bytea, data bytea)
stable language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	e     epoch;
	given int := 0;
begin
	if pg_is_in_recovery() then
		raise exception 'the server is a replica, which may lack entries' using errcode = '25006';
	end if;
	select * into e from epoch order by n desc limit 1;
	if e.timeline is distinct from timeline() then
		raise exception 'the database has another history' using errcode = 'MX001';
	end if;
	now_epoch := e.n;
	tail := greatest((select max(l.id) from log l), e.first);
	floor := greatest(
		(select t.floor from trimmed t),
		(select greatest(s.floor, case when s.forget_at <= clock_timestamp() then s.deleted end) from session s where s.hash = own),
		(select s.floor from scope s where s.hash = scoped));
	if e.n > 1 then
		lost := (select p.first from epoch p where p.n > 1 and p.last < after and after < p.first order by p.n limit 1);
	end if;
	return next;
	if lost is not null or after < floor or after >= tail or limit_rows = 0 then
		return;
	end if;
	floor := null; tail := null; lost := null; now_epoch := null;
	if scoped is null then
		for id, name, data in
			select l.id, l.name, l.data from log l where (l.stream, l.id) > (own, after) and (l.stream, l.id) <= (own, max_id()) order by l.stream, l.id limit limit_rows
		loop
			room := room - octet_length(name) - octet_length(data);
			if room < 0 and given > 0 then
				name := null; data := null;
				return next; -- there is more
				return;
			end if;
			given := given + 1;
			return next;
		end loop;
		return;
	end if;
	for id, name, data in
		select * from (
			(select l.id, l.name, l.data from log l where (l.stream, l.id) > (own, after) and (l.stream, l.id) <= (own, max_id()) order by l.stream, l.id limit limit_rows)
			union all
			(select l.id, l.name, l.data from log l where (l.stream, l.id) > (scoped, after) and (l.stream, l.id) <= (scoped, max_id()) order by l.stream, l.id limit limit_rows)
		) both_lists order by 1 limit limit_rows
	loop
		room := room - octet_length(name) - octet_length(data);
		if room < 0 and given > 0 then
			name := null; data := null;
			return next;
			return;
		end if;
		given := given + 1;
		return next;
	end loop;
end $$;
