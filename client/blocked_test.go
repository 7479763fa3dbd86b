package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/streamtest"
	"go.uber.org/goleak"
)

// patience is the longest time, on a busy machine, for something that happens at once.
const patience = 10 * time.Second

// blocked is a state in which a stream waits for the server.
type blocked struct {
	name string
	// first says that the stream waits for its first event, so that StreamEvents blocks, and
	// not Next.
	first bool
	// held says that the server sees a connection meanwhile.
	held bool
	// dialling says that net/http has no connection yet. net/http finishes a dial and a
	// handshake of a cancelled request, for a later request, until the timeouts of the
	// transport or CloseIdleConnections.
	dialling bool
	// serve starts a server that brings a client there. It returns the URL of the
	// server, and options that the client needs. There is a message on entered when
	// the client waits, and one on gone when the server has seen its connection end.
	serve func(t *testing.T, entered, gone chan<- struct{}) (url string, opts []client.Option)
}

// never is a policy with delays that no test can wait for.
var never = client.RetryPolicy{InitialInterval: time.Millisecond, Multiplier: 1e9, MaxInterval: 1000 * time.Hour, MaxElapsedTime: client.NoTimeLimit}

// scripted plays the scripts to a client. The last of them keeps its connection.
func scripted(scripts func(entered chan<- struct{}) []streamtest.Script) func(*testing.T, chan<- struct{}, chan<- struct{}) (string, []client.Option) {
	return func(t *testing.T, entered, gone chan<- struct{}) (string, []client.Option) {
		all := scripts(entered)
		last := len(all) - 1
		all[last] = append(all[last], streamtest.Hold(), signal(gone), streamtest.Cut())
		reading := client.WithHooks(client.Hooks{Comment: func([]byte) { entered <- struct{}{} }})
		return serve(t, all...).URL, []client.Option{client.WithRetryPolicy(fast), reading}
	}
}

// delayed plays the script to each request. The client waits for long then.
func delayed(scripts ...streamtest.Script) func(*testing.T, chan<- struct{}, chan<- struct{}) (string, []client.Option) {
	return func(t *testing.T, entered, _ chan<- struct{}) (string, []client.Option) {
		server := serve(t, scripts...)
		return server.URL, []client.Option{client.WithRetryPolicy(never), client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
			if scripts == nil || r.Attempt == 1 && r.LastEventID != "" {
				server.Close()
			}
			if r.Delay > time.Minute {
				entered <- struct{}{}
			}
		}})}
	}
}

var blockedStates = []blocked{
	{"connecting", true, true, false, scripted(func(entered chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{{signal(entered)}}
	})},
	{"in a TLS handshake", true, true, true, silent},
	{"waiting for the first event", true, true, false, scripted(func(chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{send(": hi\n")}
	})},
	{"reading a refusal", true, true, false, scripted(func(entered chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{{func(c *streamtest.Conn) error { return c.Head(503) }, streamtest.Send("a"), signal(entered)}}
	})},
	{"told to come back later", true, false, false, delayed(answer(503, "", "", "Retry-After", "200"))},
	{"no server", true, false, false, delayed()},
	{"reading", false, true, false, scripted(func(chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{send(connected("1") + ": hi\n")}
	})},
	{"reading an event", false, true, false, scripted(func(chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{send(connected("1") + "event: content\ndata: {\n: hi\ndata:")}
	})},
	{"connecting again", false, true, false, scripted(func(entered chan<- struct{}) []streamtest.Script {
		return []streamtest.Script{send(connected("1")), {signal(entered)}}
	})},
	{"asked for a delay", false, false, false, delayed(send("retry: 200000\n" + connected("1")))},
	{"server gone", false, false, false, delayed(send(connected("1")))},
}

// silent is a server that accepts connections, and says nothing to a TLS client.
func silent(t *testing.T, entered, gone chan<- struct{}) (string, []client.Option) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted, done := make(chan net.Conn, 1), make(chan struct{})
	t.Cleanup(func() {
		listener.Close()
		if conn := <-accepted; conn != nil {
			conn.Close()
		}
		<-done
	})
	go func() {
		defer close(done)
		defer close(accepted)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		accepted <- conn
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		entered <- struct{}{}
		io.Copy(io.Discard, conn) //nolint:errcheck // whatever ends it is the end
		gone <- struct{}{}
	}()
	return "https://" + listener.Addr().String(), []client.Option{client.WithRetryPolicy(fast)}
}

// blockedStream is a client in one of the states, or soon there.
type blockedStream struct {
	stream  chan *mix.Stream // once it is open
	ended   chan error       // what StreamEvents, Next or All ended with
	entered chan struct{}
	freed   func() // waits until nothing of the client is left
}

// block brings a client into a state. It reads by All or by Next.
func (b blocked) block(t *testing.T, ctx context.Context, all bool) *blockedStream { //nolint:revive // t comes first
	t.Helper()
	bs := &blockedStream{stream: make(chan *mix.Stream, 1), ended: make(chan error, 1), entered: make(chan struct{}, 100)}
	gone := make(chan struct{}, 100)
	url, opts := b.serve(t, bs.entered, gone)
	if b.dialling && !b.held {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{ConnectStart: func(string, string) { bs.entered <- struct{}{} }})
	}
	tr := &http.Transport{}
	c, err := mix.NewClient(url, append(opts, client.WithHTTPClient(&http.Client{Transport: tr}))...)
	if err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()
	go func() {
		s, err := c.StreamEvents(ctx, session, nil)
		if err != nil {
			bs.ended <- err
			return
		}
		bs.stream <- s
		bs.ended <- lastError(s, all)
	}()
	bs.freed = func() {
		t.Helper()
		if b.dialling {
			tr.CloseIdleConnections()
		}
		if b.held {
			await(t, "the server to see the end of the connection", gone)
		}
		wantNoGoroutines(t, before)
	}
	return bs
}

// lastError reads a stream to its end and returns the error.
func lastError(s *mix.Stream, all bool) error {
	if !all {
		names(s)
		return s.Err()
	}
	var last error
	for _, err := range s.All() {
		last = errors.Join(last, err)
	}
	return last
}

// await receives from ch, which must not take long.
func await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited for %s in vain", what)
		panic("unreachable")
	}
}

// wantNoGoroutines waits until there are no goroutines but those of before.
func wantNoGoroutines(t *testing.T, before goleak.Option) {
	t.Helper()
	err := goleak.Find(before)
	for begun := time.Now(); err != nil && time.Since(begun) < patience; {
		err = goleak.Find(before)
	}
	if err != nil {
		t.Error(err)
	}
}
