-- unseen returns the rows of the outbox of the transactions that a snapshot does not see; all
-- rows without one. It finds them by transaction: rows that were moved before are not looked at,
-- however long other transactions keep them from being vacuumed.
create function unseen(drained pg_snapshot) returns table (at tid, n bigint, session uuid)
stable language plpgsql as $$
declare
	open xid8[];
begin
	if drained is null then
		return query select o.ctid, o.n, o.session from outbox o;
		return;
	end if;
	return query select o.ctid, o.n, o.session from outbox o where o.xid >= pg_snapshot_xmax(drained);
	open := array(select x from pg_snapshot_xip(drained) x);
	if cardinality(open) > 0 then
		return query select o.ctid, o.n, o.session from outbox o where o.xid = any(open);
	end if;
end $$;

-- drain moves rows of the outbox into the log, in their order. It returns the sessions of those
-- that are left over because they are more than max_rows; null if none are.
create function drain(drained pg_snapshot, max_rows int, out left_over uuid[])
language plpgsql as $$
declare
	rows  tid[];
	base  bigint;
	ended bigint;
begin
	select array_agg(at order by n) filter (where place <= max_rows), array_agg(distinct session) filter (where place > max_rows)
	into rows, left_over
	from (select u.*, row_number() over (order by n) as place from unseen(drained) u) u;
	if rows is null then
		return;
	end if;
	base := greatest((select max(id) from log), (select max(first) from epoch), micros());
	with taken as (
		delete from outbox o where o.ctid = any(rows)
		returning o.*
	), judged as (
		select t.*, s.hash is not null and s.born is not null and coalesce(s.forget_at > clock_timestamp(), true) as known, s.deleted
		from taken t left join session s on s.hash = t.session
	), placed as materialized (
		select j.*, base + row_number() over (order by n) as at
		from judged j where not (known and deleted is not null)
	), appended as (
		insert into log (id, stream, name, data, origin)
		select at, session, name, data, n from placed
	), made as (
		insert into session as s (hash, id, scope, scope_hash, born, floor)
		select distinct on (session) session, id, scope, scope_hash, at, 0
		from placed where not known order by session, at
		on conflict (hash) do update set
			id = excluded.id, scope = excluded.scope, scope_hash = excluded.scope_hash, born = excluded.born,
			floor = greatest(s.floor, s.deleted), deleted = null, forget_at = null, seen = now(),
			dirty = s.dirty or s.forget_at is not null
	)
	select (select count(*) from judged) - (select count(*) from placed) into ended;
	if ended > 0 then
		raise warning 'mixstream: % events were published to a session that was deleted meanwhile', ended;
	end if;
	perform pg_notify(@channel@, '');
end $$;

-- publish puts entries into the outbox, in a transaction of the application. It returns the
-- numbers that they have there, or null if the session is deleted.
create function publish(session uuid, session_id bytea, scope bytea, scope_hash uuid, entry_name bytea[], entry_data bytea[],
	out first_n bigint, out last_n bigint, out tail bigint)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s session;
begin
	-- The next one waits for the end of this transaction: the order within a session is that of
	-- the commits.
	perform pg_advisory_xact_lock(session_lock(session));
	if current_setting('transaction_isolation') = 'read committed' then
		select * into s from session t where t.hash = session;
	else
		select * into s from session t where t.hash = session for share; -- fails if it has changed
	end if;
	if s.born is not null and s.deleted is not null and s.forget_at > clock_timestamp() then
		return;
	end if;
	tail := (select max(l.id) from log l);
	with put as (
		insert into outbox (session, id, scope, scope_hash, name, data)
		select session, session_id, scope, scope_hash, t.name, t.data
		from unnest(entry_name, entry_data) with ordinality as t (name, data, at) order by t.at
		returning n
	)
	select min(n), max(n) into first_n, last_n from put;
end $$;

-- session_lock returns the number of the advisory lock of a session.
create function session_lock(session uuid) returns bigint immutable language sql as $$
	select @lock@ # ('x' || left(replace(session::text, '-', ''), 16))::bit(64)::bigint
$$;
