// Command publish shows publishing from many goroutines to many sessions, each with one client
// that follows it. Publish returns when the event is in the log. The reader gets every
// acknowledged event once, in the order of the ids.
//
// Run it; it ends by itself:
//
//	go run ./examples/publish
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/mixstream/mixstream/mix"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

const (
	sessions   = 16
	publishers = 4   // of each session
	events     = 100 // of each publisher
)

// run serves on a free port, runs all sessions at once, and prints a summary.
func run(ctx context.Context, out io.Writer) error {
	srv, err := mix.NewServer()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c, err := mix.NewClient("http://" + listener.Addr().String())
	if err != nil {
		return err
	}
	httpServer := &http.Server{Handler: srv, ReadHeaderTimeout: 5 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = httpServer.Serve(listener) }) // returns after Close

	all := make([]*session, sessions)
	failures := make([]error, sessions)
	began := time.Now()
	var running sync.WaitGroup
	for i := range all {
		all[i] = &session{id: fmt.Sprintf("session-%02d", i+1), srv: srv}
		running.Go(func() { failures[i] = all[i].run(ctx, c) })
	}
	running.Wait()
	elapsed := time.Since(began)

	// All streams have ended, so Close cuts nothing.
	err = errors.Join(errors.Join(failures...), httpServer.Close())
	serving.Wait()
	if err != nil {
		return err
	}
	return summarize(out, all, elapsed)
}

// summarize prints the result of each session. It returns an error if a result is wrong.
func summarize(out io.Writer, all []*session, elapsed time.Duration) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "session\tacknowledged\treceived\t")
	var wrong []error
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%d\t%d\t\n", s.id, len(s.published()), len(s.received))
		if err := s.check(); err != nil {
			wrong = append(wrong, err)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d events of %d sessions, each received once and in the order of acknowledgement, in %v\n",
		sessions*publishers*events, sessions, elapsed.Round(time.Millisecond))
	return err
}
