-- state returns what a call of append begins with: the position after which its entries come, the
-- epoch, whether that is of the history of this server, a snapshot, and whether there are rows in
-- the outbox that are not known to be moved.
create function state(known_epoch int, drained pg_snapshot,
	out base bigint, out now_epoch int, out same boolean, out now_drained pg_snapshot, out pending boolean)
language plpgsql as $$
begin
	-- In PL/pgSQL, since a function in SQL would be planned at each call.
	select greatest((select max(id) from log), e.first, micros()), e.n, e.timeline = timeline(), pg_current_snapshot(),
		exists (select from outbox o where o.xid >= case when e.n = known_epoch then pg_snapshot_xmax(drained) else '0'::xid8 end)
		or e.n = known_epoch and exists (select from outbox o where o.xid = any(array(select pg_snapshot_xip(drained))))
	into base, now_epoch, same, now_drained, pending
	from epoch e order by e.n desc limit 1;
end $$;

-- append makes many requests of one process one step of the log. Its arrays have an element for
-- each request; those at the end one for each entry.
--
-- kind is 1 to append to a session, 2 to create one, 3 to delete one. A verdict is 0 if a
-- request has got what it wanted, 1 if its session exists, 2 if it does not, 3 if it is deleted,
-- 4 if its key stands for other entries than it says, 5 if it has nothing to do, and 6 if it
-- must come again, since the outbox has entries of its session that could not be moved yet. All
-- verdicts are 0 if verdicts is null. The entries of the requests with verdict 0 get the ids
-- after base, in their order.
--
-- No two requests have one session and one key, and no other has the session of a creation or
-- a deletion.
--
-- drained is the snapshot up to which the process knows the outbox to be empty, in its epoch. A
-- call returns the next one only if it writes: after a crash, transactions get numbers again that
-- were given to others before, but none below that of one whose commit is on the disk.
create function append(
	token uuid, known_epoch int, drained pg_snapshot,
	kind smallint[], session uuid[], session_id bytea[], scope bytea[], scope_hash uuid[], entries int[], grace bigint[],
	key uuid[], expected_count bigint[], expected_digest bytea[], digest bytea[], closing boolean[],
	entry_request int[], entry_name bytea[], entry_data bytea[],
	out base bigint, out verdicts smallint[], out now_epoch int, out now_drained pg_snapshot, out moved int, out backlog boolean)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	waiting uuid[];
	same    boolean;
	pending boolean;
	added   bigint;
	now_us  bigint;
