-- retaining makes this transaction the only one that trims. It reports whether it is, and waits
-- for that if it may.
create function retaining(wait boolean) returns boolean language plpgsql as $$
begin
	if wait then
		perform pg_advisory_xact_lock(@lock@ + 1);
		return true;
	end if;
	return pg_try_advisory_xact_lock(@lock@ + 1);
end $$;

-- size returns what an entry counts for: its text, and its place in the table and the indexes.
create function size(name bytea, data bytea) returns bigint immutable language sql as $$
	select octet_length(name) + octet_length(data) + 120
$$;

-- uncount takes the bytes of deleted entries from the chunks in which they were counted.
create function uncount(ids bigint[], sizes bigint[]) returns void language sql as $$
	update chunk c set bytes = c.bytes - d.bytes
	from (
		select c.first, sum(d.size) as bytes
		from unnest(ids, sizes) as d (id, size)
		join lateral (select first from chunk where first < d.id and d.id <= last order by first desc limit 1) c on true
		group by c.first
	) d
	where c.first = d.first
$$;

-- trim_streams trims streams to their newest entries, and returns how many it has deleted. is_scope says
-- of each whether it is a scope.
create function trim_streams(streams uuid[], is_scope boolean[], keep bigint) returns bigint
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	stream_hash uuid;
	of_scope    boolean;
	cut         bigint;
	old_floor   bigint;
	ids         bigint[];
	sizes       bigint[];
	deleted     bigint := 0;
begin
	perform retaining(true);
	for stream_hash, of_scope in select * from unnest(streams, is_scope) order by 1 loop
		select l.id into cut from log l where (l.stream, l.id) between (stream_hash, 0::bigint) and (stream_hash, max_id())
		order by l.stream desc, l.id desc offset keep limit 1;
		continue when cut is null;
		-- From the old floor on: before it there may be many rows that are deleted and that an old
		-- snapshot of somebody else keeps.
		old_floor := greatest((select floor from trimmed), (select s.floor from session s where s.hash = stream_hash and not s.dirty),
			(select s.floor from scope s where s.hash = stream_hash), 0);
		with gone as (
			delete from log l where (l.stream, l.id) between (stream_hash, old_floor + 1) and (stream_hash, cut) returning l.id, size(l.name, l.data) as bytes
		)
		select array_agg(id), array_agg(bytes) into ids, sizes from gone;
		perform uncount(ids, sizes);
		deleted := deleted + coalesce(cardinality(ids), 0);
		if of_scope then
			insert into scope as s values (stream_hash, cut) on conflict (hash) do update set floor = greatest(s.floor, excluded.floor);
		else
			update session s set floor = greatest(s.floor, cut) where s.hash = stream_hash;
		end if;
	end loop;
	return deleted;
end $$;

-- unused returns how many rows of tables are deleted and not vacuumed, and how many are alive, as
-- PostgreSQL counts them.
create function unused(tables text[], out dead bigint[], out live bigint[])
language sql
set search_path = @schema@, pg_catalog, pg_temp
as $$
	select array_agg(pg_stat_get_dead_tuples(t.name::regclass) order by t.at), array_agg(pg_stat_get_live_tuples(t.name::regclass) order by t.at)
	from unnest(tables) with ordinality as t (name, at)
$$;

-- retain does a step of what falls due with time and size: at most max_rows entries are deleted,
-- and as many keys and calls. It returns how many entries were, and whether more is due. Another
-- process that does the same makes it return at once. max_age is in microseconds; null sets no
-- limit.
create function retain(max_age bigint, max_bytes bigint, max_rows int, out deleted bigint, out more boolean)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	due constant timestamptz := clock_timestamp(); -- an index serves no function that may change
	old_floor bigint;
	tail      bigint;
	cut       bigint;
	counted   bigint;
	part      bigint;
	ids       bigint[];
	sizes     bigint[];
	s         session;
