package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// objects parses lines of JSON, and fails on any other text.
func objects(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, o)
	}
	return all
}

func TestServeJSON(t *testing.T) {
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--json")
	for _, told := range []struct{ text, key string }{{"metrics are at ", "ops"}, {"listening on ", "url"}, {"a session is shown at ", "inspector"}} {
		line := p.stderr.find(t, told.text)
		o := objects(t, line)[0]
		url, _ := o[told.key].(string)
		if !strings.HasPrefix(url, "http://127.0.0.1:") || !strings.HasSuffix(o["msg"].(string), told.text+url) || o["level"] != "INFO" {
			t.Errorf("got %s", line)
		}
	}
	fmt.Fprintln(p.stdin, "nonsense")
	if o := objects(t, p.stderr.find(t, "line 1"))[0]; !strings.HasPrefix(o["msg"].(string), "line 1: not a JSON event") || o["line"] != 1.0 || o["level"] != "WARN" {
		t.Errorf("got %v", o)
	}
	_, _, stderr := execute(t, "", "serve", "--json", "--listen", "nowhere")
	if got := objects(t, stderr); len(got) != 1 || got[0]["level"] != "ERROR" || !strings.HasPrefix(got[0]["msg"].(string), "--listen: ") {
		t.Errorf("got %s", stderr)
	}
}

func TestJSON(t *testing.T) {
	_, url := serving(t)
	old, fresh := "file:"+t.TempDir(), "file:"+t.TempDir()
	execute(t, helloEvent, "publish", "--log", old, "s1")
	for _, c := range []struct {
		args []string
		want map[string]any // of the last line
	}{
		{[]string{"publish", url, "s1"}, map[string]any{"count": 1.0}},
		{[]string{"publish", url, "s1", "complete", `{"type":"complete","done":true}`}, map[string]any{"count": 1.0}},
		{[]string{"tail", url, "s1", "--last-event-id", "0", "--until-complete"}, map[string]any{"event": "complete"}},
		{[]string{"copy", "--from", old, "--log", fresh}, map[string]any{"count": 1.0}},
		{[]string{"check", "--listen", "127.0.0.1:0"}, map[string]any{"subject": "log"}},
	} {
		status, stdout, stderr := execute(t, helloEvent, append(c.args, "--json")...)
		objects(t, stderr)
		got := objects(t, stdout)
		if status != exitSuccess || len(got) == 0 {
			t.Errorf("%q: status %d: %s%s", c.args, status, stdout, stderr)
			continue
		}
		for key, value := range c.want {
			if last := got[len(got)-1]; last[key] != value {
				t.Errorf("%q: got %v, want %v", c.args, last, c.want)
			}
		}
	}
	for _, args := range [][]string{{"publish", url, "s1", "content", "{}"}, {"tail", url, "s1", "--last-event-id", "17"}, {"copy", "--from", old, "--log", fresh}} {
		_, _, stderr := execute(t, "", append(args, "--json")...)
		if got := objects(t, stderr); len(got) == 0 || got[len(got)-1]["level"] != "ERROR" {
			t.Errorf("%q: got %s", args, stderr)
		}
	}
}

func TestLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		s, err := configured(t, "level: "+text+"\n")
		if err != nil || s.level.Level != want || s.level.String() != text {
			t.Errorf("%s: %v, %v", text, s.level, err)
		}
		var out strings.Builder
		cmd := newServe()
		cmd.SetErr(&out)
		logger := newLogger(cmd, s.level.Level)
		logger.Log(t.Context(), want, "shown")
		logger.Log(t.Context(), want-1, "hidden")
		if got := out.String(); !strings.Contains(got, "shown") || strings.Contains(got, "hidden") {
			t.Errorf("%s: got %q", text, got)
		}
	}
	if _, err := configured(t, "level: loud\n"); err == nil || !strings.Contains(err.Error(), `--level "loud": must be debug, info, warn or error`) {
		t.Errorf("got %v", err)
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--level", ""}, "debug\ninfo\nwarn\nerror\n"},
		{[]string{"check", "--level", "d"}, "debug\n"},
		{[]string{"serve", "--log", ""}, "nats://\t"},
		{[]string{"publish", "--log", ""}, "file:\t"},
		{[]string{"copy", "--log", ""}, "file:\t"},
		{[]string{"serve", "--shut"}, "--shutdown-timeout\t"},
		{[]string{"che"}, "check\t"},
	} {
		status, stdout, _ := execute(t, "", append([]string{"__complete"}, c.args...)...)
		if status != exitSuccess || !strings.Contains(stdout, c.want) {
			t.Errorf("%q: status %d: %s", c.args, status, stdout)
		}
	}
}
