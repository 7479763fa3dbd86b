-- token_at returns a token that is below all that a process makes from a time on, in microseconds
-- since 1970.
create function token_at(at bigint) returns uuid immutable language sql as $$
	select (lpad(to_hex(at), 16, '0') || '0000000000000000')::uuid
$$;

-- token_time returns the time from which a token is.
create function token_time(token uuid) returns bigint immutable language sql as $$
	select ('x' || left(replace(token::text, '-', ''), 16))::bit(64)::bigint
$$;

-- outcome returns what became of a call of append whose answer was lost. A call that has not
-- been made yet can never be made after it.
create function outcome(token uuid, out base bigint, out verdicts smallint[])
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform lock();
	insert into call (token, at) values (token, micros()) on conflict do nothing;
	select c.base, c.verdicts into base, verdicts from call c where c.token = token;
end $$;

-- recall returns what a key stands for, and renews it. It returns no row if it is not known.
create function recall(session uuid, key uuid)
returns table (count bigint, first bigint, last bigint, piece bigint, digest bytea, closed boolean)
language sql
set search_path = @schema@, pg_catalog, pg_temp
as $$
	update key k set used = micros()
	from session s
	where k.session = $1 and k.key = $2 and s.hash = $1 and k.born = s.born and k.used >= micros() - @keylife@
		and coalesce(s.forget_at > clock_timestamp(), true)
	returning k.count, k.first, k.last, k.piece, k.digest, k.closed
$$;

-- remove deletes a session in one step, after the transactions that publish to it have ended. It
-- returns the stream that has its last entry.
create function remove(token uuid, known_epoch int, drained pg_snapshot, session uuid, grace bigint, entry_name bytea, entry_data bytea,
	out base bigint, out verdicts smallint[], out stream uuid)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp set lock_timeout = 0
as $$
#variable_conflict use_variable
begin
	perform pg_advisory_xact_lock(session_lock(session));
	select a.base, a.verdicts into base, verdicts from append(
		token, known_epoch, drained, array[3::smallint], array[session], array[''::bytea], array[''::bytea], array[session], array[1], array[grace],
		array[null::uuid], array[0::bigint], array[''::bytea], array[''::bytea], array[false],
		array[1], array[entry_name], array[entry_data]) a;
	select s.scope_hash into stream from session s where s.hash = session;
end $$;
