package main

import (
	"context"
	"fmt"
	"slices"
)

// memoryRounds is how often the memory of each subject is measured, each time in new
// processes.
const memoryRounds = 3

// idleMemory is the memory of a server with idle streams.
type idleMemory struct {
	*loadSubject
	resident [][]float64 // by number of readers, by round
	wrong    error
}

func writeMemory(ctx context.Context, o *output) error {
	var all []*idleMemory
	for _, s := range loadSubjects() {
		if s.key != coalesceKey && s.key != flushKey { // when idle, both equal the bare handler
			all = append(all, &idleMemory{loadSubject: s, resident: make([][]float64, len(loadReaders()))})
		}
	}
	for range unlessQuick(memoryRounds, 1) {
		for _, m := range all {
			if m.wrong != nil {
				continue
			}
			if err := m.round(ctx); err != nil {
				if !m.peer {
					return fmt.Errorf("%s: %w", m.name, err)
				}
				m.wrong = err
			}
		}
	}
	i := slices.IndexFunc(all, func(m *idleMemory) bool { return m.key == bareKey })
	bare := all[i]
	head := []string{""}
	for _, n := range loadReaders() {
		head = append(head, fmt.Sprintf("%d streams", n))
	}
	o.head(append(head, "a stream", "× bare", "")...)
	for _, m := range all {
		if m.wrong != nil {
			o.row(m.name, "", "", "", "", "", "wrong: "+m.wrong.Error())
			continue
		}
		row := []string{m.name}
		for i, n := range loadReaders() {
			total := median(slices.Clone(m.resident[i]))
			row = append(row, digits(total/(1<<20))+" MiB")
			o.plot.add(m.name, n, 0, total)
		}
		o.row(append(row, digits(median(m.perStream())/1024)+" KiB", digits(median(m.ratio(bare))), m.note)...)
		if m.key == detachedKey {
			o.goals = append(o.goals, goal{"memory of an idle detached stream, in KiB", 2, median(m.perStream()) / 1024, slices.Min(m.perStream()) / 1024})
		}
		if m.key == oursKey {
			o.goals = append(o.goals, goal{"memory of an idle stream / bare handler", 1.05, median(m.ratio(bare)), slices.Min(m.perStream()) / slices.Min(bare.perStream())})
		}
	}
	return nil
}

// round measures once.
func (m *idleMemory) round(ctx context.Context) error {
	p, err := startPair(ctx, m.loadSubject, loadSetup{Sessions: 1, Backlog: 100})
	if err != nil {
		return err
	}
	defer p.stop()
	open := 0
	for i, n := range loadReaders() {
		if err := p.connect(n-open, false); err != nil {
			return err
		}
		open = n
		u, err := p.order(order{Do: doMemory})
		if err != nil {
			return err
		}
		m.resident[i] = append(m.resident[i], float64(u.Memory))
	}
	return nil
}

// perStream returns, by round, the memory that each stream adds after the first ones.
func (m *idleMemory) perStream() []float64 {
	last := len(loadReaders()) - 1
	values := make([]float64, len(m.resident[0]))
	for round := range values {
		values[round] = (m.resident[last][round] - m.resident[0][round]) / float64(loadReaders()[last]-loadReaders()[0])
	}
	return values
}

func (m *idleMemory) ratio(base *idleMemory) []float64 {
	values, by := m.perStream(), base.perStream()
	for i := range values {
		values[i] /= by[i]
	}
	return values
}
