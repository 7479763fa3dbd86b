package pglog_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// figures measures what docs/benchmarks.md says of this log. The ways of a figure take turns, round
// after round, so that a disturbance affects all of them.
type figures struct {
	*testing.T
	turn  time.Duration // how long a way is measured in a round
	table *strings.Builder
}

// rounds is how often each way is measured.
const rounds = 5

// TestFigures prints the figures. MIXSTREAM_FIGURES is how long a turn takes, such as 1s.
func TestFigures(t *testing.T) {
	asked := os.Getenv("MIXSTREAM_FIGURES")
	if asked == "" {
		t.Skip("by hand: MIXSTREAM_FIGURES=1s go test ./eventlog/pglog -run TestFigures -v")
	}
	turn, err := time.ParseDuration(asked)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, figure := range []struct {
		name    string
		measure func(figures)
	}{
		{"Append", figures.appends}, {"Many", figures.many}, {"Processes", figures.processes},
		{"SlowSync", figures.slowSync}, {"Replica", figures.replica}, {"Tx", figures.transactions},
		{"Snapshot", figures.snapshot}, {"ToReader", figures.toReader}, {"Replay", figures.replay},
		{"Idle", figures.idle},
	} {
		t.Run(figure.name, func(t *testing.T) { figure.measure(figures{t, turn, &table}) })
	}
	fmt.Print("\n|  |  | a second | p50 ms | p99 ms | × the first | goal |  |\n| :-- | :-- | --: | --: | --: | --: | :-- | :-- |\n", table.String())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Printf("\nload average at the end: %s\n", bytes.TrimSpace(load))
	}
}

// sample is what one turn of a way measures.
type sample struct {
	rate     float64 // a second
	p50, p99 time.Duration
	ratio    float64 // of the rate to that of the first way in the round
}

// way is one way to do something.
type way struct {
	name    string
	measure func(time.Duration) sample
	goal    goal
}

// goal is a limit of what a way measures. The zero value sets none.
type goal struct {
	text string
	met  func(sample) bool
}

func ratioGoal(least float64) goal {
	return goal{fmt.Sprintf("≥ %.2f of the first", least), func(s sample) bool { return s.ratio >= least }}
}

func rateGoal(least float64) goal {
	return goal{fmt.Sprintf("≥ %.0f a second", least), func(s sample) bool { return s.rate >= least }}
}

func timeGoal(p50, p99 time.Duration) goal {
	if p99 == 0 {
		return goal{fmt.Sprintf("p50 ≤ %v", p50), func(s sample) bool { return s.p50 <= p50 }}
	}
	return goal{fmt.Sprintf("p50 ≤ %v, p99 ≤ %v", p50, p99), func(s sample) bool { return s.p50 <= p50 && s.p99 <= p99 }}
}

// compare measures ways in turn and adds a row for each: the medians of all rounds. A ratio is
// the median of the ratios within the rounds.
func (f figures) compare(title string, ways ...way) {
	f.Helper()
	all := make([][]sample, len(ways))
	for range rounds {
		for i, w := range ways {
			s := w.measure(f.turn)
			if f.Failed() {
				return
			}
			first := s
			if i > 0 {
				first = all[0][len(all[0])-1]
			}
			if first.rate > 0 {
				s.ratio = s.rate / first.rate
			}
			all[i] = append(all[i], s)
		}
	}
	for i, w := range ways {
		f.row(title, w, sample{
			median(all[i], func(s sample) float64 { return s.rate }),
			median(all[i], func(s sample) time.Duration { return s.p50 }),
			median(all[i], func(s sample) time.Duration { return s.p99 }),
			median(all[i], func(s sample) float64 { return s.ratio }),
		})
	}
}

func (f figures) row(title string, w way, s sample) {
	verdict := ""
	if w.goal.met != nil {
		if verdict = "**missed**"; w.goal.met(s) {
			verdict = "met"
		}
	}
	fmt.Fprintf(f.table, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", title, w.name,
		number(rateFormat(s.rate), s.rate), milliseconds(s.p50), milliseconds(s.p99), number("%.2f", s.ratio), w.goal.text, verdict)
}

func rateFormat(rate float64) string {
	if rate < 100 {
		return "%.1f"
	}
	return "%.0f"
}

func number(format string, n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

func milliseconds(d time.Duration) string { return number("%.2f", float64(d.Microseconds())/1000) }

func median[N float64 | time.Duration](all []sample, of func(sample) N) N {
	values := make([]N, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// load returns a measurement of f, which each of some goroutines calls again and again, and which
// does a number of things at each call.
func load(t *testing.T, workers, each int, f func(worker int) error) func(time.Duration) sample {
	return func(d time.Duration) sample {
		all := make([][]time.Duration, workers)
		began := time.Now()
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for now := began; now.Sub(began) < d; {
					err := f(w)
					if err != nil {
						t.Error(err)
						return
					}
					end := time.Now()
					all[w] = append(all[w], end.Sub(now))
					now = end
				}
			})
		}
		wg.Wait()
		return summary(slices.Concat(all...), each, time.Since(began))
	}
}

// summary returns what calls have taken within some time.
func summary(took []time.Duration, each int, within time.Duration) (s sample) {
	if len(took) == 0 {
		return s
	}
	slices.Sort(took)
	return sample{
		rate: float64(len(took)*each) / within.Seconds(),
		p50:  took[len(took)/2], p99: took[len(took)*99/100],
	}
}
