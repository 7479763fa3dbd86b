package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// loadTables returns the tables of servers under load. Together they take about nine minutes.
func loadTables() []table {
	return []table{
		{"fanout", "Fan-out: events of 200 bytes to the readers of one session, in bursts", writeFanout},
		{"lowrate", "CPU at a low rate: 40 events a second to 500 readers of one session", writeLowRate},
		{"sessions", "Sessions of one reader each", writeSessions},
		{"replay", "Replay of 100,000 events", writeReplay},
		{"memory", "Memory of idle streams", writeMemory},
	}
}

// loadGroups is the same subjects under loads of growing size.
type loadGroups struct {
	sizes  []int
	groups []*loadGroup
}

func (gs *loadGroups) last() *loadGroup { return gs.groups[len(gs.groups)-1] }

// rows writes a row for each subject: the floors first, then the others by their speed in the
// last group.
func (gs *loadGroups) rows(o *output, columns int, by func(loadSample) float64, cells func(g *loadGroup, c *contender) []string) {
	order := slices.Clone(gs.last().contenders)
	speed := func(c *contender) float64 {
		switch {
		case !c.peer && c.key != oursKey:
			return 0
		case c.wrong != nil:
			return 1e300
		}
		return c.median(by)
	}
	slices.SortStableFunc(order, func(a, b *contender) int { return cmp.Compare(speed(a), speed(b)) })
	for _, s := range order {
		row := []string{s.name}
		note := s.note
		for _, g := range gs.groups {
			c := g.of(s.key)
			if c.wrong != nil {
				row = append(row, slices.Repeat([]string{""}, columns)...)
				note = join(note, fmt.Sprint("wrong: ", c.wrong))
				continue
			}
			row = append(row, cells(g, c)...)
		}
		o.row(append(row, note)...)
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// burst returns how many events to publish at once, so that a sample has about the same number
// of deliveries at every size.
func burst(readers int) int { return max(40, min(2000, 400_000/readers)) }

func loadReaders() []int { return unlessQuick([]int{100, 1000, 5000}, []int{5, 10, 20}) }

func writeFanout(ctx context.Context, o *output) error {
	wrong, err := checkLoad(ctx, delivering())
	if err != nil {
		return err
	}
	gs := &loadGroups{sizes: loadReaders()}
	for _, readers := range loadReaders() {
		events := burst(readers)
		g := &loadGroup{
			name:  fmt.Sprintf("fanout-%d", readers),
			setup: loadSetup{Sessions: 1, Backlog: 2 * events},
			wrong: wrong,
			ready: func(p *loadPair) error { return p.connect(readers, false) },
			sample: func(p *loadPair, repeat int) (loadSample, error) {
				return p.sample(load{bursts: repeat, events: events}, readers)
			},
		}
		if err := g.measure(ctx, delivering(), loadBudget{rounds: 9, total: 30 * time.Second, sample: 300 * time.Millisecond, slow: 3 * time.Second}); err != nil {
			return err
		}
		gs.groups = append(gs.groups, g)
	}
	head := []string{""}
	for _, n := range gs.sizes {
		head = append(head, fmt.Sprintf("%d readers: per delivery", n), "throughput × coalescing", "CPU of the server")
	}
	o.head(append(head, "")...)
	gs.rows(o, 3, loadSample.wall, func(g *loadGroup, c *contender) []string {
		return []string{duration(c.median(loadSample.wall)), digits(1 / c.ratio(g.of(coalesceKey), loadSample.wall)), duration(c.median(loadSample.cpu))}
	})
	for i, g := range gs.groups {
		o.loadGoal(fmt.Sprintf("time per delivery with a backlog, %d readers / coalescing floor", gs.sizes[i]), 1/0.9, g.of(oursKey), g.of(coalesceKey), loadSample.wall)
		o.loadGoal(fmt.Sprintf("detached, the same, %d readers / hijacked floor", gs.sizes[i]), 1, g.of(detachedKey), g.of(hijackKey), loadSample.wall)
		for _, c := range g.contenders {
			if c.wrong == nil {
				o.plot.add(c.name, gs.sizes[i], c.median(loadSample.cpu), 0)
			}
		}
	}
	return nil
}

func writeLowRate(ctx context.Context, o *output) error {
	readers, events := unlessQuick(500, 10), unlessQuick(40, 4)
	g := &loadGroup{
		name:  "lowrate",
		setup: loadSetup{Sessions: 1, Backlog: 2 * events},
		ready: func(p *loadPair) error { return p.connect(readers, false) },
		sample: func(p *loadPair, _ int) (loadSample, error) {
			return p.sample(load{bursts: 1, events: events, every: 25 * time.Millisecond}, readers)
		},
	}
	// Nine pairs, one right after the other.
	if err := g.measure(ctx, delivering(), loadBudget{rounds: 9, total: time.Hour, sample: 1, slow: time.Hour}); err != nil {
		return err
	}
	gs := &loadGroups{sizes: []int{readers}, groups: []*loadGroup{g}}
	o.head("", "CPU of the server per delivery", "× a write and flush for each", "")
	gs.rows(o, 2, loadSample.cpu, func(g *loadGroup, c *contender) []string {
		return []string{duration(c.median(loadSample.cpu)), digits(c.ratio(g.of(flushKey), loadSample.cpu))}
	})
	o.loadGoal("CPU per delivery at a low rate / flush floor", 1.1, g.of(oursKey), g.of(flushKey), loadSample.cpu)
	o.loadGoal("CPU per delivery at a low rate, detached / attached", 0.95, g.of(detachedKey), g.of(oursKey), loadSample.cpu)
	return nil
}

func writeSessions(ctx context.Context, o *output) error {
	gs := &loadGroups{sizes: unlessQuick([]int{100, 1000, 10_000}, []int{5, 10, 20})}
	for _, sessions := range gs.sizes {
		events := max(2, 20_000/sessions)
		g := &loadGroup{
			name:  fmt.Sprintf("sessions-%d", sessions),
			setup: loadSetup{Sessions: sessions, Backlog: 2 * events},
			ready: func(p *loadPair) error { return p.connect(sessions, false) },
			sample: func(p *loadPair, repeat int) (loadSample, error) {
				return p.sample(load{bursts: repeat, events: events, pin: true}, sessions)
			},
		}
		if err := g.measure(ctx, delivering(), loadBudget{rounds: 9, total: 30 * time.Second, sample: 300 * time.Millisecond, slow: 3 * time.Second}); err != nil {
			return err
		}
		gs.groups = append(gs.groups, g)
	}
	head := []string{""}
	for _, n := range gs.sizes {
		head = append(head, fmt.Sprintf("%d sessions: per delivery", n), "CPU of the server", "a publish", "× coalescing")
	}
	o.head(append(head, "")...)
	gs.rows(o, 4, loadSample.wall, func(g *loadGroup, c *contender) []string {
		return []string{
			duration(c.median(loadSample.wall)), duration(c.median(loadSample.cpu)),
			duration(c.median(loadSample.publish)), digits(c.ratio(g.of(coalesceKey), loadSample.publish)),
		}
	})
	g := gs.last()
	o.loadGoal("a publish with 10,000 sessions / coalescing floor", 1.1, g.of(oursKey), g.of(coalesceKey), loadSample.publish)
	o.loadGoal("CPU per delivery with 10,000 sessions / coalescing floor", 1.1, g.of(oursKey), g.of(coalesceKey), loadSample.cpu)
	return nil
}

func writeReplay(ctx context.Context, o *output) error {
	gs := &loadGroups{sizes: []int{1, 10}}
	for _, readers := range gs.sizes {
		g := &loadGroup{
			name:  fmt.Sprintf("replay-%d", readers),
			setup: loadSetup{Sessions: 1, Backlog: 2 * replayed(), Replay: true},
			ready: func(p *loadPair) error {
				_, err := p.order(order{Do: doPublish, Events: replayed()})
				return err
			},
			sample: func(p *loadPair, repeat int) (loadSample, error) { return p.replay(repeat, readers, replayed()) },
		}
		if err := g.measure(ctx, delivering(), loadBudget{rounds: 9, total: 25 * time.Second, sample: 100 * time.Millisecond, slow: 3 * time.Second}); err != nil {
			return err
		}
		gs.groups = append(gs.groups, g)
	}
	o.head("", "1 client: per event", "× coalescing", "10 clients: per event", "× coalescing", "")
	gs.rows(o, 2, loadSample.wall, func(g *loadGroup, c *contender) []string {
		return []string{duration(c.median(loadSample.wall)), digits(c.ratio(g.of(coalesceKey), loadSample.wall))}
	})
	for i, g := range gs.groups {
		o.loadGoal(fmt.Sprintf("replay to %d / coalescing floor", gs.sizes[i]), 1.1, g.of(oursKey), g.of(coalesceKey), loadSample.wall)
	}
	return nil
}
