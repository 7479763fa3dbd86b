-- unseen returns rows of the outbox of the transactions that a snapshot does not see; any rows
-- without one. It finds them by transaction: rows that were moved before are not looked at,
-- however long other transactions keep them from being vacuumed. It returns no more than at_most
-- of those that the snapshot was too early for, and no more of those that were open.
create function unseen(drained pg_snapshot, at_most int) returns table (at tid, n bigint)
stable language plpgsql as $$
declare
	open xid8[];
begin
	if drained is null then
		return query select o.ctid, o.n from outbox o limit at_most;
		return;
	end if;
	return query select o.ctid, o.n from outbox o where o.xid >= pg_snapshot_xmax(drained) limit at_most;
	open := array(select x from pg_snapshot_xip(drained) x);
	if cardinality(open) > 0 then
		return query select o.ctid, o.n from outbox o where o.xid = any(open) limit at_most;
	end if;
end $$;

-- waiting reports whether a call of append would move rows of the outbox, or might. With a session,
-- it waits for the end of the transaction that is publishing to it, but not for long.
create function waiting(known_epoch int, drained pg_snapshot, session uuid) returns boolean
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
set lock_timeout = '5ms'
as $$
declare
	nothing text;
begin
	if session is not null then
		begin
			nothing := pg_advisory_xact_lock_shared(session_lock(session))::text;
		exception when lock_not_available then
			null; -- some other may have ended
		end;
	end if;
	return not exists (select from (select * from epoch order by n desc limit 1) e where e.n = known_epoch and e.timeline = timeline())
		or exists (select from unseen(drained, 1));
end $$;

-- drain moves rows of the outbox into the log, in their order, but no more than max_rows. Their ids
-- are after base; there is one for each row, but those that come too late do not get theirs. It
-- returns how many, and whether rows are left over. It looks at no more than a few times max_rows, however many
-- there are.
create function drain(drained pg_snapshot, max_rows int, base bigint, out moved int, out left_over boolean)
language plpgsql as $$
declare
	rows  tid[];
	ended bigint;
begin
	rows := array(select at from unseen(drained, max_rows + 1));
	left_over := cardinality(rows) > max_rows;
	if left_over then
		-- Those that come first. All rows that there are were not moved yet.
		rows := array(select o.ctid from outbox o order by o.n limit max_rows);
	end if;
	moved := cardinality(rows);
	if moved = 0 then
		return;
	end if;
	if not exists (
		select from outbox o left join session s on s.hash = o.session
		where o.ctid = any(rows) and (o.grace is not null or s.born is null or s.deleted is not null)
	) then -- as most do, they only append
		with taken as (
			delete from outbox o where o.ctid = any(rows) returning o.n, o.session, o.name, o.data
		)
		insert into log (id, stream, name, data, origin)
		select base + row_number() over (order by n), session, name, data, n from taken;
		perform pg_notify(@channel@, '');
		return;
	end if;
	with taken as (
		delete from outbox o where o.ctid = any(rows)
		returning o.*
	), judged as (
		select t.*, s.hash is not null and s.born is not null and coalesce(s.forget_at > clock_timestamp(), true) as known, s.deleted,
			s.scope_hash as known_scope_hash
		from taken t left join session s on s.hash = t.session
	), placed as materialized (
		select j.*, base + row_number() over (order by n) as at
		from judged j where not (known and deleted is not null)
	), appended as (
		insert into log (id, stream, name, data, origin)
		select at, case when grace is null then session when known then known_scope_hash else scope_hash end, name, data, n from placed
	), made as (
		insert into session as s (hash, id, scope, scope_hash, born, floor, deleted, forget_at)
		select distinct on (p.session) p.session, p.id, p.scope, p.scope_hash, p.at, 0, e.at, clock_timestamp() + e.grace * interval '1 microsecond'
		from placed p left join placed e on e.session = p.session and e.grace is not null
		where not p.known order by p.session, p.at
		on conflict (hash) do update set
			id = excluded.id, scope = excluded.scope, scope_hash = excluded.scope_hash, born = excluded.born,
			floor = greatest(s.floor, s.deleted), deleted = excluded.deleted, forget_at = excluded.forget_at, seen = now(),
			dirty = s.dirty or s.forget_at is not null
	), ended as (
		update session s set deleted = e.at, forget_at = clock_timestamp() + e.grace * interval '1 microsecond'
		from placed e where e.known and e.grace is not null and s.hash = e.session
	)
	select (select count(*) from judged) - (select count(*) from placed) into ended;
	if ended > 0 then
		raise warning 'mixstream: % events were published to a session that was deleted meanwhile', ended;
	end if;
	perform pg_notify(@channel@, '');
end $$;

