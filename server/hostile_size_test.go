package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// maxAnswer is the greatest size of the answer to a refused request, with its header.
const maxAnswer = 4 << 10

// lineLog keeps the longest line that a server logs.
type lineLog struct {
	mu      sync.Mutex
	longest string
}

func (l *lineLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(line) > len(l.longest) {
		l.longest = string(line)
	}
	return len(line), nil
}

// hugeValue returns a long text of characters that are long in UTF-8 or in their escaped
// form.
func hugeValue(random *rand.Rand, size int) string {
	alphabet := []string{"x", "é", "😀", "<", `"`, `\`, "\u2028", "\u0085", "/", "~", "\ufeff", "\x7f"}
	var b strings.Builder
	one := random.IntN(len(alphabet))
	for b.Len() < size {
		if random.IntN(50) == 0 {
			one = random.IntN(len(alphabet))
		}
		b.WriteString(alphabet[one])
	}
	return b.String()
}

// inHeader replaces the control characters of a value, which a header cannot have.
func inHeader(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return 'y'
		}
		return r
	}, s)
}

// rawRequest returns the bytes of a request.
func rawRequest(method, target, header, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", method, target, len(body), header, body)
}

// Whatever is huge in a request, the server answers briefly, cuts no character in half,
// and logs briefly.
func TestAnswersAreBounded(t *testing.T) {
	const ndjson, jsonBody = "Content-Type: application/x-ndjson\r\n", "Content-Type: application/json\r\n"
	inJSON := func(s string) string {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	digits := func(n int) string { return "1" + strings.Repeat("9", n) }
	places := map[string]func(v string) string{
		"method":                   func(v string) string { return rawRequest(strings.Repeat("M", len(v)), "/stream?sessionId=s", "", "") },
		"path":                     func(v string) string { return rawRequest("GET", "/"+url.PathEscape(v), "", "") },
		"unclean path":             func(v string) string { return rawRequest("GET", "//"+url.PathEscape(v), "", "") },
		"query of an unclean path": func(v string) string { return rawRequest("GET", "//stream?a="+url.QueryEscape(v), "", "") },
		"session":                  func(v string) string { return rawRequest("GET", "/stream?sessionId="+url.QueryEscape(v), "", "") },
		"sessions": func(v string) string {
			return rawRequest("GET", "/stream?sessionId=s&sessionId="+url.QueryEscape(v), "", "")
		},
		"unknown session": func(v string) string {
			return rawRequest("GET", "/stream?sessionId="+url.QueryEscape(v[:len(v)/9]), "", "")
		},
		"bad escape":      func(v string) string { return rawRequest("GET", "/stream?sessionId=%zz"+url.QueryEscape(v), "", "") },
		"query parameter": func(v string) string { return rawRequest("GET", "/stream?"+url.QueryEscape(v)+"=1", "", "") },
		"lastEventId": func(v string) string {
			return rawRequest("GET", "/stream?sessionId=s&lastEventId="+url.QueryEscape(v), "", "")
		},
		"Last-Event-ID": func(v string) string {
			return rawRequest("GET", "/stream?sessionId=s", "Last-Event-ID: "+inHeader(v)+"\r\n", "")
		},
		"header": func(v string) string {
			return rawRequest("GET", "/stream?sessionId=s", inHeader("X-")+strings.Repeat("h", len(v))+": 1\r\n", "")
		},
		"host": func(v string) string {
			return "GET /stream HTTP/1.1\r\nHost: " + inHeader(v) + "\r\nConnection: close\r\n\r\n"
		},
		"publish to session": func(v string) string {
			return rawRequest("POST", "/stream?sessionId="+url.QueryEscape(v), ndjson, "\n")
		},
		"deleted session": func(v string) string { return rawRequest("POST", "/stream?sessionId=deleted", ndjson, contentLine(v)) },
		"content type": func(v string) string {
			return rawRequest("POST", "/stream?sessionId=s", "Content-Type: "+inHeader(v)+"\r\n", "x")
		},
		"content encoding": func(v string) string {
			return rawRequest("POST", "/stream?sessionId=s", ndjson+"Content-Encoding: "+inHeader(v)+"\r\n", "x")
		},
		"key": func(v string) string {
			return rawRequest("POST", "/stream?sessionId=s", ndjson+"Idempotency-Key: "+inHeader(v)+"\r\n", contentLine("a"))
		},
	}
	for name, body := range map[string]func(v string) string{
		"no JSON":           func(v string) string { return v },
		"string":            inJSON,
		"member":            func(v string) string { return `{` + inJSON(v) + `:1}` },
		"event":             func(v string) string { return `{"event":` + inJSON(v) + `,"data":{}}` },
		"event as a number": func(v string) string { return `{"event":` + digits(len(v)) + `,"data":{}}` },
		"data as text":      func(v string) string { return `{"event":"content","data":` + inJSON(v) + `}` },
		"data as a number":  func(v string) string { return `{"event":"content","data":` + digits(len(v)) + `}` },
		"a number": func(v string) string {
			return `{"event":"content","data":{"type":"content","content":` + digits(len(v)) + `}}`
		},
		"huge exponent": func(v string) string {
			return `{"event":"content","data":{"type":"content","content":1e` + digits(len(v)) + `}}`
		},
		"integer": func(v string) string {
			return `{"event":"error","data":{"error":"x","attempt":` + digits(len(v)) + `}}`
		},
		"fraction": func(v string) string {
			return `{"event":"error","data":{"error":"x","attempt":1.` + digits(len(v)) + `}}`
		},
		"enum": func(v string) string {
			return `{"event":"notification","data":{"createdAt":1,"id":"i","message":"m","notificationType":` + inJSON(v) + `,"responseType":"text","sessionId":"s","timeout":1,"title":"t","type":"x"}}`
		},
		"pattern": func(v string) string {
			return `{"event":"tool_use_start","data":{"id":"i","name":` + inJSON(v) + `,"type":"x"}}`
		},
		"array": func(v string) string {
			return `{"event":"content","data":{"type":"content","content":[` + inJSON(v) + `]}}`
		},
		"another event":   func(v string) string { return `{"event":"connected","data":{"sessionId":` + inJSON(v) + `}}` },
		"something after": func(v string) string { return oneLine[:len(oneLine)-1] + inJSON(v) },
		"too large":       func(v string) string { return contentLine(v + v + v + v) },
		"deep":            func(v string) string { return `{"event":"content","data":` + strings.Repeat("[", len(v)) },
	} {
		places["line: "+name] = func(v string) string { return rawRequest("POST", "/stream?sessionId=s", ndjson, body(v)+"\n") }
		places["JSON: "+name] = func(v string) string { return rawRequest("POST", "/stream?sessionId=s", jsonBody, body(v)) }
	}
	logged := &lineLog{}
	srv, ts := servertest.Start(t, everyonePublishes, server.WithLogger(slog.New(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		server.WithLimits(server.Limits{EventSize: 60 << 10, SessionIDLength: 30 << 10}),
		server.WithSessions(func(_ context.Context, id string) (bool, error) {
			if id == "failing" {
				return false, fmt.Errorf("failed: %s", strings.Repeat("x", 1<<20))
			}
			return false, nil
		}))
	servertest.CreateSession(t, srv, "deleted")
	servertest.DeleteSession(t, srv, "deleted")
	places["a failure"] = func(v string) string {
		return rawRequest("GET", "/stream?sessionId=failing&x="+url.QueryEscape(v), "", "")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for name, request := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			for range 2 {
				wantShort(t, ts, request(hugeValue(random, 40<<10)))
			}
		})
	}
	t.Cleanup(func() {
		logged.mu.Lock()
		defer logged.mu.Unlock()
		if len(logged.longest) > maxAnswer || logged.longest == "" {
			t.Errorf("a line of %d bytes was logged: %.300s", len(logged.longest), logged.longest)
		}
	})
}

// wantShort sends a request and expects a short answer that is no success.
func wantShort(t *testing.T, ts *httptest.Server, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(servertest.Patience))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, request) // the answer may come before the end of the request
	}()
	in := &counter{r: conn}
	res, err := http.ReadResponse(bufio.NewReader(in), nil)
	if err != nil {
		t.Errorf("no answer: %.200v", err)
		return
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("the answer: %v", err)
	}
	conn.Close()
	<-sent
	if in.n > maxAnswer || !utf8.Valid(body) || res.StatusCode < 300 {
		t.Errorf("%s in %d bytes: %.300q", res.Status, in.n, body)
	}
	if res.Header.Get("Content-Type") == "application/json" {
		var answer gen.ErrorResponse
		if err := json.Unmarshal(body, &answer); err != nil || answer.Error.Message == "" {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// counter counts the bytes that it reads.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// The errors of a server's methods are bounded as well, because applications log them and
// put them into answers.
func TestErrorsAreBounded(t *testing.T) {
	srv := servertest.NewServer(t)
	huge := strings.Repeat("é", 100<<10)
	ctx := t.Context()
	for name, call := range map[string]func() (string, error){
		"Publish, event":     func() (string, error) { return srv.Publish(ctx, "s", &gen.UnknownEvent{Name: huge}) },
		"Publish, session":   func() (string, error) { return srv.Publish(ctx, huge, servertest.Content("a")) },
		"PublishJSON, event": func() (string, error) { return srv.PublishJSON(ctx, "s", huge, []byte(`{}`)) },
		"PublishJSON, data": func() (string, error) {
			return srv.PublishJSON(ctx, "s", "content", []byte(`{"content":`+strings.Repeat("9", 100<<10)+`}`))
		},
		"CreateSession": func() (string, error) { return srv.CreateSession(ctx, huge, "") },
		"DeleteSession": func() (string, error) { return srv.DeleteSession(ctx, huge) },
		"New":           func() (string, error) { _, err := srv.Handler(mix.HandlerOptions{BasePath: huge}); return "", err },
	} {
		if _, err := call(); err == nil || len(err.Error()) > maxAnswer || !utf8.ValidString(err.Error()) {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
