package client_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// path forwards connections. After die, the open ones lead nowhere, without being closed; it
// still forwards new ones.
type path struct {
	net.Listener
	to     string
	opened atomic.Int32
	ctx    context.Context
	close  context.CancelFunc

	mu   sync.Mutex
	dead []chan struct{}
	wg   sync.WaitGroup
}

func newPath(t *testing.T, to string) *path {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &path{Listener: l, to: to}
	p.ctx, p.close = context.WithCancel(context.Background())
	p.wg.Go(p.accept)
	return p
}

func (p *path) stop() {
	p.close()
	p.Close()
	p.wg.Wait()
}

func (p *path) accept() {
	for {
		c, err := p.Accept()
		if err != nil {
			return
		}
		p.opened.Add(1)
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			c.Close()
			continue
		}
		context.AfterFunc(p.ctx, func() {
			c.Close()
			server.Close()
		})
		dead := make(chan struct{})
		p.mu.Lock()
		p.dead = append(p.dead, dead)
		p.mu.Unlock()
		p.wg.Go(func() { p.forward(server, c, dead) })
		p.wg.Go(func() { p.forward(c, server, dead) })
	}
}

func (p *path) forward(to, from net.Conn, dead <-chan struct{}) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-dead:
			<-p.ctx.Done()
			return
		default:
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// die makes the open connections lead nowhere.
func (p *path) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, dead := range p.dead {
		close(dead)
	}
	p.dead = nil
}

// A client leaves a silently dead path for another one. Its transport is the default one, but
// quicker, and it trusts the server of the test.
func TestDeadPath(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				id := r.Header.Get("Last-Event-ID")
				text := connected("1")
				if id != "" {
					text = connected(id) + content("2", "b")
				}
				_, _ = io.WriteString(w, text)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}))
			ts.EnableHTTP2 = http2
			ts.StartTLS()
			defer ts.Close()
			u, err := url.Parse(ts.URL)
			if err != nil {
				t.Fatal(err)
			}
			p := newPath(t, u.Host)
			defer p.stop() // before the server, which waits for its streams

			transport := client.DefaultHTTPClient().Transport.(*http.Transport).Clone()
			transport.TLSClientConfig = ts.Client().Transport.(*http.Transport).TLSClientConfig
			transport.ForceAttemptHTTP2 = http2
			for _, d := range []*time.Duration{&transport.HTTP2.SendPingTimeout, &transport.HTTP2.PingTimeout, &transport.HTTP2.WriteByteTimeout} {
				*d /= 50
			}
			defer transport.CloseIdleConnections()
			c, err := mix.NewClient("https://"+p.Addr().String(), client.WithHTTPClient(&http.Client{Transport: transport}),
				client.WithIdleTimeout(200*time.Millisecond), client.WithConnectTimeout(200*time.Millisecond), client.WithRetryPolicy(fast))
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.StreamEvents(t.Context(), session, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			next(t, s)
			p.die()
			for s.Next() && s.Event().ID != "2" {
			}
			if s.Err() != nil || p.opened.Load() < 2 {
				t.Errorf("error %v, after %d connections", s.Err(), p.opened.Load())
			}
		})
	}
}
