package pglog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// storm is processes on one database that all die and come back at random.
type storm struct {
	*testing.T
	server   *pgtest.Server
	pool     *pgxpool.Pool
	table    string
	options  pglog.Options
	replicas [3]atomic.Pointer[pglog.Log]
	over     atomic.Bool

	mu    sync.Mutex
	acked map[string]bool // whether a text was acknowledged; false: its outcome is unknown
}

// Three processes publish with Append and in transactions and read, while each of them, the
// database and their connections die at random, and notifications are lost. Nothing is lost, nothing
// comes twice, the order is kept, and every row has its event.
func TestStorm(t *testing.T) {
	duration, writers := 2*time.Second, 2
	if slow() {
		duration, writers = 20*time.Second, 8
	}
	s := &storm{T: t, server: pgtest.Start(t), acked: make(map[string]bool)}
	s.pool = openPool(t, s.server.URL("postgres"))
	s.options = migrated(t, s.pool, pglog.Options{PollInterval: 200 * time.Millisecond}).DropNotifications(func() bool { return rand.IntN(4) == 0 })
	s.table = orders(t, s.pool)
	for i := range s.replicas {
		s.replicas[i].Store(s.open())
	}
	first := tester{t, s.replicas[0].Load()}
	floor, _ := first.follow(own("0")).bounds()

	var writing, reading sync.WaitGroup
	read := make([][]string, 4)
	for i := range read {
		session := own(fmt.Sprint(i % 2))
		reading.Go(func() { read[i] = s.read(i%len(s.replicas), session, floor) })
	}
	for w := range writers {
		writing.Go(func() { s.append(w) })
		writing.Go(func() { s.publish(w) })
	}
	s.strike(duration)
	s.over.Store(true)
	writing.Wait()
	for i := range 2 {
		until(t, "the last entry is appended", func() bool {
			return s.replicas[0].Load().Append(t.Context(), own(fmt.Sprint(i)), &eventlog.Key{Name: "last"}, texts("last")) == nil
		})
	}
	reading.Wait()
	for i := range s.replicas {
		_ = s.replicas[i].Load().Close()
	}
	s.check(read)
}

func (s *storm) open() *pglog.Log {
	for {
		l, err := pglog.Open(s.Context(), s.pool, s.options)
		if err == nil {
			return l
		}
		if !errors.Is(err, eventlog.ErrUnavailable) {
			s.Errorf("Open: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// strike does harm for a while.
func (s *storm) strike(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) {
		switch rand.IntN(8) {
		case 0:
			s.server.Kill(s)
			s.server.Up(s)
		case 1, 2, 3:
			i := rand.IntN(len(s.replicas))
			_ = s.replicas[i].Swap(s.open()).Close()
		default:
			// It may be down.
			_, _ = s.pool.Exec(s.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and random() < 0.4")
		}
	}
}

// append appends numbers to a session, each under a key or not.
func (s *storm) append(w int) {
	for n := 0; !s.over.Load(); n++ {
		text := fmt.Sprint("a", w, "-", n)
		var key *eventlog.Key
		if n%2 == 0 {
			key = &eventlog.Key{Name: text, Close: true}
		}
		for {
			err := s.replicas[rand.IntN(len(s.replicas))].Load().Append(s.Context(), own(fmt.Sprint(w%2)), key, texts(text))
			if errors.Is(err, eventlog.ErrUnavailable) || key != nil && errors.Is(err, eventlog.ErrOutcomeUnknown) {
				continue
			}
			if err != nil && !errors.Is(err, eventlog.ErrOutcomeUnknown) {
				s.Errorf("Append: %v", err)
			}
			s.mu.Lock()
			s.acked[text] = err == nil
			s.mu.Unlock()
			break
		}
	}
}

// publish publishes numbers in transactions, each with a row.
func (s *storm) publish(w int) {
	session := fmt.Sprint(w % 2)
	for n := 0; !s.over.Load(); n++ {
		text := fmt.Sprint("t", w, "-", n)
		l := s.replicas[rand.IntN(len(s.replicas))].Load()
		err := pgx.BeginFunc(s.Context(), s.pool, func(tx pgx.Tx) error {
			if _, err := l.AppendTx(s.Context(), tx, own(session), texts(text)); err != nil {
				return err
			}
			_, err := tx.Exec(s.Context(), "insert into "+s.table+" (session, text) values ($1, $2)", session, text)
			return err
		})
		if err != nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// read reads a session through whatever log a replica has, until its last entry.
func (s *storm) read(replica int, session eventlog.Session, at uint64) (got []string) {
	ctx, cancel := context.WithTimeout(s.Context(), 3*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		woken := make(chan struct{}, 1)
		l := s.replicas[replica].Load()
		r, err := l.Follow(ctx, session, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		if err != nil {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		for l == s.replicas[replica].Load() {
			b, err := r.Read(ctx, at, 1+rand.IntN(2000))
			if err != nil {
				if !errors.Is(err, eventlog.ErrUnavailable) {
					s.Errorf("Read(%d): %v", at, err)
				}
				break
			}
			at = b.Position
			for _, e := range b.Entries {
				if got = append(got, string(e.Data)); got[len(got)-1] == "last" {
					r.Close()
					return got
				}
			}
			if len(b.Entries) == 0 {
				select {
				case <-woken:
				case <-time.After(time.Second): // its log may be closed
				}
			}
		}
		r.Close()
	}
	return got
}

// check checks what the readers got.
func (s *storm) check(read [][]string) {
	rows := make(map[string][]string)
	result, err := s.pool.Query(s.Context(), "select session, text from "+s.table+" order by n")
	if err != nil {
		s.Fatal(err)
	}
	var session, text string
	if _, err := pgx.ForEachRow(result, []any{&session, &text}, func() error {
		rows[session] = append(rows[session], text)
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	total := 0
	for i, got := range read {
		seen := make(map[string]bool)
		var published []string
		for _, text := range got {
			if seen[text] {
				s.Errorf("reader %d got %s twice", i, text)
			}
			if seen[text] = true; text[0] == 't' {
				published = append(published, text)
			}
		}
		if want := rows[fmt.Sprint(i%2)]; !slices.Equal(published, want) {
			s.Errorf("reader %d got %d events of transactions, and there are %d rows", i, len(published), len(want))
		}
		if !slices.Equal(got, read[i%2]) {
			s.Errorf("reader %d got other events than reader %d", i, i%2)
		}
		total += len(got)
	}
	lost, unknown := 0, 0
	for text, acked := range s.acked {
		of := read[int(text[1]-'0')%2]
		if !acked {
			unknown++
		} else if !slices.Contains(of, text) {
			lost++
		}
	}
	if lost > 0 {
		s.Errorf("%d acknowledged events are lost", lost)
	}
	s.Logf("%d events read, %d outcomes unknown", total, unknown)
}
