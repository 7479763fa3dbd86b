package pgstorm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mixstream/mixstream/eventlog"
)

// Publishers of each process, by their numbers.
const (
	plainPublishers   = 4
	keyedPublishers   = 2
	orderedPublishers = 4
)

// publisher is a goroutine that makes one call after the other.
type publisher struct {
	*replica
	*rand.Rand
	number int
	calls  int
}

// publish starts the publishers.
func (r *replica) publish(wg *sync.WaitGroup) {
	n := 0
	start := func(run func(p *publisher)) {
		p := &publisher{replica: r, Rand: r.random(100 + n), number: n}
		n++
		wg.Go(func() { run(p) })
	}
	for range keyedPublishers {
		start(func(p *publisher) { p.turns() })
	}
	for range plainPublishers {
		start(func(p *publisher) { p.loop(p.append) })
	}
	for range orderedPublishers {
		start(func(p *publisher) { p.loop(p.order) })
	}
	start(func(p *publisher) { p.loop(p.create) })
}

func (p *publisher) loop(once func()) {
	for !p.over.Load() {
		once()
	}
}

// next begins another call.
func (p *publisher) next(kind, session int) call {
	p.calls++
	return call{kind, session, p.Life, p.number, p.calls}
}

// note tells what became of entries, and reports whether they were appended.
func (p *publisher) note(err error, entries []eventlog.Entry) bool {
	switch {
	case err == nil:
		p.tell("acked", p.listed(entries))
	case errors.Is(err, eventlog.ErrOutcomeUnknown):
	case errors.Is(err, eventlog.ErrUnavailable):
		p.tell("refused", p.listed(entries))
		p.pause(err)
	default:
		p.pause(err)
	}
	return err == nil
}

// append appends some entries without a key.
func (p *publisher) append() {
	i := p.IntN(len(scopes))
	all := entries(p.next(plain, i).items(1 + p.IntN(1+p.IntN(60))))
	p.note(p.log.Append(context.Background(), session(i), nil, all), all)
}

// create creates a session in a scope, and deletes it.
func (p *publisher) create() {
	in := p.IntN(len(scopeNumbers))
	first := p.next(scoped, in)
	s := eventlog.Session{ID: "created-" + first.items(1)[0].text(), Scope: scopeNumbers[in]}
	e := entries(first.items(1))
	if p.note(p.log.Create(context.Background(), s, &e[0]), e) {
		e = entries(p.next(scoped, in).items(1))
		p.note(p.log.Delete(context.Background(), s.ID, &e[0], 0), e)
	}
	time.Sleep(time.Duration(p.IntN(20)) * time.Millisecond)
}

// jobTurn is what is appended under one key: pieces, one after the other. A turn that a process
// leaves unfinished is the next one's.
type jobTurn struct {
	Session int
	Pieces  [][]item
}

// turns appends turns. It finishes what another process has left.
func (p *publisher) turns() {
	if t, left := p.Turns[p.number]; left {
		p.turn(t)
	}
	p.loop(func() {
		t := jobTurn{Session: p.IntN(len(scopes))}
		var line strings.Builder
		fmt.Fprint(&line, "turn ", p.number, " ", t.Session)
		for range 1 + p.IntN(3) {
			piece := p.next(keyed, t.Session).items(1 + p.IntN(10))
			t.Pieces = append(t.Pieces, piece)
			line.WriteString(" ")
			for i, it := range piece {
				if i > 0 {
					line.WriteString(",")
				}
				line.WriteString(it.text())
			}
		}
		p.tell(line.String())
		p.turn(t)
	})
}

