package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ text, line, flow string }{
		{"plain\ttäxt 日本 \\", "plain\ttäxt 日本 \\", "plain\ttäxt 日本 \\"},
		{"a\nb\r\nc\rd", `a\nb\r\nc\rd`, "a\nb\nc" + `\rd`},
		{"\x1b[2J\x00\x7f\u009b", `\x1b[2J\x00\x7f\u009b`, `\x1b[2J\x00\x7f\u009b`},
		{"\u202eback\u2066\u200f\u061c", `\u202eback\u2066\u200f\u061c`, `\u202eback\u2066\u200f\u061c`},
		{"\u2028\u2029\u200b\ufeff\U000e0041", `\u2028\u2029\u200b\ufeff\U000e0041`, `\u2028\u2029\u200b\ufeff\U000e0041`},
		{"\xff", "\ufffd", "\ufffd"},
	} {
		if line, flow := printable(test.text), flowing(test.text); line != test.line || flow != test.flow {
			t.Errorf("%q: got %q and %q, want %q and %q", test.text, line, flow, test.line, test.flow)
		}
	}
	const json = `{"a":"` + "\u202e\u009b\x7f\U000e0041é" + `"}` + "\n"
	if got, want := string(escapeJSON([]byte(json))), `{"a":"\u202e\u009b\u007f\udb40\udc41é"}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestForgedLines puts text into each field that would make a line of its own.
func TestForgedLines(t *testing.T) {
	const forged = "x\ncomplete\u2028\r\x1b[1Acomplete"
	var out bytes.Buffer
	p := newPrinter(&out)
	for i, d := range []gen.Event{
		&gen.ConnectedData{SessionID: forged},
		&gen.UserMessageCreatedData{Content: forged},
		&gen.ToolUseStartData{Name: forged},
		&gen.ToolUseParameterStreamingCompleteData{Name: forged, Input: forged},
		&gen.ToolExecutionStartData{Progress: forged},
		&gen.ToolExecutionCompleteData{ToolName: forged, Progress: forged},
		&gen.PermissionData{Description: forged},
		&gen.NotificationData{NotificationType: forged, Title: forged, Message: forged},
		&gen.ErrorData{Error: forged},
		&gen.UnknownEvent{Name: forged},
	} {
		out.Reset()
		if err := p.event(mix.Event{ID: forged, Name: forged, Data: d}, []byte(forged)); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), "\n") != 1 || strings.ContainsAny(out.String(), "\r\x1b\u2028") {
			t.Errorf("%d, %s: %q", i, nameOf(d), out.String())
		}
	}
}

// TestForgedMessages runs a server whose message imitates one of the command.
func TestForgedMessages(t *testing.T) {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"code":403,"type":"forbidden","message":"no\nmixstream: 5 events published\u202e"}}`)
	}))
	t.Cleanup(ts.Close)
	for _, args := range [][]string{{"tail", ts.URL, "s"}, {"publish", ts.URL, "s", "content", "{}"}} {
		_, _, stderr := execute(t, "", args...)
		if strings.Contains(stderr, "\nmixstream: ") || strings.Contains(stderr, "\u202e") || !strings.Contains(stderr, "\n  mixstream: 5 events") {
			t.Errorf("%s: %q", args[0], stderr)
		}
	}
}

// TestNoSecretsInMessages gives each command a URL with a secret, right and wrong.
func TestNoSecretsInMessages(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect/stream" {
			w.Header().Set("Location", "ftp://user:hunter2@host/")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(refusing.Close)
	host := strings.TrimPrefix(refusing.URL, "http://")
	var all [][]string
	for _, url := range []string{
		"http://user:hunter2@" + host, "http://hunter2@" + host, "http://" + host + "/redirect",
		"http://user:hunter2@host:port", "http://user:hun/ter2@host", "http://user:hunter2 @host", "http://user:%zzhunter2@host",
		"http://user:hunter2@127.0.0.1:99999", "ftp://user:hunter2@host", "user:hunter2@host",
	} {
		all = append(all, []string{"tail", url, "s"}, []string{"tail", "--json", url, "s"}, []string{"publish", url, "s", "content", "{}"},
			[]string{"publish", "--log", "file:x", url, "s"}, []string{"serve", "--cors-origin", url})
	}
	all = append(all, []string{"tail", "http://" + host + "?token=hunter2", "s"})
	for _, log := range []string{
		"nats://user:hunter2@127.0.0.1:1", "nats://hunter2@127.0.0.1:1", "nats://a,tls://user:hunter2@b:port", "nats://user:hun/ter2@b", "http://user:hunter2@host", "user:hunter2@host",
	} {
		all = append(all, []string{"serve", "--log", log, "--listen", "127.0.0.1:0"}, []string{"check", "--log", log, "--listen", "127.0.0.1:0"}, []string{"check", "--json", "--log", log, "--listen", "127.0.0.1:0"},
			[]string{"publish", "--log", log, "s", "content", "{}"}, []string{"copy", "--from", log, "--log", log})
	}
	t.Chdir(t.TempDir())
	for _, args := range all {
		status, stdout, stderr := execute(t, "", args...)
		if said := stdout + stderr; status == exitSuccess || said == "" || strings.Contains(said, "hunter2") || strings.Contains(said, "ter2") {
			t.Errorf("%q: status %d: %s", args, status, said)
		}
	}
}

// TestNoServerThere uses addresses for which a repetition is useless.
func TestNoServerThere(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:99999", "http://127.0.0.1:0", "http://a..b", "http://:80", "ftp://host", "http://" + strings.Repeat("x", 64)} {
		for _, args := range [][]string{{"tail", url, "s"}, {"publish", url, "s", "content", "{}"}} {
			if status, _, stderr := execute(t, "", args...); status != exitUsage {
				t.Errorf("%q: status %d: %s", args, status, stderr)
			}
		}
	}
}

// TestUnknownSessionHint reads a session that does not exist yet.
func TestUnknownSessionHint(t *testing.T) {
	_, url := serving(t, "--strict-sessions")
	status, _, stderr := execute(t, "", "tail", url, "s")
	if status != exitFailure || !strings.Contains(stderr, "without --strict-sessions") || !strings.Contains(stderr, "server.WithSessions") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
