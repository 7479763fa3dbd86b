package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// maxAnswer is the greatest size of the answer to a refused request, with its header.
const maxAnswer = 4 << 10

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

// hugeRequests are requests with a value in one place. The value stands for $Q as a part of a query,
// for $P as a part of a path, for $H as that of a header, for $J as JSON text, for $D as digits,
// and for $V as it is.
func hugeRequests() map[string]string {
	raw := func(method, target, header, body string) string {
		return method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + "\r\n" + body
	}
	get := func(target string) string { return raw("GET", target, "", "") }
	const ndjson, session = "Content-Type: application/x-ndjson\r\n", "/stream?sessionId=s"
	all := map[string]string{
		"method":                   raw("$M", session, "", ""),
		"path":                     get("/$P"),
		"unclean path":             get("//$P"),
		"query of an unclean path": get("//stream?a=$Q"),
		"session":                  get("/stream?sessionId=$Q"),
		"sessions":                 get(session + "&sessionId=$Q"),
		"unknown session":          get("/stream?sessionId=$S"),
		"bad escape":               get("/stream?sessionId=%zz$Q"),
		"query parameter":          get("/stream?$Q=1"),
		"lastEventId":              get(session + "&lastEventId=$Q"),
		"Last-Event-ID":            raw("GET", session, "Last-Event-ID: $H\r\n", ""),
		"header":                   raw("GET", session, "X-$M: 1\r\n", ""),
		"host":                     "GET /stream HTTP/1.1\r\nHost: $H\r\nConnection: close\r\n\r\n",
		"publish to session":       raw("POST", "/stream?sessionId=$Q", ndjson, "\n"),
		"deleted session":          raw("POST", "/stream?sessionId=deleted", ndjson, `{"event":"content","data":{"type":"content","content":$J}}`),
		"content type":             raw("POST", session, "Content-Type: $H\r\n", "x"),
		"content encoding":         raw("POST", session, ndjson+"Content-Encoding: $H\r\n", "x"),
		"key":                      raw("POST", session, ndjson+"Idempotency-Key: $H\r\n", oneLine),
		"a failure":                get("/stream?sessionId=failing&x=$Q"),
	}
	for name, body := range map[string]string{
		"no JSON":           `$V`,
		"string":            `$J`,
		"member":            `{$J:1}`,
		"event":             `{"event":$J,"data":{}}`,
		"event as a number": `{"event":$D,"data":{}}`,
		"data as text":      `{"event":"content","data":$J}`,
		"data as a number":  `{"event":"content","data":$D}`,
		"a number":          `{"event":"content","data":{"type":"content","content":$D}}`,
		"huge exponent":     `{"event":"content","data":{"type":"content","content":1e$D}}`,
		"integer":           `{"event":"error","data":{"error":"x","attempt":$D}}`,
		"fraction":          `{"event":"error","data":{"error":"x","attempt":1.$D}}`,
		"enum":              `{"event":"notification","data":{"createdAt":1,"id":"i","message":"m","notificationType":$J,"responseType":"text","sessionId":"s","timeout":1,"title":"t","type":"x"}}`,
		"pattern":           `{"event":"tool_use_start","data":{"id":"i","name":$J,"type":"x"}}`,
		"array":             `{"event":"content","data":{"type":"content","content":[$J]}}`,
		"another event":     `{"event":"connected","data":{"sessionId":$J}}`,
		"something after":   strings.TrimSpace(oneLine) + `$J`,
		"too large":         `{"event":"content","data":{"type":"content","content":$J,"more":[$J,$J,$J]}}`,
		"deep":              `{"event":"content","data":$[`,
	} {
		all["line: "+name] = raw("POST", session, ndjson, body+"\n")
		all["JSON: "+name] = raw("POST", session, "Content-Type: application/json\r\n", body)
	}
	return all
}

// withValue puts a value into a request, and tells the length of its body.
func withValue(t *testing.T, request, v string) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	request = strings.NewReplacer("$Q", url.QueryEscape(v), "$S", url.QueryEscape(v[:len(v)/9]), "$P", url.PathEscape(v), "$J", string(text),
		"$H", strings.ReplaceAll(v, "\x7f", "y"), // a header cannot have it
		"$D", "1"+strings.Repeat("9", len(v)), "$M", strings.Repeat("M", len(v)), "$[", strings.Repeat("[", len(v)), "$V", v).Replace(request)
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	return fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// Whatever is huge in a request, the server answers briefly, cuts no character in half, and logs
// briefly.
func TestAnswersAreBounded(t *testing.T) {
	var l logged
	srv, ts := servertest.Start(t, everyonePublishes, debugLog(&l),
		server.WithLimits(server.Limits{EventSize: 60 << 10, SessionIDLength: 30 << 10}),
		server.WithSessions(func(_ context.Context, id string) (bool, error) {
			if id == "failing" {
				return false, fmt.Errorf("failed: %s", strings.Repeat("x", 1<<20))
			}
			return false, nil
		}))
	servertest.CreateSession(t, srv, "deleted")
	servertest.DeleteSession(t, srv, "deleted")
	seed := servertest.Seed(t)
	for name, request := range hugeRequests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			for range 2 {
				wantShort(t, ts, withValue(t, request, hugeValue(random, 40<<10)))
			}
		})
	}
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.buf.Len() == 0 {
			t.Error("nothing was logged")
		}
		for line := range strings.Lines(l.buf.String()) {
			if len(line) > maxAnswer {
				t.Errorf("a line of %d bytes was logged: %.300s", len(line), line)
			}
		}
	})
}

// wantShort sends a request and expects a short answer that is no success.
func wantShort(t *testing.T, ts *httptest.Server, request string) {
	t.Helper()
	answer := exchange(t, ts, request)
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		t.Errorf("no answer: %.200v", err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || len(answer) > maxAnswer || !utf8.Valid(body) || res.StatusCode < 300 {
		t.Errorf("%s in %d bytes: %.300q, %v", res.Status, len(answer), body, err)
	}
	if res.Header.Get("Content-Type") == "application/json" {
		var answer gen.ErrorResponse
		if err := json.Unmarshal(body, &answer); err != nil || answer.Error.Message == "" {
			t.Errorf("%q: %v", body, err)
		}
	}
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
