package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// job is a measurement: one run executes ops operations.
type job struct {
	ops int
	run func() error

	// sample replaces the measuring of run, for a job in another process.
	sample func(repeat int) (sample, error)

	samples []sample
}

// sample is the cost of some runs of a job.
type sample struct {
	Elapsed time.Duration
	Ops     int
	Allocs  uint64
	Bytes   uint64
}

func (s sample) perOp() float64 { return float64(s.Elapsed.Nanoseconds()) / float64(s.Ops) }

// result is the median of a job's samples.
type result struct {
	ns, allocs, bytes float64 // per operation
}

// budget bounds the measuring of one group of jobs.
type budget struct {
	rounds int           // at most
	least  int           // at least, whatever the time
	total  time.Duration // no further round starts after it
	sample time.Duration // the approximate duration of a sample of a fast job
}

// quick makes the program measure everything once and under a small load, for a test.
var quick bool

// unlessQuick returns the full size of a load, or the small one.
func unlessQuick[T any](full, small T) T {
	if quick {
		return small
	}
	return full
}

// measure runs the jobs in turn, round after round, so that other work of the machine affects
// all of them alike.
func measure(jobs []*job, b budget) error {
	b = unlessQuick(b, budget{rounds: 1, least: 1})
	repeats := make([]int, len(jobs))
	for i, j := range jobs {
		warm, err := j.measure(1)
		if err != nil {
			return err
		}
		repeats[i] = max(1, int(b.sample/max(warm.Elapsed, 1)))
	}
	began := time.Now()
	for round := range b.rounds {
		if round >= b.least && time.Since(began) > b.total {
			break
		}
		for i, j := range jobs {
			s, err := j.measure(repeats[i])
			if err != nil {
				return err
			}
			j.samples = append(j.samples, s)
		}
	}
	return nil
}

func (j *job) measure(repeat int) (sample, error) {
	if j.sample != nil {
		return j.sample(repeat)
	}
	var before, after runtime.MemStats
	runtime.GC() // the garbage belongs to the previous job
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range repeat {
		if err := j.run(); err != nil {
			return sample{}, err
		}
	}
	elapsed := time.Since(began)
	runtime.ReadMemStats(&after)
	return sample{
		Elapsed: elapsed,
		Ops:     repeat * j.ops,
		Allocs:  after.Mallocs - before.Mallocs,
		Bytes:   after.TotalAlloc - before.TotalAlloc,
	}, nil
}

func (j *job) result() result {
	var r result
	r.ns = j.median(sample.perOp)
	r.allocs = j.median(func(s sample) float64 { return float64(s.Allocs) / float64(s.Ops) })
	r.bytes = j.median(func(s sample) float64 { return float64(s.Bytes) / float64(s.Ops) })
	return r
}

func (j *job) median(of func(sample) float64) float64 {
	values := make([]float64, len(j.samples))
	for i, s := range j.samples {
		values[i] = of(s)
	}
	return median(values)
}

// ratio returns the median ratio of the times of j and base in the same round. It is steadier
// than the ratio of the medians if the clock of the machine drifts.
func (j *job) ratio(base *job) float64 {
	values := make([]float64, min(len(j.samples), len(base.samples)))
	for i := range values {
		values[i] = j.samples[i].perOp() / base.samples[i].perOp()
	}
	return median(values)
}

// bestRatio returns the ratio of the fastest samples, which were disturbed least.
func (j *job) bestRatio(base *job) float64 { return j.best() / base.best() }

func (j *job) best() float64 {
	best := math.Inf(1)
	for _, s := range j.samples {
		best = min(best, s.perOp())
	}
	return best
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// duration formats nanoseconds with three digits.
func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return digits(ns/1e6) + " ms"
	case ns >= 1e3:
		return digits(ns/1e3) + " µs"
	}
	return digits(ns) + " ns"
}

// digits formats x with about three digits, without an exponent.
func digits(x float64) string {
	switch {
	case x >= 99.5:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.95:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
