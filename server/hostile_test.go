package server_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// Whatever the session ID and the last event ID of a request are, the answer is a refusal
// or a stream of that session. No part of them becomes a header, a field or an event.
func TestHostileRequests(t *testing.T) { servertest.BothModes(t, testHostileRequests) }

func testHostileRequests(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t, servertest.Vouch("open", "open\u2028id: 7"))
	servertest.Publish(t, srv, "secret", "swordfish")
	for _, s := range []string{"open", "open\u2028id: 7"} {
		servertest.Publish(t, srv, s, "marker")
	}
	witness := servertest.Open(t, ts, "secret")
	witness.Next()
	witness.IgnoreBeats = true

	const mib = 1 << 20
	for name, test := range map[string]struct {
		session, position string // in the request line, and in a header; raw
		want              int
	}{
		"CR":                    {"open\r", "", 400},
		"LF":                    {"open\nX-Injected: 1", "", 400},
		"CR LF":                 {"open HTTP/1.1\r\nX-Injected: 1\r\nX:", "", 200}, // a header of the request, which any client may send
		"NUL":                   {"open\x00", "", 400},
		"DEL":                   {"open\x7f", "", 400},
		"escaped CR LF":         {"open%0D%0AX-Injected:%201", "", 400},
		"escaped LF":            {"open%0Aid:%201%0A%0Adata:%20injected", "", 400},
		"escaped NUL":           {"open%00", "", 400},
		"escaped C1":            {"open%C2%85", "", 400},
		"invalid UTF-8":         {"open\xff\xfe", "", 400},
		"escaped invalid UTF-8": {"open%FF%C0%AF", "", 400},
		"surrogate":             {"%ED%A0%80", "", 400},
		"line separator":        {"open%E2%80%A8id:%207", "", 200},
		"1 MiB":                 {strings.Repeat("x", mib), "", 400},
		"2 MiB":                 {strings.Repeat("x", 2*mib), "", 431},
		"1 MiB of escapes":      {strings.Repeat("%0A", mib/3), "", 400},
		"another's, doubled":    {"open&sessionId=secret", "", 400},
		"semicolon":             {"open;sessionId=secret", "", 400},
		"array":                 {"open&sessionId[]=secret", "", 200},
		"path":                  {"../secret", "", 404},

		"position, CR":            {"open", "5\rid: 7", 400},
		"position, LF":            {"open", "5\nX: 1", 200},
		"position, NUL":           {"open", "5\x00", 400},
		"position, DEL":           {"open", "5\x7f", 400},
		"position, folded":        {"open", "5\r\n id: 7", 200},
		"position, invalid UTF-8": {"open", "\xff\xfe", 200},
		"position, C1":            {"open", "\u0085", 200},
		"position, digits":        {"open", strings.Repeat("9", mib/2), 200},
		"position, 1 MiB":         {"open", strings.Repeat("x", mib), 200},
		"position, 2 MiB":         {"open", strings.Repeat("x", 2*mib), 431},
		"position, braces":        {"open", `{"$gt":""}`, 200},
	} {
		t.Run(name, func(t *testing.T) {
			answer := exchange(t, ts, "GET /stream?lastEventId=0&sessionId="+test.session+
				" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nLast-Event-ID: "+test.position+"\r\n\r\n")
			wantHarmless(t, answer, test.want)
			if test.want == 200 && strings.Contains(answer, "replay_gap") != (test.position != "") {
				t.Errorf("a gap is missing or too much: %q", answer)
			}
		})
	}

	// The other streams have noticed nothing.
	witness.WantContents(servertest.Publish(t, srv, "secret", "still here"))
}

// exchange sends bytes as they are. It returns everything that comes back until the server
// closes the connection or an event of the session comes.
func exchange(t *testing.T, ts *httptest.Server, request string) string {
	t.Helper()
	conn, lines := connect(t, ts)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, request) // the server may refuse it before its end
	}()
	var answer strings.Builder
	for {
		line, err := lines.ReadString('\n')
		answer.WriteString(line)
		if err != nil || strings.HasPrefix(line, "data: ") && strings.Contains(line, "marker") {
			break // also at a reset, if the server did not read the request to its end
		}
	}
	conn.Close()
	<-sent
	return answer.String()
}

// wantHarmless expects a short answer with that status, with no lines but those of the
// server.
func wantHarmless(t *testing.T, answer string, status int) {
	t.Helper()
	if status == 431 && answer == "" {
		return // the reset of a connection with so much unread may overtake the answer
	}
	if !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", status)) {
		t.Errorf("want status %d, got %.200q", status, answer)
	}
	if len(answer) > 16<<10 {
		t.Errorf("the answer is %d bytes long", len(answer))
	}
	if strings.Contains(answer, "swordfish") {
		t.Errorf("another's event came: %q", answer)
	}
	for line := range strings.SplitSeq(answer, "\n") {
		for _, injected := range []string{"X-Injected", "id: 7", "data: injected"} {
			if strings.HasPrefix(line, injected) {
				t.Errorf("line %q in %q", line, answer)
			}
		}
		if strings.ContainsAny(strings.TrimSuffix(line, "\r"), "\r\x00") {
			t.Errorf("a control character in line %q", line)
		}
	}
}
