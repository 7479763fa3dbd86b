package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// answering serves each connection with some bytes, and returns the URL.
func answering(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = conn.Read(make([]byte, 64<<10)) // the request
			_, _ = io.WriteString(conn, answer)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// If a part of a foreign server's answer is huge, the errors of the client repeat little of
// it. The hooks get such errors too.
func TestErrorsAreBounded(t *testing.T) {
	const limit = 4 << 10
	huge := strings.Repeat("é", 300<<10)
	ascii := strings.Repeat("x", 300<<10)
	status := func(status, header, body string) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
	}
	stream := func(events string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events
	}
	const jsonType = "Content-Type: application/json\r\n"
	for name, answer := range map[string]string{
		"status":             status("404 "+ascii, "", ""),
		"body":               status("404 Not Found", "", huge),
		"message":            status("404 Not Found", jsonType, `{"error":{"code":404,"type":"not_found","message":"`+huge[:60000]+`"}}`),
		"type":               status("404 Not Found", jsonType, `{"error":{"code":404,"message":"m","type":"`+huge[:60000]+`"}}`),
		"unavailable":        status("503 Unavailable", jsonType, `{"error":{"code":503,"type":"unavailable","message":"`+huge[:60000]+`"}}`),
		"content type":       status("200 OK", "Content-Type: text/"+ascii+"\r\n", ""),
		"content encoding":   status("200 OK", "Content-Type: text/event-stream\r\nContent-Encoding: "+ascii+"\r\n", ""),
		"location":           status("302 Found", "Location: ftp://x/"+ascii+"\r\n", ""),
		"malformed location": status("302 Found", "Location: http://["+ascii+"\r\n", ""),
		"no HTTP":            ascii,
		"no status":          "HTTP/1.1 " + ascii + "\r\n\r\n",
		"no header":          "HTTP/1.1 200 OK\r\n" + ascii + "\r\n\r\n",
		"no length":          "HTTP/1.1 200 OK\r\nContent-Length: " + ascii + "\r\n\r\n",
		"transfer encoding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + ascii + "\r\n\r\n",
		"no chunk":           "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + ascii + "\r\n",
		"event name":         stream("event: " + huge + "\nid: 1\ndata: {}\n\n"),
		"data":               stream("event: content\nid: 1\ndata: {\"content\":" + strings.Repeat("9", 300<<10) + "}\n\n"),
		"gap":                stream("event: connected\nid: 1\ndata: {\"sessionId\":\"s\"}\n\nevent: error\nid: 2\ndata: {\"type\":\"replay_gap\",\"error\":\"" + huge + "\"}\n\n"),
		"id":                 stream("event: connected\nid: " + ascii[:4000] + "\ndata: {\"sessionId\":\"s\"}\n\n"),
		"illegal id":         stream("event: content\nid: \x01" + ascii[:4000] + "\ndata: {\"type\":\"t\",\"content\":\"c\"}\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := func(err error) {
				if len(err.Error()) > limit {
					t.Errorf("a hook is told %d bytes: %.300v", len(err.Error()), err)
				}
			}
			c, err := mix.NewClient(answering(t, answer), client.WithStrict(),
				client.WithRetryPolicy(client.RetryPolicy{InitialInterval: 1, MaxInterval: 1, MaxAttempts: 2, MaxServerDelay: client.NoServerDelay}),
				client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { log(r.Err) }, Gap: func(gap *client.GapError) { log(gap) }}))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			id := "7"
			s, err := c.StreamEvents(ctx, "s", &id)
			if err == nil {
				for s.Next() {
				}
				err = s.Err()
				s.Close()
			}
			_, publishErr := c.Publish(ctx, "s", &gen.ContentData{Type: "content"})
			for what, err := range map[string]error{"the stream": err, "publishing": publishErr} {
				if err == nil || ctx.Err() != nil || len(err.Error()) > limit || !utf8.ValidString(err.Error()) {
					t.Errorf("%s: %.300v", what, err)
				}
			}
		})
	}
	for name, call := range map[string]func() error{
		"base URL": func() error { _, err := mix.NewClient("ftp://" + ascii); return err },
		"query":    func() error { _, err := mix.NewClient("http://x?" + ascii); return err },
		"no URL":   func() error { _, err := mix.NewClient("http://[" + ascii); return err },
		"header":   func() error { _, err := mix.NewClient("http://x", client.WithHeader(huge, "")); return err },
	} {
		if err := call(); err == nil || len(err.Error()) > limit {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}