-- publish puts entries into the outbox, in a transaction of the application. With a grace, the
-- only entry ends the session. It returns the numbers that the entries have there, the transaction,
-- a position before them, and the stream that gets them. The verdict is 0; 3 if the session is
-- deleted; 8 if this is another log than the caller's, in which it does nothing either.
create function publish(log uuid, session uuid, session_id bytea, scope bytea, scope_hash uuid,
	entry_name bytea[], entry_data bytea[], grace bigint,
	out verdict int, out first_n bigint, out last_n bigint, out xid xid8, out tail bigint, out stream uuid)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
	ended   boolean;
	nothing text;
begin
	select case when v.log = log then 0 else 8 end, greatest((select max(l.id) from log l), (select t.floor from trimmed t))
	into verdict, tail from version v;
	if verdict > 0 then
		return;
	end if;
	-- The next one waits for the end of this transaction: the order within a session is that of
	-- the commits.
	nothing := pg_advisory_xact_lock(session_lock(session))::text; -- an expression, and no statement
	if current_setting('transaction_isolation') = 'read committed' then
		ended := exists (select from outbox o where o.session = session and o.grace is not null)
			or exists (select from session s where s.hash = session and s.born is not null and s.deleted is not null and s.forget_at > clock_timestamp());
	else
		ended := ended_by_now(session);
	end if;
	if ended then
		verdict := 3;
		return;
	end if;
	xid := pg_current_xact_id();
	stream := session;
	if grace is not null then
		stream := coalesce((select s.scope_hash from session s
			where s.hash = session and s.born is not null and coalesce(s.forget_at > clock_timestamp(), true)), scope_hash);
	end if;
	if cardinality(entry_name) = 1 then
		insert into outbox (session, id, scope, scope_hash, name, data, grace)
		values (session, session_id, scope, scope_hash, entry_name[1], entry_data[1], grace) returning n into first_n;
		last_n := first_n;
		return;
	end if;
	with put as (
		insert into outbox (session, id, scope, scope_hash, name, data, grace)
		select session, session_id, scope, scope_hash, t.name, t.data, grace
		from unnest(entry_name, entry_data) with ordinality as t (name, data, at) order by t.at
		returning n
	)
	select min(n), max(n) into first_n, last_n from put;
end $$;

-- ended_by_now returns whether a session is deleted, in a transaction whose snapshot may be older
-- than the lock of the session. It fails with a serialization failure if the snapshot cannot tell:
-- the session's record has changed since.
--
-- It tries to insert what cannot be there twice, since such an insert sees what the snapshot does
-- not, and takes that back, so that nothing waits for this transaction. It reads only what it must:
-- what a serializable transaction reads can make others fail.
create function ended_by_now(session uuid) returns boolean language plpgsql as $$
#variable_conflict use_variable
declare
	s session;
begin
	insert into outbox (session, id, scope, scope_hash, name, data, grace) values (session, '', '', session, '', '', 0);
	begin
		insert into session (hash, id, scope, scope_hash, floor) values (session, '', '', session, 0);
		raise exception using errcode = 'MX003';
	exception when unique_violation then
		select * into s from session t where t.hash = session for share; -- fails if it has changed
		if not found then
			raise exception 'could not serialize access: the session is new' using errcode = '40001';
		end if;
	end;
	raise exception using errcode = 'MX003';
exception
	when sqlstate 'MX003' then
		return coalesce(s.born is not null and s.deleted is not null and s.forget_at > clock_timestamp(), false);
	when unique_violation then
		if not exists (select from outbox o where o.session = session and o.grace is not null) then
			raise exception 'could not serialize access: the session has ended' using errcode = '40001';
		end if;
		return true;
end $$;

-- settled returns what has become of entries that a transaction has put into the outbox: the ids
-- that they have, in their order, and whether the transaction has ended. If it has, lost says that
-- it was rolled back, or is not in this history, and trimmed that entries may have been deleted since.
create function settled(stream uuid, session uuid, after bigint, first_n bigint, last_n bigint, xid xid8,
	out ids bigint[], out ended boolean, out lost boolean, out trimmed boolean)
stable language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
begin
	ids := array(select l.id from log l where l.stream = stream and l.id > after and l.origin between first_n and last_n order by l.id);
	ended := pg_visible_in_snapshot(xid, pg_current_snapshot())
		and not exists (select from outbox o where o.xid = xid and o.n between first_n and last_n);
	if not ended then
		begin
			perform pg_xact_status(xid);
		exception when invalid_parameter_value then
			-- It is in the future: the transaction was in a history that is lost.
			ended := true; lost := true; trimmed := false;
			return;
		end;
	end if;
	if ended then
		lost := pg_xact_status(xid) = 'aborted';
		trimmed := coalesce(after < greatest(
			(select t.floor from trimmed t),
			(select greatest(s.floor, s.deleted) from session s where s.hash = session),
			(select s.floor from scope s where s.hash = stream)), false);
	end if;
end $$;

-- session_lock returns the number of the advisory lock of a session.
create function session_lock(session uuid) returns bigint immutable language sql as $$
	select @lock@ # ('x' || left(replace(session::text, '-', ''), 16))::bit(64)::bigint
$$;
