// Command storm simulates the failure of some of many servers: their readers reconnect to the
// others all at once. It sends nothing. It uses the reconnection policy of package client to
// compute when each reader tries, when a server accepts it, and how long it takes until all
// are connected again.
//
//	go run ./examples/storm
//	go run ./examples/storm -readers 10000000 -replicas 500 -dead 50 -opens 2000
//
// docs/scale.md interprets the results.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run simulates one storm, and prints the result.
func run(args []string, out io.Writer) error {
	s := storm{}
	flags := flag.NewFlagSet("storm", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.IntVar(&s.readers, "readers", 1_000_000, "the number of readers")
	flags.IntVar(&s.replicas, "replicas", 50, "the number of servers")
	flags.IntVar(&s.dead, "dead", 5, "the number of servers that die")
	flags.Float64Var(&s.opens, "opens", 2000, "how many streams a server opens a second")
	flags.DurationVar(&s.retry, "retry", 500*time.Millisecond, "the first interval of the clients' backoff")
	flags.Float64Var(&s.factor, "factor", 1.5, "the factor by which the interval grows")
	flags.DurationVar(&s.most, "max", time.Minute, "the largest interval")
	flags.DurationVar(&s.timeout, "timeout", 10*time.Second, "the time after which a client abandons an attempt")
	flags.Uint64Var(&s.seed, "seed", 1, "the seed of the random numbers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.dead < 1 || s.dead >= s.replicas || s.readers < s.replicas || s.opens <= 0 || s.retry <= 0 || s.factor < 1 || s.timeout <= 0 {
		return fmt.Errorf("these figures make no sense: %d readers, %d of %d servers, %v opens", s.readers, s.dead, s.replicas, s.opens)
	}
	r := s.run()
	fmt.Fprintf(out, "%d of %d servers die, with %d readers; %d servers are left, each of which opens %.0f streams a second\n",
		s.dead, s.replicas, len(r.back), s.replicas-s.dead, s.opens)
	fmt.Fprintf(out, "at least      %8.1f s, if no attempt failed\n", float64(len(r.back))/s.opens/float64(s.replicas-s.dead))
	for _, share := range []float64{0.5, 0.99, 1} {
		fmt.Fprintf(out, "%3.0f %% back    %8.1f s\n", 100*share, r.back[int(share*float64(len(r.back)-1))].Seconds())
	}
	fmt.Fprintf(out, "attempts      %8.2f for each reader, at most %d in one second\n", float64(r.attempts)/float64(len(r.back)), slices.Max(r.perSecond))
	fmt.Fprintf(out, "readers       %8d on each server afterwards, %d before\n", s.readers/(s.replicas-s.dead), s.readers/s.replicas)
	return nil
}
