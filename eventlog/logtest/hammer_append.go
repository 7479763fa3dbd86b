package logtest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/mixstream/mixstream/eventlog"
)

// appender appends to the shared sessions, and creates and deletes sessions of its own.
type appender struct {
	*fixture
	acked *acked
	name  string
	rng   *rand.Rand
}

func (a *appender) run() error {
	var made []eventlog.Session // that are not deleted yet
	for i := range hammerCalls {
		var err error
		switch n := a.rng.IntN(10); {
		case n < 7:
			err = a.some(i)
		case n < 9 || len(made) == 0:
			s := eventlog.Session{ID: fmt.Sprint(a.name, i), Scope: []string{"x", "y", "z"}[a.rng.IntN(3)]}
			e := a.entry("session_created")
			if err = a.log.Create(a.ctx, s, &e); err == nil {
				a.acked.add(eventlog.Session{Scope: s.Scope}, e)
				made = append(made, s)
			}
		default:
			s := made[0]
			made = made[1:]
			e := a.entry("session_deleted")
			if err = a.log.Delete(a.ctx, s.ID, &e, patience); err == nil {
				a.acked.add(eventlog.Session{Scope: s.Scope}, e)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// some appends a few entries, sometimes under a key, and then sometimes a second time.
func (a *appender) some(i int) error {
	s := hammerSessions[a.rng.IntN(len(hammerSessions))]
	entries := a.entries(1 + a.rng.IntN(4))
	var key *eventlog.Key
	if a.rng.IntN(3) == 0 {
		key = &eventlog.Key{Name: fmt.Sprint(a.name, i)}
	}
	if err := a.log.Append(a.ctx, s, key, entries); err != nil {
		return err
	}
	a.acked.add(s, entries...)
	if key != nil && a.rng.IntN(2) == 0 {
		repeated := again(entries)
		if err := a.log.Append(a.ctx, s, &eventlog.Key{Name: key.Name}, repeated); err != nil {
			return err
		}
		if !slices.Equal(ids(repeated), ids(entries)) {
			return fmt.Errorf("repeated Append set ids %d, want %d", ids(repeated), ids(entries))
		}
	}
	return nil
}