begin
	perform lock();
	-- Readers must not see an entry of the outbox after one of a later call.
	select * into base, now_epoch, same, now_drained, pending from state(known_epoch, drained);
	if not same then
		perform "continue"();
		drained := null;
		select * into base, now_epoch, same, now_drained, pending from state(null, null);
	elsif known_epoch is distinct from now_epoch then
		drained := null;
	end if;
	if pending then
		select d.moved, left_over into moved, backlog from drain(drained, @step@, base) d;
		if backlog then
			now_drained := drained;
			waiting := array(select u.s from unnest(session) u (s) where (select true from outbox o where o.session = u.s limit 1));
		end if;
		base := base + moved;
	end if;
	if cardinality(kind) = 0 then
		if pg_current_xact_id_if_assigned() is null then
			now_drained := null; -- see below
		end if;
		return;
	end if;
	now_us := micros();
	with request as materialized (
		select r.*, s.hash is not null and s.born is not null and coalesce(s.forget_at > now_at, true) as known, s.deleted, s.born
		from (
			select *, clock_timestamp() as now_at
			from unnest(kind, session, session_id, scope, scope_hash, entries, grace, key, expected_count, expected_digest, digest, closing)
			with ordinality as r (kind, session, id, scope, scope_hash, n, grace, key, expected_count, expected_digest, digest, closing, nr)
		) r
		left join lateral (select * from session s where s.hash = r.session offset 0) s on true
	), judged as materialized (
		select r.*, k.count as had, k.first, k.last, k.piece,
			(case
				when r.session = any(waiting) then 6
				when r.known and r.deleted is not null then 3
				when r.kind = 2 and r.known then 1
				when r.kind = 3 and not r.known then 2
				when r.key is null then case when r.n = 0 then 5 else 0 end
				when coalesce(k.count, 0) <> r.expected_count or coalesce(k.digest, '') <> r.expected_digest or k.closed then 4
				when r.n = 0 and k.count is null then 5
				else 0
			end)::smallint as verdict
		from request r
		left join lateral (
			select * from key k
			where r.key is not null and r.known and k.session = r.session and k.key = r.key and k.born = r.born and k.used >= now_us - @keylife@
			offset 0
		) k on true
	), placed as materialized (
		select j.*, base + sum(case verdict when 0 then n else 0 end) over (order by nr rows unbounded preceding)
			- case verdict when 0 then n else 0 end as before
		from judged j
	), appended as (
		insert into log (id, stream, name, data)
		select base + row_number() over (order by t.at),
			case when p.kind = 1 then p.session when p.kind = 2 then p.scope_hash else (select s.scope_hash from session s where s.hash = p.session) end,
			t.name, t.data
		from unnest(entry_request, entry_name, entry_data) with ordinality as t (request, name, data, at)
		join placed p on p.nr = t.request and p.verdict = 0
		returning 1
	), made as (
		insert into session as s (hash, id, scope, scope_hash, born, floor)
		select distinct on (p.session) p.session, p.id, p.scope, p.scope_hash, p.before + 1, 0
		from placed p where p.verdict = 0 and not p.known and p.n > 0
		order by p.session, p.nr
		on conflict (hash) do update set
			id = excluded.id, scope = excluded.scope, scope_hash = excluded.scope_hash, born = excluded.born,
			floor = greatest(s.floor, s.deleted), deleted = null, forget_at = null, seen = now(),
			dirty = s.dirty or s.forget_at is not null
	), ended as (
		update session s set deleted = p.before + 1, forget_at = p.now_at + p.grace * interval '1 microsecond'
		from placed p where p.kind = 3 and p.verdict = 0 and s.hash = p.session
	), keyed as (
		insert into key as k (session, key, born, count, first, last, piece, digest, closed, used)
		select p.session, p.key,
			case when p.known then p.born else (select min(q.before) + 1 from placed q where q.session = p.session and q.verdict = 0 and q.n > 0) end,
			coalesce(p.had, 0) + p.n, coalesce(p.first, p.before + 1),
			case when p.n > 0 then p.before + p.n else p.last end,
			case when p.n > 0 then p.n else p.piece end,
			p.digest, p.closing, now_us
		from placed p where p.verdict = 0 and p.key is not null
		on conflict (session, key) do update set
			born = excluded.born, count = excluded.count, first = excluded.first, last = excluded.last,
			piece = excluded.piece, digest = excluded.digest, closed = excluded.closed, used = excluded.used
	)
	select case when bool_or(verdict <> 0) then array_agg(verdict order by nr) end, sum(case verdict when 0 then n else 0 end)
	into verdicts, added from placed;

	insert into call (token, at, base, verdicts) values (token, now_us, base, verdicts);
	if added > 0 then
		perform pg_notify(@channel@, '');
	end if;
end $$;

-- append_plain is append for requests that only append, without keys. It has done nothing if base
-- is null: the session of some is not there or deleted, there are rows in the outbox, or the
-- process does not know whether there are.
--
-- Most calls are calls of it, and most of what they cost beside the entries is to start statements.
create function append_plain(token uuid, known_epoch int, drained pg_snapshot,
	session uuid[], entry_stream uuid[], entry_name bytea[], entry_data bytea[],
	out base bigint, out now_epoch int, out now_drained pg_snapshot)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
	unseen  constant xid8 := pg_snapshot_xmax(drained);
	same    boolean;
	pending boolean;
	good    bigint;
	nothing text;
begin
	if pg_is_in_recovery() or current_setting('transaction_isolation') <> 'read committed' or current_setting('synchronous_commit') = 'off'
		or current_setting('lock_timeout') <> '0' then
		perform lock(); -- which refuses, or sets what it needs
	end if;
	nothing := pg_advisory_xact_lock(@lock@)::text; -- an expression, and no statement
	select greatest((select max(l.id) from log l), e.first, micros()), e.n, e.n = known_epoch and e.timeline = timeline(), pg_current_snapshot(),
		exists (select from outbox o where o.xid >= unseen),
		(select count(*) from session s where s.hash = any(session) and s.born is not null and s.deleted is null)
	into base, now_epoch, same, now_drained, pending, good
	from epoch e order by e.n desc limit 1;
	if pg_snapshot_xmin(drained) < unseen then -- some were open
		pending := pending or exists (select from outbox o where o.xid = any(array(select pg_snapshot_xip(drained))));
	end if;
	if same is not true or pending or good <> cardinality(session) then
		base := null; now_drained := null;
		return;
	end if;
	with entries as (
		insert into log (id, stream, name, data)
		select base + t.at, t.stream, t.name, t.data from unnest(entry_stream, entry_name, entry_data) with ordinality as t (stream, name, data, at)
	)
	insert into call (token, at, base) values (token, micros(), base);
	perform pg_notify(@channel@, '');
end $$;
