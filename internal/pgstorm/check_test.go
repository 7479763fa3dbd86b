package pgstorm_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// check compares what the readers got with what was published. The truth of the transactions is
// the table of orders; that of the log is what a new reader finds, or all that anybody got if not
// all is retained.
func (s *storm) check(last []item) {
	rows := s.rows()
	truth := s.truth(last)
	ids, items := make(map[uint64]item), make(map[item]uint64)
	note := func(who string, e seen) {
		if it, known := ids[e.id]; known && it != e.item {
			s.Errorf("%s: id %d is that of %v and of %v", who, e.id, it, e.item)
		}
		if id, known := items[e.item]; known && id != e.id {
			s.Errorf("%s: %v is there as %d and as %d", who, e.item, id, e.id)
		}
		ids[e.id], items[e.item] = e.item, e.id
	}
	for _, all := range truth {
		for _, e := range all {
			note("the log", e)
		}
	}
	known := len(ids)
	for _, e := range s.book.acked {
		note("an acknowledgement", e)
	}
	if s.all() && len(ids) != known {
		s.Errorf("%d acknowledged entries are lost", len(ids)-known)
	}
	for _, it := range s.book.refused {
		if id, there := items[it]; there {
			s.Errorf("%v was refused, and is there as %d", it, id)
		}
	}
	s.checkTurns(items)
	s.checkAcknowledged()
	place := make(map[item]int) // of the rows of a session
	for i, all := range rows {
		for n, it := range all {
			if _, twice := place[it]; twice {
				s.Errorf("session %d: two rows with %v", i, it)
			}
			place[it] = n
		}
	}
	for i, all := range truth {
		if s.all() {
			s.checkStretch("the log", i, &stretch{got: all}, place)
			if got := slices.DeleteFunc(itemsOf(all), func(it item) bool { c, _, _ := it.call(); return c.kind != ordered }); !slices.Equal(got, rows[i]) {
				s.Errorf("session %d has %d entries of transactions, and %d rows", i, len(got), len(rows[i]))
			}
		}
		for p := range processes {
			s.checkReading(p, i, all, place)
		}
	}
}

// checkReading compares what a reader got with the log.
func (s *storm) checkReading(process, session int, truth []seen, place map[item]int) {
	r := s.book.readings[process][session]
	if s.all() && r.gaps > 0 {
		s.Errorf("process %d, session %d: %d gaps, although all is retained", process, session, r.gaps)
	}
	for n, part := range r.stretches {
		at := func(id uint64) int {
			i, _ := slices.BinarySearchFunc(truth, id+1, func(e seen, id uint64) int { return cmp.Compare(e.id, id) })
			return i
		}
		want := truth[at(part.from):at(part.to)]
		if !slices.Equal(part.got, want) {
			i := 0
			for i < min(len(part.got), len(want)) && part.got[i] == want[i] {
				i++
			}
			s.Errorf("process %d, session %d, stretch %d of %d, from %d to %d: got %d entries of %d, and others from the %dth on: %v, want %v",
				process, session, n, len(r.stretches), part.from, part.to, len(part.got), len(want), i, part.got[i:min(i+2, len(part.got))], want[i:min(i+2, len(want))])
		}
		s.checkStretch("a reader", session, part, place)
	}
}

// checkStretch checks what holds of entries between which no other is missing: those of one call
// stand together, and those of transactions have the order of their rows.
func (s *storm) checkStretch(who string, session int, part *stretch, place map[item]int) {
	before := seen{}
	next := -1
	for n, e := range part.got {
		c, size, index := e.item.call()
		if e.id <= before.id {
			s.Errorf("%s: session %d: id %d after %d", who, session, e.id, before.id)
		}
		if c.kind != scoped && c.session != session {
			s.Errorf("%s: session %d has %v", who, session, e.item)
		}
		// In between may come what belongs to the scope.
		if c.kind != scoped {
			was, _, i := before.item.call()
			if index > 0 && before.id > 0 && (was != c || i != index-1) {
				s.Errorf("%s: session %d: %v after %v", who, session, e.item, before.item)
			}
			if index < size-1 && n == len(part.got)-1 && who == "the log" {
				s.Errorf("%s: session %d ends with %v", who, session, e.item)
			}
			before = e
		}
		if c.kind == ordered {
			at, there := place[e.item]
			switch {
			case !there:
				s.Errorf("%s: session %d: %v has no row", who, session, e.item)
			case next >= 0 && at != next:
				s.Errorf("%s: session %d: row %d after row %d", who, session, at, next-1)
			}
			next = at + 1
		}
		if s.Failed() {
			return
		}
	}
}

