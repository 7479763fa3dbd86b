-- size returns what an entry counts for: its text, and its place in the table and the indexes.
create function size(name bytea, data bytea) returns bigint immutable language sql as $$
	select octet_length(name) + octet_length(data) + @entrysize@
$$;

-- uncount takes the bytes of deleted entries from the chunks in which they were counted. It reads the
-- chunks once, not for each entry: an old snapshot of another transaction keeps all that they were.
create function uncount(ids bigint[], sizes bigint[]) returns void language sql as $$
	with counted as materialized (select first, last from chunk),
	less as (
		select c.first, sum(d.size) as bytes
		from unnest(ids, sizes) as d (id, size) join counted c on c.first < d.id and d.id <= c.last
		group by c.first
	)
	update chunk c set bytes = c.bytes - l.bytes from less l where c.first = l.first
$$;

-- trim_streams trims streams to their newest entries, those that have slack more than it keeps. It
-- deletes max_rows entries at most, and returns whether there are more to delete.
create function trim_streams(streams uuid[], keep bigint, slack bigint, max_rows int, out more boolean)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set lock_timeout = 0
as $$
declare
	stream_hash uuid;
	cut         bigint;
	old_floor   bigint;
	part        bigint;
	ids         bigint[];
	sizes       bigint[];
begin
	more := false;
	perform pg_advisory_xact_lock(@lock@ + 1);
	for stream_hash in select s from unnest(streams) s order by s loop
		select l.id into cut from log l where (l.stream, l.id) between (stream_hash, 0::bigint) and (stream_hash, max_id())
		order by l.stream desc, l.id desc offset keep + slack limit 1;
		continue when cut is null;
		if slack > 0 then
			select l.id into cut from log l where (l.stream, l.id) between (stream_hash, 0::bigint) and (stream_hash, max_id())
			order by l.stream desc, l.id desc offset keep limit 1;
		end if;
		-- From the old floor on: before it there may be many rows that are deleted and that an old
		-- snapshot of somebody else keeps.
		old_floor := greatest((select floor from trimmed), (select s.floor from session s where s.hash = stream_hash and not s.dirty),
			(select s.floor from scope s where s.hash = stream_hash), 0);
		-- The first one that is too many for this step.
		select l.id - 1 into part from log l where (l.stream, l.id) between (stream_hash, old_floor + 1) and (stream_hash, cut)
		order by l.stream, l.id offset max_rows limit 1;
		more := found;
		if more then
			cut := part;
		end if;
		with gone as (
			delete from log l where (l.stream, l.id) between (stream_hash, old_floor + 1) and (stream_hash, cut) returning l.id, size(l.name, l.data) as bytes
		)
		select array_agg(id), array_agg(bytes) into ids, sizes from gone;
		perform uncount(ids, sizes);
		update session s set floor = greatest(s.floor, cut) where s.hash = stream_hash;
		if not found then
			insert into scope as s values (stream_hash, cut) on conflict (hash) do update set floor = greatest(s.floor, excluded.floor);
		end if;
		max_rows := max_rows - coalesce(cardinality(ids), 0);
		exit when more;
	end loop;
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

-- retain does a step of what falls due with time and size: it deletes at most max_rows rows of each
-- table. It returns whether more is due. Another process that does the same makes it return at once.
-- max_age is in microseconds; null sets no limit.
--
-- It also returns streams that may have got more than max_entries, whichever process has appended
-- to them: each of their new entries tells of its stream with the probability 8 / max_entries.
create function retain(max_age bigint, max_bytes bigint, max_entries bigint, max_rows int, out more boolean, out grown uuid[])
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
	chunk_size constant bigint := coalesce(max_bytes / 64, 16777216);
	deleted   bigint := 0;
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
	more := false;
	if pg_is_in_recovery() or not pg_try_advisory_xact_lock(@lock@ + 1) then
		return;
	end if;
	select floor into old_floor from trimmed;
	select max(id) into tail from log;

	if max_bytes is not null or max_entries is not null then
		-- Count what is new, in chunks of which some dozens make the limit.
		select coalesce(max(last), old_floor) into counted from chunk;
		with fresh as materialized (
			select id, stream, size(name, data) as bytes from log where id > counted order by id limit 10000
		), summed as (
			select id, bytes, sum(bytes) over (order by id) as total from fresh
		), parts as (
			select max(id) as last, sum(bytes) as bytes from summed group by div(total - bytes, chunk_size + 1)
		), added as (
			insert into chunk select coalesce(lag(last) over (order by last), counted), last, bytes from parts
		)
		select count(*) = 10000, array_agg(distinct stream) filter (where random() * max_entries < 8) into more, grown from fresh;
		-- Join the two newest while they are small.
		with newest as (select * from chunk order by first desc limit 2),
		joined as (select min(first) as first, max(last) as last, sum(bytes) as bytes from newest having count(*) = 2 and sum(bytes) < chunk_size),
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
		with gone as (
			delete from log l where l.id = any(array(select id from log where id > old_floor and id <= cut order by id limit max_rows))
			returning l.id, size(l.name, l.data) as bytes
		)
		select array_agg(id), array_agg(bytes), coalesce(max(id), old_floor), count(*) into ids, sizes, old_floor, deleted from gone;
		if deleted > 0 then
			update trimmed set floor = old_floor;
			more := more or deleted = max_rows;
			perform uncount(ids, sizes);
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
	delete from session m where m.born is null and m.deleted <= old_floor and not m.dirty and m.hash = any(array(
		select n.hash from session n where n.born is null and n.deleted <= old_floor and not n.dirty limit max_rows));
	get diagnostics part = row_count;
	more := more or part = max_rows;
	delete from scope m where m.floor <= old_floor and m.hash = any(array(select n.hash from scope n where n.floor <= old_floor limit max_rows));
	get diagnostics part = row_count;
	more := more or part = max_rows;
end $$;

-- forget deletes entries of a session between two positions, and returns how many.
create function forget(hash uuid, after bigint, through bigint, tail bigint, max_rows int) returns bigint language plpgsql as $$
declare
	ids   bigint[];
	sizes bigint[];
begin
	with gone as (
		delete from log l where l.id = any(array(
			select o.id from log o where (o.stream, o.id) between (hash, after + 1) and (hash, least(through, coalesce(tail, 0) - 1)) order by o.stream, o.id limit max_rows))
		returning l.id, size(l.name, l.data) as bytes
	)
	select array_agg(id), array_agg(bytes) into ids, sizes from gone;
	perform uncount(ids, sizes);
	return coalesce(cardinality(ids), 0);
end $$;
