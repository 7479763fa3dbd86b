package pgstorm_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

const (
	processes = 3
	// patience is how long what must happen may take.
	patience = 2 * time.Minute
)

// Three processes read every session, and two of them publish: with Append, under keys, and in
// transactions with a row for each entry. The processes, the database and the connections between
// them die at random, and notifications are lost. Nothing is lost, nothing comes twice, the order is
// that of the commits, and every row has its entry and no other has.
//
//	MIXSTREAM_SLOW=1                    about 40 s
//	MIXSTREAM_STORM_EVENTS=1000000      as many events, which takes some 10 minutes; set -timeout
//	MIXSTREAM_STORM_SEED=N              the harm of an earlier run, which has told its seed
func TestStorm(t *testing.T) {
	// About a third of the events come in the second storm, whose readers are told of gaps.
	events := number(t, "MIXSTREAM_STORM_EVENTS", 1500)
	for name, p := range map[string]profile{
		"all retained":  {events: events * 2 / 3, retention: pglog.Retention{Entries: -1, Bytes: -1, Age: -1}},
		"some retained": {events: events / 3, retention: pglog.Retention{Entries: 100, Bytes: 1 << 20}},
	} {
		t.Run(name, func(t *testing.T) { p.run(t) })
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		if os.Getenv("MIXSTREAM_SLOW") != "" {
			return otherwise * 20
		}
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// profile is a kind of storm.
type profile struct {
	events    int
	retention pglog.Retention
}

func (p profile) all() bool { return p.retention.Entries < 0 }

// storm is a storm under way.
type storm struct {
	*testing.T
	profile
	random   *rand.Rand
	seed     uint64
	database *pgtest.Server
	pool     *pgxpool.Pool // to the database, past the proxies
	schema   string
	proxies  [processes]*proxy
	process  [processes]*process
	book     *book
	lives    int
	harm     map[string]int
}

func (p profile) run(t *testing.T) {
	seed := rand.Uint64() >> 32
	if text := os.Getenv("MIXSTREAM_STORM_SEED"); text != "" {
		seed = uint64(number(t, "MIXSTREAM_STORM_SEED", 0))
	}
	t.Logf("MIXSTREAM_STORM_SEED=%d", seed)
	s := &storm{T: t, profile: p, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), database: pgtest.Start(t), schema: "storm", harm: make(map[string]int)}
	s.prepare()
	for i := range s.proxies {
		s.proxies[i] = newProxy(t, filepath.Join(s.database.Folder(), ".s.PGSQL.5432"), 25+20*i)
		s.start(i)
	}
	defer s.stop()
	began := time.Now()
	s.strikeUntil(p.events)
	took := time.Since(began)
	last := s.calm()
	s.check(last)
	t.Logf("%d events in %v, %d refused, %d gaps, %d lives of processes, harm: %v", s.book.total, took.Round(time.Millisecond), len(s.book.refused), s.book.gaps(), s.lives, s.harm)
}

// prepare makes the schema of the log and the tables of the application.
func (s *storm) prepare() {
	var err error
	if s.pool, err = pgxpool.New(s.Context(), s.database.URL("postgres")); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(s.pool.Close)
	if err := pglog.Migrate(s.Context(), s.pool, pglog.Options{Schema: s.schema}); err != nil {
		s.Fatal(err)
	}
	if _, err := s.pool.Exec(s.Context(), `
		create table orders (session int, n bigint, item bigint not null, primary key (session, n));
		create table counters (session int primary key, n bigint not null);
		insert into counters select i, 0 from generate_series(0, 15) i`); err != nil {
		s.Fatal(err)
	}
	l := s.open()
	defer l.Close()
	floors := make([]uint64, len(scopes))
	for i := range floors {
		r, err := l.Follow(s.Context(), session(i), func() {})
		if err != nil {
			s.Fatal(err)
		}
		if floors[i], _, err = r.Bounds(s.Context()); err != nil {
			s.Fatal(err)
		}
		r.Close()
	}
	s.book = newBook(floors)
}

// open opens the log in this process.
func (s *storm) open() *pglog.Log {
	s.Helper()
	l, err := pglog.Open(s.Context(), s.pool, pglog.Options{Schema: s.schema, Retention: s.retention})
	if err != nil {
		s.Fatal(err)
	}
	return l
}

// calm ends the publishing, and waits until all readers have all. It returns the last item of each
// session.
func (s *storm) calm() (last []item) {
	for i := range s.proxies {
		s.proxies[i].loseAnswers(0)
		s.process[i].say("finish")
	}
	s.until("the processes finish", func() bool { return s.book.finished == [processes]bool{true, true, true} })
	l := s.open()
	defer l.Close()
	for i := range scopes {
		items := call{kind: plain, session: i, number: 1}.items(1)
		e := entries(items)
		if err := l.Append(s.Context(), session(i), nil, e); err != nil {
			s.Fatal(err)
		}
		last = append(last, items[0])
		s.book.acked = append(s.book.acked, seen{e[0].ID, items[0]})
	}
	s.until("the readers have the last entries", func() bool { return s.book.have(last) })
	return last
}

// until waits until a condition of what the processes have told holds.
func (s *storm) until(what string, holds func() bool) {
	s.Helper()
	over := false
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		s.book.mu.Lock()
		defer s.book.mu.Unlock()
		over = true
		s.book.changed.Broadcast()
	})()
	s.book.wait(func() bool { return over || holds() })
	if over {
		s.Errorf("not within %v: %s", patience, what)
	}
	for _, text := range s.book.wrong {
		s.Error(text)
	}
	if s.Failed() {
		s.FailNow()
	}
}
