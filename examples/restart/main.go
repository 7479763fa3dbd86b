// Command restart shows a client that survives a restart of the server. The program cuts the
// server off in the middle and starts it again on the same port, while it continues to
// publish: every event arrives once, in order.
//
// Run it; it ends by itself:
//
//	go run ./examples/restart
//
// The log survives, because here it is separate from the server. This log is in memory and
// ends with the process. A log on disk survives that as well, with the same code.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

func main() {
	if err := run(context.Background(), os.Stdout, "127.0.0.1:8081"); err != nil {
		log.Fatal(err)
	}
}

const (
	session = "demo"
	total   = 30
	// The server is down between these two events.
	stopAfter, startAfter = 10, 20

	pause = 15 * time.Millisecond // between two events
)

// run follows a session on a server at addr that it restarts meanwhile.
func run(ctx context.Context, out io.Writer, addr string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	say := log.New(out, "", 0)

	events := eventlog.NewMemory(eventlog.Retention{})
	front := &front{addr: addr, events: events}
	if err := front.start(); err != nil {
		return err
	}
	defer front.stop()

	// Several servers may share a log. This one serves no requests: it only publishes, as an
	// agent in another process would.
	agent, err := mix.NewServer(server.WithLog(events))
	if err != nil {
		return err
	}
	if _, err := agent.CreateSession(ctx, session, "A restart"); err != nil {
		return err
	}

	c, err := mix.NewClient("http://"+addr,
		client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 50 * time.Millisecond}),
		client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
			say.Printf("-- reconnection %d, to resume after %s: %v", r.Attempt, r.LastEventID, r.Err)
		}}))
	if err != nil {
		return err
	}
	stream, err := c.StreamEvents(ctx, session, nil, mix.UntilComplete())
	if err != nil {
		return err
	}
	defer stream.Close()

	var publishing sync.WaitGroup
	publishing.Go(func() {
		if err := publish(ctx, agent, front, say); err != nil {
			cancel(err) // ends the stream, which would wait forever
		}
	})
	err = read(stream, say)
	cancel(err) // ends the publishing if the reading failed
	publishing.Wait()
	return err
}

// publish publishes all events, and stops and starts the server in between.
func publish(ctx context.Context, agent *mix.Server, front *front, say *log.Logger) error {
	for n := 1; n <= total; n++ {
		event := &gen.ContentData{Type: string(gen.EventNameContent), Content: fmt.Sprintf("event %d", n)}
		if _, err := agent.Publish(ctx, session, event); err != nil {
			return err
		}
		switch n {
		case stopAfter:
			say.Print("-- the server is gone")
			front.stop()
		case startAfter:
			say.Print("-- the server is back")
			if err := front.start(); err != nil {
				return err
			}
		}
		time.Sleep(pause)
	}
	_, err := agent.Publish(ctx, session, &gen.CompleteData{Type: string(gen.EventNameComplete), Done: true})
	return err
}

// read prints the stream to its end. It returns an error unless every event came once and in
// order.
func read(stream *mix.Stream, say *log.Logger) error {
	n := 0
	for event, err := range stream.All() {
		if err != nil {
			return err
		}
		data, ok := event.Data.(*gen.ContentData)
		if !ok {
			say.Printf("%s %s", event.ID, event.Name)
			continue
		}
		say.Printf("%s %s", event.ID, data.Content)
		n++
		if want := fmt.Sprintf("event %d", n); data.Content != want {
			return fmt.Errorf("got %q, want %q", data.Content, want)
		}
	}
	if n != total {
		return fmt.Errorf("got %d events, want %d", n, total)
	}
	say.Printf("-- all %d events, once and in order", n)
	return nil
}
