package pglog_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// modelled is a reader that reads to the end, or until it has enough.
type modelled struct {
	of    eventlog.Session
	from  uint64
	limit int // bytes of a read
	pause time.Duration
	most  int // entries
	spans []span
}

// span is what a reader has read without a gap.
type span struct {
	after, through uint64
	entries        []string
}

// cutShort returns an entry as a text.
func cutShort(id uint64, data []byte) string {
	return fmt.Sprint(id, " ", string(data[:min(len(data), 12)]))
}

// theEnd returns the text of the last entry of a session.
func theEnd(session string) string { return "end of " + session }

// run reads only what it is woken for.
func (m *modelled) run(ctx context.Context, l *pglog.Log) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the reader is not woken"))
	defer cancel()
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	r, err := l.Follow(ctx, m.of, wake)
	for ; errors.Is(err, eventlog.ErrUnavailable); r, err = l.Follow(ctx, m.of, wake) {
		time.Sleep(time.Millisecond) // nobody is woken who does not follow
	}
	if err != nil {
		return err
	}
	defer r.Close()
	m.spans = []span{{after: m.from, through: m.from}}
	for got := 0; ; {
		now := &m.spans[len(m.spans)-1]
		b, err := r.Read(ctx, now.through, m.limit)
		switch {
		case errors.Is(err, eventlog.ErrUnavailable): // until a wake
		case errors.Is(err, eventlog.ErrGap):
			if floor, _, err := r.Bounds(ctx); err == nil {
				m.spans = append(m.spans, span{after: floor, through: floor})
			}
			continue
		case err != nil:
			return fmt.Errorf("Read(%d): %w", now.through, err)
		default:
			for _, e := range b.Entries {
				now.entries = append(now.entries, cutShort(e.ID, e.Data))
				if got++; string(e.Data) == theEnd(m.of.ID) {
					got = m.most
				}
			}
			if now.through = b.Position; got >= m.most {
				return nil
			}
			if len(b.Entries) > 0 {
				time.Sleep(m.pause) // a slow reader falls behind the memory
				continue
			}
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// keepAll makes a table of all entries that the log had, also those that it has deleted since.
const keepAll = `
create table %[1]s.all_entries as select id, stream, data as start from %[1]s.log;
create function %[1]s.keep_all() returns trigger language plpgsql as $$
begin
	insert into %[1]s.all_entries values (new.id, new.stream, substr(new.data, 1, 12));
	return null;
end $$;
create trigger keep_all after insert on %[1]s.log for each row execute function %[1]s.keep_all()`

// streamsOf returns the streams of a session and of its scope, as the log has them.
func streamsOf(s eventlog.Session) (streams [][16]byte) {
	for _, name := range []string{"session\x00" + s.ID, "scope\x00" + s.Scope} {
		sum := sha256.Sum256([]byte(name))
		streams = append(streams, [16]byte(sum[:]))
	}
	return streams
}

// check compares what the reader has read with all that the log had.
func (m *modelled) check(t *testing.T, pool *pgxpool.Pool, schema string) {
	t.Helper()
	for _, s := range m.spans {
		rows, err := pool.Query(t.Context(), "select id, start from "+schema+".all_entries where stream = any($1) and id > $2 and id <= $3 order by id",
			streamsOf(m.of), s.after, s.through)
		if err != nil {
			t.Fatal(err)
		}
		want, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
			var id uint64
			var data []byte
			err := row.Scan(&id, &data)
			return cutShort(id, data), err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.entries, want) {
			t.Errorf("a reader of %+v got other entries than are in the log from %d to %d\n got %q\nwant %q", m.of, s.after, s.through, s.entries, want)
		}
	}
}

// Readers of all kinds, which come and go while two processes append and delete, entries are
// trimmed, notifications lost and connections cut, read what the log has.
func TestReadersAgree(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	url := pgtest.Shared(t).URL("postgres")
	pool := pgtest.Pool(t, url)
	o := migrated(t, pool, pglog.Options{Retention: pglog.Retention{Entries: 60}, PollInterval: 20 * time.Millisecond}.DropNotifications(func() bool { return rand.IntN(3) > 0 }))
	here := mustOpen(t, pgtest.Pool(t, url+"&application_name=here-"+o.Schema), o)
	there := mustOpen(t, pgtest.Pool(t, url), o)
	execute(t, pool, fmt.Sprintf(keepAll, o.Schema))
	sessions := make([]eventlog.Session, 12)
	for i := range sessions {
		sessions[i] = eventlog.Session{ID: fmt.Sprint(i), Scope: []string{"", "x", "y"}[i%3]}
		e := texts("made")[0]
		if err := here.Create(t.Context(), sessions[i], &e); err != nil {
			t.Fatal(err)
		}
	}
	var readers []*modelled
	var running sync.WaitGroup
	defer running.Wait()
	follow := func(from uint64) {
		m := &modelled{
			of: sessions[random.IntN(len(sessions))], from: from, limit: 1 << (4 + random.IntN(18)),
			pause: time.Duration(random.IntN(3)*random.IntN(500)) * time.Microsecond, most: 1 + random.IntN(1000),
		}
		readers = append(readers, m)
		running.Go(func() {
			if err := m.run(t.Context(), here); err != nil {
				t.Errorf("a reader of %+v from %d: %v", m.of, m.from, err)
			}
		})
	}
	position := func() uint64 {
		r := tester{t, there}.follow(own("0"))
		defer r.Close()
		_, end := r.bounds()
		return end
	}
	start := position()
	big := strings.Repeat("x", 3<<20)
	cut := time.Now()
	for n := range 500 {
		s, l := sessions[random.IntN(len(sessions))], []*pglog.Log{here, there}[random.IntN(2)]
		text := fmt.Sprintf("%d ", n)
		var err error
		switch c := random.IntN(100); {
		case c < 60:
			err = l.Append(t.Context(), s, nil, texts(numbered(n, n+random.IntN(4))...))
		case c < 63:
			err = l.Append(t.Context(), s, nil, texts(text+big[:random.IntN(len(big))]))
		case c < 64:
			err = l.Append(t.Context(), s, nil, texts(text+strings.Repeat("y", pglog.MaxMemory/2)))
		case c < 70: // deleted and made again; its scope is told both
			e := texts(text + "end")[0]
			if err = l.Delete(t.Context(), s.ID, &e, time.Hour); err == nil {
				execute(t, pool, "update "+o.Schema+".session set forget_at = now() where deleted is not null and forget_at > now()")
				e = texts(text + "again")[0]
				err = l.Create(t.Context(), s, &e)
			}
		case c < 80:
			tx := begin(t, pool)
			if _, err = l.AppendTx(t.Context(), tx, s, texts(text+"tx")); err == nil {
				err = tx.Commit(t.Context())
			}
		case c < 90:
			follow(start)
		case c < 96:
			follow(position())
		case c < 97:
			execute(t, pool, "truncate "+o.Schema+".log")
		case time.Since(cut) > time.Second: // seldom enough, or the tail would pause all the time
			cut = time.Now()
			execute(t, pool, "select pg_terminate_backend(pid) from pg_stat_activity where query like '%tail%' and application_name = $1", "here-"+o.Schema)
		}
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
	}
	for _, s := range sessions {
		tester{t, there}.append(s, theEnd(s.ID))
	}
	running.Wait()
	for _, m := range readers {
		m.check(t, pool, o.Schema)
	}
}
