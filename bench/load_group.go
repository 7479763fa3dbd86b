package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// contender is a subject with its processes and its samples.
type contender struct {
	*loadSubject
	pair    *loadPair
	warm    loadSample
	samples []loadSample
	wrong   error // the error that ended its part
}

// loadGroup is a list of subjects that get the same load in turn.
type loadGroup struct {
	name       string
	setup      loadSetup
	wrong      map[string]error        // subjects that deliver wrong bytes
	ready      func(p *loadPair) error // prepares a pair for measuring
	sample     func(p *loadPair, repeat int) (loadSample, error)
	contenders []*contender
}

// loadBudget bounds the measuring of a group.
type loadBudget struct {
	rounds int
	total  time.Duration // no round except the second starts after it
	sample time.Duration // the approximate least duration of a sample
	slow   time.Duration // a subject with a longer sample has fewRounds
}

// fewRounds is the number of rounds of a slow subject.
const fewRounds = 3

// measure starts every subject, runs the rounds, and ends the subjects. A failure of a peer
// ends its part; a failure of any other subject ends the program.
func (g *loadGroup) measure(ctx context.Context, list []*loadSubject, b loadBudget) error {
	b = unlessQuick(b, loadBudget{rounds: 1})
	defer func() {
		for _, c := range g.contenders {
			c.stop()
		}
	}()
	repeats := make(map[*contender]int)
	for _, s := range list {
		c := &contender{loadSubject: s}
		g.contenders = append(g.contenders, c)
		err := func() (err error) {
			if err := g.wrong[s.key]; err != nil {
				return err
			}
			if c.pair, err = startPair(ctx, s, g.setup); err != nil {
				return err
			}
			if err := g.ready(c.pair); err != nil {
				return err
			}
			c.warm, err = g.sample(c.pair, 1)
			return err
		}()
		if err := g.fail(c, err); err != nil {
			return err
		}
		repeats[c] = max(1, int(b.sample/max(c.warm.Elapsed, 1)))
	}
	began := time.Now()
	for round := range b.rounds {
		if round >= 2 && time.Since(began) > b.total {
			break
		}
		for _, c := range g.contenders {
			if c.wrong != nil || round >= fewRounds && c.warm.Elapsed > b.slow {
				continue
			}
			s, err := c.profiled(g.name, round, func() (loadSample, error) { return g.sample(c.pair, repeats[c]) })
			if err := g.fail(c, err); err != nil {
				return err
			}
			c.samples = append(c.samples, s)
		}
	}
	return nil
}

// fail ends the part of a peer, and otherwise returns the error that ends the program.
func (g *loadGroup) fail(c *contender, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s, %s: %w", c.name, g.name, err)
	if !c.peer {
		return err
	}
	c.wrong, c.samples = err, nil
	c.stop()
	return nil
}

func (c *contender) stop() {
	if c.pair != nil {
		c.pair.stop()
		c.pair = nil
	}
}

// profileDir is the folder for CPU profiles of the servers; empty: none are written.
var profileDir string

// profiled takes a sample. If profiles are wanted, it writes a CPU profile of the server in
// the last round that every subject has.
func (c *contender) profiled(load string, round int, take func() (loadSample, error)) (loadSample, error) {
	if profileDir == "" || round != fewRounds-1 {
		return take()
	}
	if err := os.MkdirAll(profileDir, 0o750); err != nil {
		return loadSample{}, err
	}
	file, err := filepath.Abs(filepath.Join(profileDir, load+"-"+c.key+".pprof"))
	if err != nil {
		return loadSample{}, err
	}
	if _, err := c.pair.order(order{Do: doProfile, Profile: file}); err != nil {
		return loadSample{}, err
	}
	s, err := take()
	if err != nil {
		return s, err
	}
	_, err = c.pair.order(order{Do: doProfile})
	return s, err
}

func (g *loadGroup) of(key string) *contender {
	for _, c := range g.contenders {
		if c.key == key {
			return c
		}
	}
	return &contender{loadSubject: &loadSubject{key: key}}
}

func (c *contender) median(of func(loadSample) float64) float64 {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = of(s)
	}
	return median(values)
}

// ratio returns the median of the ratios within the rounds.
func (c *contender) ratio(base *contender, of func(loadSample) float64) float64 {
	values := make([]float64, min(len(c.samples), len(base.samples)))
	for i := range values {
		values[i] = of(c.samples[i]) / of(base.samples[i])
	}
	return median(values)
}

// best returns the ratio of the smallest values of both.
func (c *contender) best(base *contender, of func(loadSample) float64) float64 {
	least := func(c *contender) float64 {
		best := math.Inf(1)
		for _, s := range c.samples {
			best = min(best, of(s))
		}
		return best
	}
	return least(c) / least(base)
}

func (o *output) loadGoal(what string, most float64, c, base *contender, of func(loadSample) float64) {
	o.goals = append(o.goals, goal{what, most, c.ratio(base, of), c.best(base, of)})
}

// checkLoad compares every byte that each subject delivers to a few readers, and returns the
// peers with errors.
func checkLoad(ctx context.Context, list []*loadSubject) (wrong map[string]error, err error) {
	wrong = make(map[string]error)
	for _, s := range list {
		err := s.checkLoad(ctx)
		switch {
		case err == nil:
		case s.peer:
			wrong[s.key] = err
		default:
			return nil, err
		}
	}
	return wrong, nil
}

func (s *loadSubject) checkLoad(ctx context.Context) error {
	const readers, events = 3, 500
	p, err := startPair(ctx, s, loadSetup{Sessions: 2, Backlog: 2 * events})
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.connect(readers, true); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if _, err := p.sample(load{bursts: 2, events: events}, readers); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if _, err := p.task(task{Do: doCheck}); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}
