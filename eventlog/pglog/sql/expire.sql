-- expire deletes keys and calls whose life is over, about max_rows of each at most. It begins at
-- the times up to which the caller has done so before: before those there may be many rows that
-- are deleted and that an old snapshot of another transaction keeps. It returns up to when it has
-- deleted now, and whether more is due. Another process that does the same makes it return at once.
create function expire(keys_from bigint, calls_from bigint, max_rows int, out keys_to bigint, out calls_to bigint, out more boolean)
language plpgsql
set search_path = @schema@, pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	last   bigint;
	behind uuid;
	due    bigint := micros() - @calllife@;
begin
	keys_to := keys_from; calls_to := calls_from; more := false;
	if pg_is_in_recovery() or not pg_try_advisory_xact_lock(@lock@ + 2) then
		return;
	end if;
	-- If the clock was set back, the next call begins there.
	keys_to := micros() - 2 * @keylife@;
	select used into last from key where used >= keys_from and used < keys_to order by used offset max_rows limit 1;
	if found then
		keys_to := last + 1; more := true;
	end if;
	delete from key where used >= keys_from and used < keys_to;

	-- Calls are found by the time of the process that made them, and its clock may be wrong.
	calls_to := due;
	select token into behind from call where token >= token_at(calls_from) and token < token_at(calls_to) order by token offset max_rows limit 1;
	if found then
		calls_to := token_time(behind) + 1; more := true;
	end if;
	delete from call where token >= token_at(calls_from) and token < token_at(calls_to) and at < due;
end $$;
