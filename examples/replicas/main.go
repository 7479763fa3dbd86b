// Command replicas shows two servers that serve the same sessions, behind a proxy that sends
// each new connection to the next server. The log is a stream of NATS. A client moves from one
// server to the other again and again, while both publish: every event arrives once, in order.
//
// Run it; it ends by itself:
//
//	go run ./examples/replicas                     # with a NATS server of its own
//	go run ./examples/replicas nats://127.0.0.1    # with yours, which needs JetStream
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

func main() {
	url := ""
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	if err := run(context.Background(), os.Stdout, url); err != nil {
		log.Fatal(err)
	}
}

const (
	total = 40
	pause = 20 * time.Millisecond // between two events
)

// run follows a session through both replicas.
func run(ctx context.Context, out io.Writer, url string) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if url == "" {
		ns, err := startNATS()
		if err != nil {
			return err
		}
		defer ns.stop()
		url = ns.ClientURL()
	}
	var replicas [2]*replica
	defer func() {
		for _, r := range replicas {
			if r != nil {
				err = errors.Join(err, r.stop())
			}
		}
	}()
	for i, name := range []string{"A", "B"} {
		if replicas[i], err = startReplica(ctx, name, url); err != nil {
			return err
		}
	}
	proxy, err := startProxy(replicas[0].url, replicas[1].url)
	if err != nil {
		return err
	}
	defer proxy.stop()

	session := fmt.Sprint("demo-", time.Now().UnixNano()) // unique, in case the NATS server keeps the sessions of earlier runs
	if _, err := replicas[0].server.CreateSession(ctx, session, "Two replicas"); err != nil {
		return err
	}
	say := log.New(out, "", 0)
	through := ""
	c, err := mix.NewClient(proxy.url, client.WithHooks(client.Hooks{Connected: func(res *http.Response) {
		through = res.Header.Get(replicaHeader)
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
	defer publishing.Wait()
	publishing.Go(func() {
		if err := publish(ctx, session, replicas); err != nil {
			cancel(err) // ends the stream, which would wait forever
		}
	})
	n := 0
	for event, err := range stream.All() {
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		if data, ok := event.Data.(*gen.ContentData); ok {
			n++
			say.Printf("%s, through %s", data.Content, through)
		}
	}
	if n != total {
		return fmt.Errorf("%d of %d events arrived", n, total)
	}
	say.Printf("all %d events, once and in order", n)
	return stream.Err()
}

// publish publishes all events, through both replicas in turn.
func publish(ctx context.Context, session string, replicas [2]*replica) error {
	for n := 1; n <= total; n++ {
		r := replicas[n%2]
		event := &gen.ContentData{Type: string(gen.EventNameContent), Content: fmt.Sprintf("event %d, published by %s", n, r.name)}
		if _, err := r.server.Publish(ctx, session, event); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	_, err := replicas[0].server.Publish(ctx, session, &gen.CompleteData{Type: string(gen.EventNameComplete), Done: true})
	return err
}
