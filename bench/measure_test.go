package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
)

func TestMeasureTakesTurns(t *testing.T) {
	var order []string
	named := func(name string) *job {
		return &job{ops: 1, sample: func(repeat int) (sample, error) {
			order = append(order, name)
			return sample{Elapsed: time.Duration(repeat) * time.Millisecond, Ops: repeat}, nil
		}}
	}
	a, b := named("a"), named("b")
	if err := measure([]*job{a, b}, budget{rounds: 3, least: 1, total: time.Hour, sample: 10 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abababab" {
		t.Errorf("order %s, want abababab: once to warm up, and three rounds", got)
	}
	if len(a.samples) != 3 || a.samples[0].Ops != 10 {
		t.Errorf("samples %+v, want 3 of 10 runs", a.samples)
	}
}

func TestMeasureIsBounded(t *testing.T) {
	n := 0
	j := &job{ops: 1, run: func() error { n++; return nil }}
	if err := measure([]*job{j}, budget{rounds: 1000, least: 2, total: 0, sample: 0}); err != nil {
		t.Fatal(err)
	}
	if n != 3 {
		t.Errorf("%d runs, want the one to warm up and the two that are the least", n)
	}
}

func TestMeasureFails(t *testing.T) {
	want := errors.New("lost an event")
	j := &job{ops: 1, run: func() error { return want }}
	if err := measure([]*job{j}, budget{rounds: 1, least: 1}); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestRatio(t *testing.T) {
	taking := func(ns ...time.Duration) *job {
		j := new(job)
		for _, d := range ns {
			j.samples = append(j.samples, sample{Elapsed: d, Ops: 1, Allocs: uint64(d)})
		}
		return j
	}
	base, j := taking(10, 20, 10), taking(20, 40, 90)
	if got := j.ratio(base); got != 2 {
		t.Errorf("ratio %v, want 2: the median of 2, 2 and 9", got)
	}
	if got := j.bestRatio(base); got != 2 {
		t.Errorf("ratio of the fastest %v, want 2", got)
	}
	if got := j.result(); got.ns != 40 || got.allocs != 40 {
		t.Errorf("result %+v, want medians of 40", got)
	}
}

func TestCounts(t *testing.T) {
	j := &job{ops: 100, run: func() error {
		for range 200 {
			sink = make([]byte, 64)
		}
		return nil
	}}
	s, err := j.measure(5)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ops != 500 || s.Allocs < 1000 || s.Allocs > 1100 || s.Bytes < 64_000 {
		t.Errorf("sample %+v, want 500 ops, about 1000 allocations of 64 bytes", s)
	}
}

var sink []byte

func TestTypedDecodesEveryEvent(t *testing.T) {
	c := tokens(500)
	for _, d := range decodings() {
		for name, read := range map[string]typedReader{"plain": plainTyped, "stream": streamTyped} {
			t.Run(d.name+"/"+name, func(t *testing.T) {
				if err := checkTyped(c, d, read); err != nil {
					t.Error(err)
				}
				if err := typedJob(c, d, read).run(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestEncodingsWriteEveryEvent(t *testing.T) {
	events := []event{token(0), token(1), token(2)}
	for _, e := range encodings() {
		if err := e.check(events); err != nil {
			t.Error(err)
		}
		if err := e.job(events).run(); err != nil {
			t.Error(err)
		}
	}
}

func TestChildNeedsTheExperiment(t *testing.T) {
	if experiment {
		t.Skip("built with it")
	}
	if serveChild(strings.NewReader(""), new(strings.Builder)) == nil {
		t.Error("it would measure the wrong encoding/json")
	}
}

func TestGoals(t *testing.T) {
	o := &output{goals: []goal{{what: "one", most: 3, measured: 2.9}, {what: "two", most: 0, measured: 1}}}
	o.writeGoals()
	lines := strings.Split(o.text.String(), "\n")
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "| one |") && strings.Contains(l, "| met |") }) ||
		!slices.ContainsFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "| two |") && strings.Contains(l, "| **missed** |")
		}) {
		t.Errorf("goals:\n%s", o.text.String())
	}
}

func TestMarshalingsKeepEveryMember(t *testing.T) {
	for _, m := range marshalings() {
		for _, event := range []gen.Event{typedToken(7), typedPermission(7)} {
			if err := m.check(event); err != nil {
				t.Error(err)
			}
			if err := m.job([]gen.Event{event}).run(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPublishingsPublish(t *testing.T) {
	handled, direct, err := publishings()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(handled, direct) {
		if err := p.job().run(); err != nil {
			t.Error(err)
		}
	}
}
