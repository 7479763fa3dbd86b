package pgstorm_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// scopes has the scope of each session. A session without one is its own.
var scopes = []string{"A", "A", "B", "", "", ""}

// scopeNumbers are the scopes that sessions share, by their number in items.
var scopeNumbers = []string{"A", "B"}

func session(i int) eventlog.Session {
	return eventlog.Session{ID: fmt.Sprint("session-", i), Scope: scopes[i]}
}

// job is what a replica does: one life of one process.
type job struct {
	URL       string
	Schema    string
	Retention pglog.Retention
	Seed      uint64
	Life      int
	Publishes bool
	Lazy      bool // its readers pause now and then

	Positions []uint64        // where the reader of each session begins
	Turns     map[int]jobTurn // what earlier lives have left unfinished under a key, by publisher
}

// replica is a process that reads and publishes. Its standard output tells of it, a line each:
//
//	up                     it has opened the log, and reads
//	read N POSITION ID:ITEM…  the reader of session N has got these, and continues at a position
//	gap N AFTER FLOOR      the reader of session N was told a gap, and continues at its end
//	acked ID:ITEM…         these were appended
//	refused ITEM…          these were not appended, and will not be
//	committed N            a transaction with N entries was committed
//	turn PUBLISHER SIZES ITEM…  it begins to append these under one key, in pieces
//	over PUBLISHER         it has appended them
//	finished               it publishes nothing more
//	wrong TEXT             what must not happen
//
// A line on its standard input tells it to "finish" publishing, or to "close" the log at once. It
// ends with its standard input.
type replica struct {
	job
	pool *pgxpool.Pool
	log  *pglog.Log
	over atomic.Bool

	mu sync.Mutex // held while a line is written
}

func runReplica(text string) {
	r := &replica{}
	if err := json.Unmarshal([]byte(text), &r.job); err != nil {
		panic(err)
	}
	in := bufio.NewScanner(os.Stdin)
	if err := r.open(context.Background()); err != nil {
		r.tell("wrong ", "Open: ", err.Error())
		return
	}
	r.tell("up")
	var publishing sync.WaitGroup
	for i := range scopes {
		go r.read(i)
	}
	if r.Publishes {
		r.publish(&publishing)
	}
	for in.Scan() {
		switch in.Text() {
		case "finish":
			r.over.Store(true)
			publishing.Wait()
			r.tell("finished")
		case "close":
			// What others are in the middle of fails, and they go on.
			_ = r.log.Close()
			r.pool.Close()
			return
		}
	}
}

// tell writes a line.
func (r *replica) tell(parts ...string) {
	line := strings.Join(parts, "") + "\n"
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = os.Stdout.WriteString(line) // it fails when the other end is gone, and this process about to be
}

// open opens the log, which may take until the database is up.
func (r *replica) open(ctx context.Context) (err error) {
	if r.pool, err = pgxpool.New(ctx, r.URL); err != nil {
		return err
	}
	o := pglog.Options{Schema: r.Schema, Retention: r.Retention, RequestTimeout: time.Second, AppendTimeout: 2 * time.Second, PollInterval: 200 * time.Millisecond}
	for {
		if r.log, err = pglog.Open(ctx, r.pool, o); !errors.Is(err, eventlog.ErrUnavailable) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *replica) random(of int) *rand.Rand {
	return rand.New(rand.NewPCG(r.Seed, uint64(r.Life)<<8+uint64(of)))
}

// read reads a session from its position on.
func (r *replica) read(i int) {
	at := r.Positions[i]
	random := r.random(i)
	for {
		woken := make(chan struct{}, 1)
		reader, err := r.log.Follow(context.Background(), session(i), func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		if err != nil {
			r.pause(err)
			continue
		}
		// Now and then it begins to follow anew.
		for range 1 + random.IntN(500) {
			if at, err = r.readOnce(reader, i, at, random, woken); err != nil {
				r.pause(err)
			}
		}
		reader.Close()
	}
}

// readOnce reads once, and returns where to continue. If there is nothing, it waits to be woken.
func (r *replica) readOnce(reader eventlog.Reader, i int, at uint64, random *rand.Rand, woken <-chan struct{}) (uint64, error) {
	if r.Lazy && random.IntN(50) == 0 {
		time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond)
	}
	limit := random.IntN(4000)
	if random.IntN(3) == 0 {
		limit = 1 << 20
	}
	b, err := reader.Read(context.Background(), at, limit)
	if errors.Is(err, eventlog.ErrGap) {
		floor, _, err := reader.Bounds(context.Background())
		if err != nil {
			return at, err
		}
		r.tell("gap ", fmt.Sprint(i), " ", item(at).text(), " ", item(floor).text())
		return floor, nil
	}
	if err != nil {
		return at, err
	}
	if b.Position != at {
		r.tell("read ", fmt.Sprint(i), " ", item(b.Position).text(), r.listed(b.Entries))
	}
	if len(b.Entries) == 0 {
		<-woken
	}
	return b.Position, nil
}

// listed returns entries as they stand in a line.
func (r *replica) listed(entries []eventlog.Entry) string {
	var line strings.Builder
	for _, e := range entries {
		it, err := itemOf(e)
		if err != nil {
			r.tell("wrong ", err.Error())
		}
		line.WriteString(" " + item(e.ID).text() + ":" + it.text())
	}
	return line.String()
}

// pause waits after an error, which must be one of a log that is not there.
func (r *replica) pause(err error) {
	if !errors.Is(err, eventlog.ErrUnavailable) && !errors.Is(err, eventlog.ErrOutcomeUnknown) {
		r.tell("wrong ", err.Error())
	}
	time.Sleep(5 * time.Millisecond)
}