// checkTurns checks that every turn was appended, pieces of unfinished processes included.
func (s *storm) checkTurns(items map[item]uint64) {
	if !s.all() {
		return // a turn may be trimmed that was appended and not acknowledged
	}
	for _, t := range s.book.begun {
		before := uint64(0)
		for _, it := range slices.Concat(t.Pieces...) {
			id := items[it]
			if id <= before {
				s.Errorf("a turn has %v as %d after %d", it, id, before)
			}
			before = id
		}
	}
}

// checkAcknowledged checks that what a publisher appended later has the higher ids.
func (s *storm) checkAcknowledged() {
	type publisher struct{ life, number int }
	latest := make(map[publisher]seen)
	for _, e := range s.book.acked {
		c, _, index := e.item.call()
		if c.kind == ordered || c.life == 0 {
			continue
		}
		of := publisher{c.life, c.publisher}
		before := latest[of]
		was, _, at := before.item.call()
		if c.number < was.number || c.number == was.number && index <= at && before.id > 0 {
			continue // a repetition of what was acknowledged before
		}
		if e.id <= before.id {
			s.Errorf("%v has id %d, and %v before it has %d", e.item, e.id, before.item, before.id)
		}
		latest[of] = e
	}
}

// rows returns the items of the rows of each session, in the order of the commits.
func (s *storm) rows() [][]item {
	rows := make([][]item, len(scopes))
	result, err := s.pool.Query(s.Context(), "select session, item from orders order by session, n")
	if err != nil {
		s.Fatal(err)
	}
	var session int
	var it int64
	if _, err := pgx.ForEachRow(result, []any{&session, &it}, func() error {
		rows[session] = append(rows[session], item(it))
		return nil
	}); err != nil {
		s.Fatal(err)
	}
	return rows
}

// truth returns the entries of each session, in their order.
func (s *storm) truth(last []item) [][]seen {
	truth := make([][]seen, len(scopes))
	l := s.open()
	defer l.Close()
	for i := range truth {
		all := make(map[uint64]item)
		for p := range processes {
			for _, part := range s.book.readings[p][i].stretches {
				for _, e := range part.got {
					all[e.id] = e.item
				}
			}
		}
		for _, e := range s.book.acked {
			if c, _, _ := e.item.call(); c.kind != scoped && c.session == i || c.kind == scoped && scopeNumbers[c.session] == scopes[i] {
				all[e.id] = e.item
			}
		}
		if !s.all() {
			for _, id := range slices.Sorted(maps.Keys(all)) {
				truth[i] = append(truth[i], seen{id, all[id]})
			}
			continue
		}
		r, err := l.Follow(s.Context(), session(i), func() {})
		if err != nil {
			s.Fatal(err)
		}
		for at := s.book.readings[0][i].stretches[0].from; len(truth[i]) == 0 || truth[i][len(truth[i])-1].item != last[i]; {
			b, err := r.Read(s.Context(), at, 1<<20)
			if err != nil {
				s.Fatalf("session %d: Read(%d) after %d entries: %v", i, at, len(truth[i]), err)
			}
			for _, e := range b.Entries {
				it, err := itemOf(e)
				if err != nil {
					s.Fatal(err)
				}
				truth[i] = append(truth[i], seen{e.ID, it})
			}
			at = b.Position
		}
		r.Close()
	}
	return truth
}

func itemsOf(all []seen) []item {
	items := make([]item, len(all))
	for i, e := range all {
		items[i] = e.item
	}
	return items
}