// turn appends a turn, of which some may be in the log. It tries until that is so of all.
func (p *publisher) turn(t jobTurn) {
	name := "turn-" + t.Pieces[0][0].text()
	key := &eventlog.Key{Name: name}
	for next := 0; next < len(t.Pieces); {
		key.Close = next == len(t.Pieces)-1
		all := entries(t.Pieces[next])
		err := p.log.Append(context.Background(), session(t.Session), key, all)
		switch reused, is := errors.AsType[*eventlog.KeyError](err); {
		case is: // another process, or a call whose outcome was unknown, has come further
			next = p.after(t, reused.Appended)
			key = &eventlog.Key{Name: name, Appended: reused.Appended}
		case errors.Is(err, eventlog.ErrKeyForgotten):
			p.tell("wrong ", err.Error())
			return
		case err != nil: // only the log knows how far it has come
			p.pause(err)
			next, key = 0, &eventlog.Key{Name: name}
		default:
			p.tell("acked", p.listed(all))
			next++
		}
	}
	p.tell("over ", fmt.Sprint(p.number))
}

// after returns how many pieces of a turn are in the log.
func (p *publisher) after(t jobTurn, has eventlog.Appended) int {
	var expected eventlog.Appended
	for i, piece := range t.Pieces {
		if expected.Count == has.Count && expected.Digest == has.Digest {
			return i
		}
		expected = expected.Add(entries(piece)...)
	}
	if expected.Count != has.Count || expected.Digest != has.Digest {
		p.tell("wrong ", fmt.Sprintf("the key stands for %d entries that are not the first of the turn", has.Count))
	}
	return len(t.Pieces)
}

// order publishes in a transaction, to one session or two, with a row for each entry. The rows
// of a session have numbers in the order of the commits.
func (p *publisher) order() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sessions := []int{p.IntN(len(scopes))}
	if more := p.IntN(4 * len(scopes)); more > sessions[0] && more < len(scopes) {
		sessions = append(sessions, more)
	}
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		p.failed(err)
		return
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	var all []eventlog.Entry
	var wait func(ctx context.Context) ([]uint64, error)
	for _, i := range sessions {
		items := p.next(ordered, i).items(1 + p.IntN(5))
		of := entries(items)
		pending, err := p.log.AppendTx(ctx, tx, session(i), of)
		if err == nil {
			err = p.insert(ctx, tx, i, items)
		}
		if err != nil {
			p.failed(err)
			return
		}
		all, wait = append(all, of...), pending.IDs
	}
	if p.IntN(10) == 0 {
		return
	}
	if err := tx.Commit(ctx); err != nil {
		p.failed(err)
		return
	}
	p.tell("committed ", fmt.Sprint(len(all)))
	if len(sessions) > 1 || p.IntN(5) > 0 {
		return
	}
	switch ids, err := wait(ctx); {
	case errors.Is(err, eventlog.ErrGap) && p.Retention.Entries > 0: // they are there no more
	case err != nil:
		if ctx.Err() == nil {
			p.pause(err)
		}
	default:
		for i := range all {
			all[i].ID = ids[i]
		}
		p.tell("acked", p.listed(all))
	}
}

// insert inserts the rows of entries. The lock of the session, which this transaction has, makes
// their numbers those of the commits.
func (p *publisher) insert(ctx context.Context, tx pgx.Tx, session int, items []item) error {
	numbers := make([]int64, len(items))
	for i, it := range items {
		numbers[i] = int64(it)
	}
	_, err := tx.Exec(ctx, `with counter as (update counters set n = n + cardinality($2::bigint[]) where session = $1 returning n)
		insert into orders (session, n, item) select $1, counter.n - cardinality($2::bigint[]) + t.nr, t.item
		from counter, unnest($2::bigint[]) with ordinality as t (item, nr)`, session, numbers)
	return err
}

// failed pauses after an error of a transaction: a connection or a server that is gone.
func (p *publisher) failed(err error) {
	if e, is := errors.AsType[*pgconn.PgError](err); is && e.Code[:2] != "57" && e.Code[:2] != "08" {
		p.tell("wrong ", "a transaction failed: ", err.Error())
	}
	time.Sleep(5 * time.Millisecond)
}
