package main

import (
	"strings"
	"testing"
	"time"
)

func TestStorm(t *testing.T) {
	s := storm{readers: 20_000, replicas: 10, dead: 2, opens: 100, retry: 500 * time.Millisecond, most: time.Minute, timeout: time.Second, factor: 1.5, seed: 1}
	r := s.run()
	if len(r.back) != 4000 {
		t.Fatalf("%d readers are back, want 4000", len(r.back))
	}
	// Eight servers open 800 a second.
	if last := r.back[len(r.back)-1]; last < 5*time.Second || last > 2*time.Minute {
		t.Errorf("all are back after %v", last)
	}
	sum := 0
	for _, n := range r.perSecond {
		sum += n
	}
	if sum != r.attempts || r.attempts <= 4000 {
		t.Errorf("%d attempts, %d by the second", r.attempts, sum)
	}
	for second := range 100 {
		n := 0
		for _, at := range r.back {
			if at/time.Second == time.Duration(second) {
				n++
			}
		}
		if n > 808 {
			t.Errorf("in second %d, %d streams were opened, and 800 are possible", second, n)
		}
	}
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"-readers", "1000", "-replicas", "4", "-dead", "1"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "with 250 readers") || !strings.Contains(out.String(), "100 % back") {
		t.Errorf("got %q", out.String())
	}
	for _, args := range [][]string{{"-dead", "50"}, {"-opens", "0"}, {"-nonsense"}} {
		if err := run(args, &out); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
