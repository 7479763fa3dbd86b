package pgstorm_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// seen is an entry that somebody got or appended.
type seen struct {
	id uint64
	item
}

// stretch is what a reader got without a gap: all entries after a position, up to another.
type stretch struct {
	from, to uint64
	got      []seen
}

// reading is what the readers of one session in one process got, over all of its lives.
type reading struct {
	stretches []*stretch
	gaps      int
}

func (r *reading) last() *stretch { return r.stretches[len(r.stretches)-1] }

// book is what the processes have told.
type book struct {
	mu       sync.Mutex
	changed  sync.Cond
	readings [processes][]*reading // by session
	acked    []seen
	refused  []item
	turns    [processes]map[int]jobTurn // those that are not over
	begun    []jobTurn                  // all
	total    int                        // of acknowledged entries
	up       [processes]bool
	finished [processes]bool
	wrong    []string
}

func newBook(floors []uint64) *book {
	b := &book{}
	b.changed.L = &b.mu
	for i := range processes {
		b.turns[i] = make(map[int]jobTurn)
		for _, floor := range floors {
			b.readings[i] = append(b.readings[i], &reading{stretches: []*stretch{{from: floor, to: floor}}})
		}
	}
	return b
}

// line notes a line of a process.
func (b *book) line(process int, line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.changed.Broadcast()
	what, rest, _ := strings.Cut(line, " ")
	if what == "wrong" {
		b.wrong = append(b.wrong, rest)
		return
	}
	if err := b.fact(process, what, strings.Fields(rest)); err != nil {
		b.wrong = append(b.wrong, fmt.Sprintf("a process said %q: %v", line, err))
	}
}

func (b *book) fact(process int, what string, fields []string) error {
	switch what {
	case "up":
		b.up[process] = true
	case "read":
		return b.read(process, fields)
	case "gap":
		return b.gap(process, fields)
	case "acked", "refused":
		all, err := list(fields)
		if err != nil {
			return err
		}
		if what == "acked" {
			b.acked = append(b.acked, all...)
			b.total += len(all)
			return nil
		}
		for _, s := range all {
			b.refused = append(b.refused, s.item)
		}
	case "committed":
		n, err := strconv.Atoi(fields[0])
		b.total += n
		return err
	case "turn":
		return b.turn(process, fields)
	case "over":
		publisher, err := strconv.Atoi(fields[0])
		delete(b.turns[process], publisher)
		return err
	case "finished":
		b.finished[process] = true
	default:
		return fmt.Errorf("unknown: %s", what)
	}
	return nil
}

func (b *book) read(process int, fields []string) error {
	session, err := strconv.Atoi(fields[0])
	if err != nil {
		return err
	}
	s := b.readings[process][session].last()
	if s.to, err = parse(fields[1]); err != nil {
		return err
	}
	got, err := list(fields[2:])
	s.got = append(s.got, got...)
	return err
}

func (b *book) gap(process int, fields []string) error {
	session, err := strconv.Atoi(fields[0])
	if err != nil {
		return err
	}
	after, err := parse(fields[1])
	if err != nil {
		return err
	}
	floor, err := parse(fields[2])
	if err != nil {
		return err
	}
	if floor <= after {
		return fmt.Errorf("a gap after %d, and the floor is %d", after, floor)
	}
	r := b.readings[process][session]
	r.gaps++
	r.stretches = append(r.stretches, &stretch{from: floor, to: floor})
	return nil
}

func (b *book) turn(process int, fields []string) error {
	publisher, err := strconv.Atoi(fields[0])
	if err != nil {
		return err
	}
	var t jobTurn
	if t.Session, err = strconv.Atoi(fields[1]); err != nil {
		return err
	}
	for _, piece := range fields[2:] {
		var items []item
		for text := range strings.SplitSeq(piece, ",") {
			n, err := parse(text)
			if err != nil {
				return err
			}
			items = append(items, item(n))
		}
		t.Pieces = append(t.Pieces, items)
	}
	b.turns[process][publisher] = t
	b.begun = append(b.begun, t)
	return nil
}

// list returns what a list of ids and items says.
func list(fields []string) ([]seen, error) {
	all := make([]seen, len(fields))
	for i, f := range fields {
		id, it, _ := strings.Cut(f, ":")
		var err error
		if all[i].id, err = parse(id); err != nil {
			return nil, err
		}
		n, err := parse(it)
		if err != nil {
			return nil, err
		}
		all[i].item = item(n)
	}
	return all, nil
}

// wait waits until a condition of what is told holds. An end is told by an error.
func (b *book) wait(holds func() bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !holds() && len(b.wrong) == 0 {
		b.changed.Wait()
	}
}

// resume returns where the readers of a process continue. Some begin again at an earlier position.
func (b *book) resume(process int, again func(n int) int) (positions []uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.readings[process] {
		s := r.last()
		if n := len(s.got); n > 0 && again(10) == 0 {
			at := s.got[n-1-again(min(n, 3000))].id
			s = &stretch{from: at, to: at}
			r.stretches = append(r.stretches, s)
		}
		positions = append(positions, s.to)
	}
	return positions
}

// have reports whether the readers of all processes have the last entry of each session.
func (b *book) have(last []item) bool {
	for _, p := range b.readings {
		for i, r := range p {
			got := r.last().got
			if len(got) == 0 || got[len(got)-1].item != last[i] {
				return false
			}
		}
	}
	return true
}

// gaps returns how many gaps readers were told.
func (b *book) gaps() (n int) {
	for _, p := range b.readings {
		for _, r := range p {
			n += r.gaps
		}
	}
	return n
}
