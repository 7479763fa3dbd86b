package eventlog_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// FuzzMemory runs a program of calls on a Memory and on the model, and compares
// them after each.
func FuzzMemory(f *testing.F) {
	for seed := range uint64(60) {
		program := make([]byte, 600)
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range program {
			program[i] = byte(rng.Uint32())
		}
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 2000 {
			return
		}
		synctest.Test(t, func(t *testing.T) { newMachine(t, program).run() })
	})
}

// machine runs a program.
type machine struct {
	*testing.T
	program []byte
	log     *eventlog.Memory
	model   *model
	readers []eventlog.Reader // in the order of the model's
	wakes   []*int
	began   time.Time
	coarse  bool // all times are multiples of 5 s, so that some limits are met exactly
	n       int
}

func newMachine(t *testing.T, program []byte) *machine {
	r := eventlog.Retention{Entries: 5, Bytes: 700, Age: time.Minute, TotalBytes: 2000}
	if len(program) > 0 {
		// Never, before the entries are over their age, and after.
		r.Idle = []time.Duration{0, 10 * time.Second, 90 * time.Second}[program[0]%3]
	}
	coarse := len(program) > 1 && program[1]%2 == 0
	start := uint64(time.Now().UnixMicro()) - 1
	return &machine{
		T: t, program: program, log: eventlog.NewMemory(r), began: time.Now(), coarse: coarse,
		model: &model{
			retention: r, last: start, forgotten: start,
			marks:   make(map[string]uint64),
			records: make(map[string]*modelRecord),
			keys:    make(map[string]modelKey),
		},
	}
}

func (m *machine) run() {
	for len(m.program) > 0 && !m.Failed() {
		switch op := m.next(16); op {
		case 0, 1, 2, 3, 4:
			m.append(nil)
		case 5:
			m.append(&eventlog.Key{Name: []string{"k", "l"}[m.next(2)]})
		case 6, 7:
			m.create()
		case 8, 9:
			m.delete()
		case 10, 11:
			m.follow()
		case 12:
			m.close()
		case 13, 14:
			time.Sleep(m.seconds(15))
		case 15:
			m.lookup()
		}
		m.compare()
	}
	for len(m.readers) > 0 {
		m.close()
		m.compare()
	}
}

// next returns the program's next number below n.
func (m *machine) next(n int) int {
	if len(m.program) == 0 {
		return 0
	}
	b := m.program[0]
	m.program = m.program[1:]
	return int(b) % n
}

// seconds returns a time below n seconds.
func (m *machine) seconds(n int) time.Duration {
	s := m.next(n)
	if m.coarse {
		s -= s % 5
	}
	return time.Duration(s) * time.Second
}

func (m *machine) session() eventlog.Session {
	return eventlog.Session{
		ID:    []string{"a", "b", "c", "d"}[m.next(4)],
		Scope: []string{"", "x", "y", "a"}[m.next(4)],
	}
}

func (m *machine) entry() eventlog.Entry {
	m.n++
	size := 1 + m.next(120)
	switch size {
	case 1:
		size = 900 // more than the log retains of a session
	case 2:
		size = 2500 // and of all
	}
	return eventlog.Entry{Name: "e", Data: fmt.Appendf(nil, "%*d", size, m.n)}
}

// tidy lets the time come to the model.
func (m *machine) tidy() {
	m.model.now = time.Since(m.began)
	m.model.tidy()
}

// compare compares what the readers see.
func (m *machine) compare() {
	m.Helper()
	for i, r := range m.readers {
		of := m.model.readers[i]
		floor, end, err := r.Bounds(m.Context())
		if err != nil || floor != m.model.floor(of) || end != m.model.last {
			m.Fatalf("Bounds of %+v: %d, %d, error %v; want %d, %d", of, floor, end, err, m.model.floor(of), m.model.last)
		}
		after := end - uint64(m.next(20))
		limit := m.next(2) * m.next(256)
		b, err := r.Read(m.Context(), after, limit)
		if after < floor {
			m.check("Read", err, eventlog.ErrGap)
			continue
		}
		want, position := m.model.read(of, after), end
		for n, e := range want {
			limit -= len(e.Name) + len(e.Data)
			if limit < 0 && n > 0 {
				want, position = want[:n], want[n-1].ID
				break
			}
		}
		if err != nil || !slices.EqualFunc(b.Entries, want, equal) || b.Position != position {
			m.Fatalf("Read(%d) of %+v:\n got %v, error %v\nwant %v, position %d", after, of, b, err, want, position)
		}
	}
}

func equal(a, b eventlog.Entry) bool {
	return a.ID == b.ID && a.Name == b.Name && bytes.Equal(a.Data, b.Data)
}
