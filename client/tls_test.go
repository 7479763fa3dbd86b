package client_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// tlsProxy stands between a client and a TLS server. It knows where a record ends, but not its
// contents.
type tlsProxy struct {
	net.Listener
	target string
	fault  tlsFault
	armed  atomic.Bool   // the next record of the server gets the fault
	over   chan struct{} // closed at the end of the test

	running sync.WaitGroup
}

// tlsFault replaces the forwarding of one record of a server. An error ends the connection.
type tlsFault func(conn *net.TCPConn, record []byte) error

var (
	errCut  = errors.New("cut")  // the connection ends properly below TLS
	errDead = errors.New("dead") // the connection stays open, and leads nowhere
)

func newTLSProxy(t *testing.T, target string, fault tlsFault) *tlsProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tlsProxy{Listener: listener, target: target, fault: fault, over: make(chan struct{})}
	p.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(conn.(*net.TCPConn)) })
		}
	})
	return p
}

func (p *tlsProxy) serve(conn *net.TCPConn) {
	defer conn.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	over := make(chan struct{})
	p.running.Go(func() {
		defer close(over)
		defer server.Close()
		io.Copy(server, conn) //nolint:errcheck // whatever ends it is the end
	})
	for {
		var head [5]byte // type, version, length (RFC 8446, section 5.1)
		if _, err := io.ReadFull(server, head[:]); err != nil {
			return
		}
		record := slices.Grow(head[:], 1<<16)[:5+int(binary.BigEndian.Uint16(head[3:]))]
		if _, err := io.ReadFull(server, record[5:]); err != nil {
			return
		}
		if p.armed.CompareAndSwap(true, false) {
			err = p.fault(conn, record)
		} else {
			_, err = conn.Write(record)
		}
		switch {
		case errors.Is(err, errCut):
			_ = conn.CloseWrite() // to close it with unread input would be a reset
			<-over
		case errors.Is(err, errDead):
			<-p.over
		}
		if err != nil {
			return
		}
	}
}

// The connections of TestTLSFails break below the events, in the middle of one.
func TestTLSFails(t *testing.T) {
	says := func(text string) func(error) bool {
		return func(err error) bool { return strings.Contains(err.Error(), text) }
	}
	unexpected := func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
	tests := []struct {
		name  string
		fault tlsFault // nil: the handler aborts the answer
		cause func(error) bool
	}{
		{"a flipped bit", func(c *net.TCPConn, record []byte) error {
			record[len(record)-1] ^= 1
			_, err := c.Write(record)
			return err
		}, says("bad record MAC")},
		{"no TLS", func(c *net.TCPConn, _ []byte) error {
			_, err := io.WriteString(c, "data: {}\n\n")
			return err
		}, func(err error) bool { return errors.As(err, new(tls.RecordHeaderError)) }},
		{"a record that is cut", func(c *net.TCPConn, record []byte) error {
			c.Write(record[:len(record)/2]) //nolint:errcheck // it is cut anyway
			return errCut
		}, unexpected},
		{"a record that is lost", func(*net.TCPConn, []byte) error { return errCut }, unexpected}, // and no close_notify
		{"a reset", func(c *net.TCPConn, _ []byte) error {
			c.SetLinger(0)
			return syscall.ECONNRESET
		}, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{"a dead path", func(*net.TCPConn, []byte) error { return errDead }, func(err error) bool {
			return errors.Is(err, client.ErrIdle) || errors.Is(err, client.ErrConnectTimeout) || says("connection lost")(err)
		}},
		{"an aborted answer", nil, func(err error) bool { return unexpected(err) || says("INTERNAL_ERROR")(err) }},
	}
	for _, test := range tests {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(test.name+" over "+proto, func(t *testing.T) {
				t.Parallel()
				tlsFails(t, proto, test.fault, test.name == "a dead path", test.cause)
			})
		}
	}
}

// tlsFails reads a stream. Each connection brings two events, half of a third one, and then the
// fault. The transport of the client is the default one, and trusts the server.
func tlsFails(t *testing.T, proto string, fault tlsFault, silent bool, cause func(error) bool) {
	const last = 5
	var proxy *tlsProxy
	read := make(chan string, 100) // the ids of the events that the consumer read
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != proto {
			t.Errorf("protocol %s, want %s", r.Proto, proto)
		}
		write := func(text string) {
			io.WriteString(w, text)
			http.NewResponseController(w).Flush()
		}
		w.Header().Set("Content-Type", "text/event-stream")
		from, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		next := strconv.Itoa(max(from, 1) + 1)
		write(connected(strconv.Itoa(max(from, 1))) + content(next, "a"))
		if next == strconv.Itoa(last) {
			write(deleted(strconv.Itoa(last+1), session))
			return
		}
		for id := ""; id != next; {
			select {
			case id = <-read:
			case <-r.Context().Done():
				return
			}
		}
		text := content(strconv.Itoa(max(from, 1)+2), "b")
		write(text[:len(text)-3])
		if fault == nil {
			panic(http.ErrAbortHandler)
		}
		proxy.armed.Store(true)
		write(text[len(text)-3:])
		<-r.Context().Done()
	}))
	server.EnableHTTP2 = proto == "HTTP/2.0"
	server.StartTLS()
	proxy = newTLSProxy(t, server.Listener.Addr().String(), fault)
	transport := client.DefaultHTTPClient().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	transport.ForceAttemptHTTP2 = server.EnableHTTP2
	opts := []client.Option{client.WithHTTPClient(&http.Client{Transport: transport}), client.WithRetryPolicy(fast)}
	if silent { // a busy machine may exceed these on any attempt
		for _, d := range []*time.Duration{&transport.HTTP2.SendPingTimeout, &transport.HTTP2.PingTimeout, &transport.HTTP2.WriteByteTimeout} {
			*d /= 50
		}
		opts = append(opts, client.WithIdleTimeout(200*time.Millisecond), client.WithConnectTimeout(200*time.Millisecond))
	}
	t.Cleanup(func() {
		close(proxy.over)
		proxy.Close()
		transport.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		proxy.running.Wait()
	})

	want, failed := 2, make(map[string]bool)
	c, err := mix.NewClient("https://"+proxy.Addr().String(), append(opts, client.WithHooks(client.Hooks{Retrying: func(r client.Retry) {
		if failed[r.LastEventID] = true; !cause(r.Err) || r.LastEventID != strconv.Itoa(want-1) {
			t.Errorf("retry: %+v", r)
		}
	}}))...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.StreamEvents(t.Context(), session, nil)
	if err != nil {
		t.Fatal(err)
	}
	for s.Next() {
		if e := s.Event(); e.Name != "connected" {
			if e.ID != strconv.Itoa(want) {
				t.Errorf("event %s, want %d", e.ID, want)
			}
			want++
			read <- e.ID
		}
	}
	if s.Err() != nil || want != last+2 || len(failed) < last-2 {
		t.Errorf("events up to %d, error %v, failures at %v", want-1, s.Err(), failed)
	}
}