begin
	deleted := 0; more := false;
	if pg_is_in_recovery() or not retaining(false) then
		return;
	end if;
	select floor into old_floor from trimmed;
	select max(id) into tail from log;

	if max_bytes is not null and tail is not null then
		-- Count what is new, in chunks of which some dozens make the limit.
		select coalesce(max(last), old_floor) into counted from chunk;
		with fresh as (
			select id, size(name, data) as bytes from log where id > counted order by id limit 10000
		), summed as (
			select id, bytes, sum(bytes) over (order by id) as total from fresh
		), parts as (
			select max(id) as last, sum(bytes) as bytes from summed group by div(total - bytes, max_bytes / 64 + 1)
		)
		insert into chunk select coalesce(lag(last) over (order by last), counted), last, bytes from parts;
		more := found and (select max(last) from chunk) < tail;
		-- Join the two newest while they are small.
		with newest as (select * from chunk order by first desc limit 2),
		joined as (select min(first) as first, max(last) as last, sum(bytes) as bytes from newest having count(*) = 2 and sum(bytes) < max_bytes / 64),
		gone as (delete from chunk c using joined j where c.first > j.first)
		update chunk c set last = j.last, bytes = j.bytes from joined j where c.first = j.first;
		-- The oldest chunks that are over the limit.
		select max(last) into cut from (
			select last, sum(bytes) over (order by first desc) as newer from chunk
		) c where newer > max_bytes;
	end if;
	if max_age is not null then
		cut := greatest(cut, micros() - max_age);
	end if;
	-- The newest entry says where the ids go on. A cut that is null stays so: least would ignore it.
	if cut >= tail then
		cut := tail - 1;
	end if;
	if cut > old_floor then
		with old as (
			select id from log where id > old_floor and id <= cut order by id limit max_rows
		), gone as (
			delete from log l using old where l.id = old.id returning l.id, size(l.name, l.data) as bytes
		)
		select array_agg(id), array_agg(bytes), coalesce(max(id), old_floor), count(*) into ids, sizes, old_floor, deleted from gone;
		if deleted > 0 then
			update trimmed set floor = old_floor;
			more := more or deleted = max_rows;
			if max_bytes is not null then
				perform uncount(ids, sizes);
			end if;
		end if;
		delete from chunk where last <= old_floor;
	end if;

	-- Sessions whose grace period is over.
	for s in select * from session where forget_at <= due order by forget_at limit 20 loop
		exit when deleted >= max_rows;
		part := forget(s.hash, case when s.dirty then 0 else greatest(s.floor, old_floor) end, s.deleted, tail, max_rows - deleted::int);
		if part < max_rows - deleted then
			update session t set born = null, forget_at = null, floor = greatest(t.floor, t.deleted), dirty = false
			where t.hash = s.hash and t.forget_at <= clock_timestamp();
		end if;
		deleted := deleted + part;
		more := true;
	end loop;
	-- Sessions that were made again after that.
	for s in select * from session where dirty limit 20 loop
		exit when deleted >= max_rows;
		part := forget(s.hash, 0, s.floor, tail, max_rows - deleted::int);
		if part < max_rows - deleted then
			update session t set dirty = false where t.hash = s.hash and t.floor = s.floor;
		end if;
		deleted := deleted + part;
		more := true;
	end loop;
	-- Marks that say no more than the floor of the whole log.
	delete from session where hash in (select hash from session where born is null and session.deleted <= old_floor and not dirty limit 1000);
	get diagnostics part = row_count;
	more := more or part = 1000;
	delete from scope where scope.floor <= old_floor;
end $$;

-- forget deletes entries of a session between two positions, and returns how many.
create function forget(hash uuid, after bigint, through bigint, tail bigint, max_rows int) returns bigint language plpgsql as $$
declare
	ids   bigint[];
	sizes bigint[];
begin
	with old as (
		select l.id from log l where (l.stream, l.id) between (hash, after + 1) and (hash, least(through, coalesce(tail, 0) - 1)) order by l.stream, l.id limit max_rows
	), gone as (
		delete from log l using old where l.id = old.id returning l.id, size(l.name, l.data) as bytes
	)
	select array_agg(id), array_agg(bytes) into ids, sizes from gone;
	perform uncount(ids, sizes);
	return coalesce(cardinality(ids), 0);
end $$;
