package main

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// storm is the situation to simulate.
type storm struct {
	readers, replicas, dead int
	opens                   float64
	retry, most, timeout    time.Duration
	factor                  float64
	seed                    uint64
}

// result is the outcome of a storm.
type result struct {
	back      []time.Duration // when the readers were connected again, in order
	attempts  int
	perSecond []int // attempts in each second
}

// attempt is a reader's next attempt.
type attempt struct {
	at       time.Duration
	failures int
}

// run makes the readers of the dead servers try until all are connected. A balancer sends each
// attempt to a random surviving server. Servers accept attempts in the order of arrival. A
// client abandons an attempt after the timeout; the server then notices it, when its turn
// comes, at no cost.
func (s *storm) run() result {
	rng := rand.New(rand.NewPCG(s.seed, 0))
	left := s.replicas - s.dead
	free := make([]time.Duration, left) // when each server has served all that wait
	serve := time.Duration(float64(time.Second) / s.opens)
	n := s.readers / s.replicas * s.dead
	var q queue
	for range n {
		q = append(q, attempt{at: s.pause(rng, 0)})
	}
	heap.Init(&q)
	r := result{back: make([]time.Duration, 0, n)}
	for len(q) > 0 {
		a := q[0]
		r.attempts++
		second := int(a.at / time.Second)
		for second >= len(r.perSecond) {
			r.perSecond = append(r.perSecond, 0)
		}
		r.perSecond[second]++
		server := &free[rng.IntN(left)]
		begin := max(*server, a.at)
		if begin+serve-a.at <= s.timeout {
			*server = begin + serve
			r.back = append(r.back, *server)
			heap.Pop(&q)
			continue
		}
		q[0] = attempt{at: a.at + s.timeout + s.pause(rng, a.failures+1), failures: a.failures + 1}
		heap.Fix(&q, 0)
	}
	slices.Sort(r.back)
	return r
}

// pause is a backoff with full jitter.
func (s *storm) pause(rng *rand.Rand, failures int) time.Duration {
	ceiling := min(float64(s.retry)*math.Pow(s.factor, float64(failures)), float64(s.most))
	return time.Duration(rng.Float64() * ceiling)
}

// queue is a heap with the next attempt first.
type queue []attempt

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(a any) { *q = append(*q, a.(attempt)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
