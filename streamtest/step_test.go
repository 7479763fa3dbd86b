package streamtest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/streamtest"
)

// TestFaults checks what a client sees of each fault.
func TestFaults(t *testing.T) {
	open := streamtest.Open()
	tests := []struct {
		name   string
		script streamtest.Script
		body   string
		want   error // or any, if errAny
	}{
		{"end", streamtest.Script{open, streamtest.Send("id: 1\n")}, "id: 1\n", nil},
		{"cut", streamtest.Script{open, streamtest.Send("id: 1\n"), streamtest.Cut()}, "id: 1\n", io.ErrUnexpectedEOF},
		{"cut in a chunk", streamtest.Script{open, streamtest.CutChunk("id: 1\n")}, "id: 1\n", io.ErrUnexpectedEOF},
		{"cut in a body of known length", streamtest.Script{streamtest.Raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), streamtest.Send("id: 1\n")}, "id: 1\n", io.ErrUnexpectedEOF},
		{"end of a body of unknown length", streamtest.Script{streamtest.Raw("HTTP/1.1 200 OK\r\n\r\n"), streamtest.Send("id: 1\n")}, "id: 1\n", nil},
		{"no chunk", streamtest.Script{open, streamtest.Send("id: 1\n"), streamtest.Raw("zz\r\n")}, "id: 1\n", errAny},
		{"reset", streamtest.Script{open, streamtest.Reset()}, "", syscall.ECONNRESET},
		{"reset before the answer", streamtest.Script{streamtest.Reset()}, "", syscall.ECONNRESET},
		{"closed before the answer", streamtest.Script{streamtest.Cut()}, "", io.EOF},
		{"no HTTP", streamtest.Script{streamtest.Raw(streamtest.Garbage(1000, 1) + "\r\n")}, "", errAny},
		{"garbage", streamtest.Script{open, streamtest.Send(streamtest.Garbage(1000, 1))}, streamtest.Garbage(1000, 1), nil},
		{"trickle", streamtest.Script{open, streamtest.Trickle("id: 1\n", time.Microsecond)}, "id: 1\n", nil},
		{"pause", streamtest.Script{streamtest.Pause(time.Millisecond), open, streamtest.Pause(time.Millisecond), streamtest.Send("a")}, "a", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := streamtest.NewServer(test.script)
			defer s.Close()
			_, body, err := get(t, s.URL)
			if body != test.body || !errors.Is(err, test.want) && (!errors.Is(test.want, errAny) || err == nil) {
				t.Errorf("%q, %v; want %q, %v", body, err, test.body, test.want)
			}
		})
	}
}

var errAny = errors.New("any error")

// The client of TestFlood reads for a while, and closes the connection.
func TestFlood(t *testing.T) {
	for _, text := range []string{"data: a\n\n", "", strings.Repeat("x", 100_000)} {
		gone := make(chan struct{})
		s := streamtest.NewServer(streamtest.Script{streamtest.Open(), streamtest.Flood(text), func(*streamtest.Conn) error {
			close(gone)
			return nil
		}})
		resp, err := http.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			b := make([]byte, 1<<20)
			if _, err := io.ReadFull(resp.Body, b); err != nil || !strings.HasPrefix(string(b), text+text) {
				t.Errorf("flooded with %.40q, %v", b, err)
			}
			resp.Body.Close()
			<-gone
		}
		resp.Body.Close()
		s.Close()
	}
}

// TestHold tells a silent peer from one that is gone.
func TestHold(t *testing.T) {
	closed := make(chan struct{})
	s := streamtest.NewServer(
		streamtest.Script{streamtest.Raw("held\n"), streamtest.Hold(), func(*streamtest.Conn) error { close(closed); return nil }},
		streamtest.Script{streamtest.Raw("half-open\n"), streamtest.HalfOpen()})
	defer s.Close()
	dial := func(want string) *net.TCPConn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != want || err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		tcp := conn.(*net.TCPConn)
		tcp.CloseWrite()
		return tcp
	}
	held := dial("held\n")
	defer held.Close()
	if n, err := held.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("a held connection that the client closes: %d, %v", n, err)
	}
	<-closed

	open := dial("half-open\n")
	defer open.Close()
	if err := open.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := open.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a half-open connection that the client closes: %v", err)
	}
}

func TestAwait(t *testing.T) {
	goOn := make(chan struct{}, 1)
	s := streamtest.NewServer(streamtest.Script{streamtest.Open(), streamtest.Await(goOn), streamtest.Send("a")})
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	goOn <- struct{}{}
	if body, err := io.ReadAll(resp.Body); string(body) != "a" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

func TestStepFails(t *testing.T) {
	s := streamtest.NewServer(streamtest.Script{streamtest.Open(), func(*streamtest.Conn) error { return errAny }, streamtest.Send("a")})
	defer s.Close()
	if _, body, err := get(t, s.URL); body != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", body, err)
	}
}

func TestBlock(t *testing.T) {
	for want, got := range map[string]string{
		"event: a\ndata: b\nid: 1\n\n": streamtest.Block("a", "1", "b"),
		"data: b\ndata: \ndata: c\n\n": streamtest.Block("", "", "b\n\nc"),
		"data: \n\n":                   streamtest.Block("", "", ""),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if g := streamtest.Garbage(100, 7); len(g) != 100 || g != streamtest.Garbage(100, 7) || g == streamtest.Garbage(100, 8) {
		t.Error("garbage is not what it should be")
	}
}

// Any number of connections can play a script at the same time.
func TestStepsAreShared(t *testing.T) {
	for status, text := range map[int]string{http.StatusNoContent: "", http.StatusTeapot: "short and stout"} {
		server := streamtest.NewServer(streamtest.Script{streamtest.Answer(status, "short and stout", "X-A", "a")})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				resp, err := http.Get(server.URL)
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != status || string(body) != text || resp.Header.Get("X-A") != "a" {
					t.Errorf("%d %q, %v", resp.StatusCode, body, err)
				}
			})
		}
		all.Wait()
		server.Close()
	}
}
