package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// configured returns the values of serve for a command line and a file.
func configured(t *testing.T, file string, args ...string) (*serve, error) {
	t.Helper()
	s := new(serve)
	cmd := newServeOf(s)
	if file != "" {
		args = append(args, "--config", filepath.Join(writeFiles(t, map[string]string{"c.yaml": file}), "c.yaml"))
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	_, err := configure(cmd.Flags())
	return s, err
}

func TestConfigPrecedence(t *testing.T) {
	const file = "listen: file:1\n"
	for _, c := range []struct{ name, want, file, env, flag string }{
		{name: "default", want: "127.0.0.1:8080"},
		{name: "file", want: "file:1", file: file},
		{name: "environment", want: "env:1", file: file, env: "env:1"},
		{name: "flag", want: "flag:1", file: file, env: "env:1", flag: "flag:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			if c.env != "" {
				t.Setenv("MIXSTREAM_LISTEN", c.env)
			}
			if c.flag != "" {
				args = []string{"--listen", c.flag}
			}
			if s, err := configured(t, c.file, args...); err != nil || s.listen != c.want {
				t.Errorf("got %q, %v, want %q", s.listen, err, c.want)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	t.Setenv("MIXSTREAM_HOST", "a.example, b.example")
	path := filepath.Join(writeFiles(t, map[string]string{"c.yaml": `# a comment
strict-sessions: true
max-streams: 20_500
log-age: 1h30m
log-bytes: -1
cors-origin:
  - https://app.example.com
  - https://www.example.com
`}), "c.yaml")
	t.Setenv("MIXSTREAM_CONFIG", path)
	s, err := configured(t, "")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.strict, s.maxStreams, s.log.age, s.log.bytes, s.cors.origins, s.hosts)
	if want := "true 20500 1h30m0s -1 [https://app.example.com https://www.example.com] [a.example b.example]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s, err = configured(t, "", "--host", "c.example"); err != nil || len(s.hosts) != 1 {
		t.Errorf("lists are joined: %q, %v", s.hosts, err)
	}
	t.Setenv("MIXSTREAM_CONFIG", "")
	if _, err = configured(t, ""); err == nil || !strings.Contains(err.Error(), "--config is empty") {
		t.Errorf("got %v", err)
	}
	if s, err = configured(t, "# nothing\n"); err != nil || s.shutdownTimeout != 15*time.Second {
		t.Errorf("an empty file: %v", err)
	}
}

// An error names the place of a mistake, and tells what would be right.
func TestBadConfig(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"listen: a:1\nmax_streams: 5\n", `c.yaml:2: unknown key "max_streams": must be "max-streams"`},
		{"nonsense: 5\n", `c.yaml:1: unknown key "nonsense": must be the name of a flag`},
		{"config: other.yaml\n", `c.yaml:1: unknown key "config"`},
		{"max-streams: many\n", `c.yaml:1: --max-streams "many": must be a whole number`},
		{"read-only: perhaps\n", `c.yaml:1: --read-only "perhaps": must be true or false`},
		{"log-age: 5\n", `c.yaml:1: --log-age "5": must be a duration, such as 90s or 1h30m`},
		{"listen:\n", `c.yaml:1: --listen is empty: set it to the address to listen on, or omit it`},
		{"listen: [a, b]\n", `c.yaml:1: --listen: must be one value`},
		{"host: {a: b}\n", `c.yaml:1: --host: must be one value`},
		{"host: [[a]]\n", `c.yaml:1: --host: must be a list of values`},
		{"demo: true\ndemo: false\n", `c.yaml:2: key "demo" is already set at `},
		{"- listen\n", `c.yaml: must be lines of`},
		{"listen: a:1\n---\nlisten: b:1\n", `c.yaml: more than one YAML document`},
		{"listen: [\n", `c.yaml: yaml: `},
	} {
		if _, err := configured(t, c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.file, err, c.want)
		}
	}
	_, err := configured(t, "nonsense: 1\nmax-streams: many\n")
	if err == nil || !strings.Contains(err.Error(), "nonsense") || !strings.Contains(err.Error(), "many") {
		t.Errorf("two mistakes, but %v", err)
	}
}

func TestBadEnvironment(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"MIXSTREAM_MAX_STREAMS", "many", `MIXSTREAM_MAX_STREAMS: --max-streams "many": must be a whole number`},
		{"MIXSTREAM_TOKEN_FILE", "", "MIXSTREAM_TOKEN_FILE: --token-file is empty"},
		{"MIXSTREAM_CONFIG", "/does/not/exist", "--config: open /does/not/exist"},
		{"MIXSTREAM_LISTEN", "nowhere", "--listen: address nowhere: missing port in address (set by MIXSTREAM_LISTEN)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			if status, _, stderr := execute(t, "", "serve"); status != exitUsage || !strings.Contains(stderr, c.want) {
				t.Errorf("status %d: %q, want %q", status, stderr, c.want)
			}
		})
	}
}

// An error about a value names the file that contains it.
func TestConfigLocatesErrors(t *testing.T) {
	path := filepath.Join(writeFiles(t, map[string]string{"c.yaml": "listen: 127.0.0.1:0\ncors-origin: app.example.com\n"}), "c.yaml")
	status, _, stderr := execute(t, "", "serve", "--config", path)
	if status != exitUsage || !strings.Contains(stderr, `--cors-origin "app.example.com": not an origin`) || !strings.Contains(stderr, "(set by "+path+":2)") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// No flag uses a variable that has another meaning.
func TestVariablesDoNotCollide(t *testing.T) {
	newServe().Flags().VisitAll(func(f *pflag.Flag) {
		switch v := variable(f.Name); v {
		case tokenVariable, natsCredsVariable, natsTokenVariable, natsUserVariable, natsPasswordVariable:
			t.Errorf("--%s would be set by %s", f.Name, v)
		}
	})
}

func TestServeFromConfig(t *testing.T) {
	path := filepath.Join(writeFiles(t, map[string]string{"c.yaml": "listen: 127.0.0.1:0\nstrict-sessions: true\n"}), "c.yaml")
	p := start(t, "serve", "--config", path)
	_, url, _ := strings.Cut(p.stderr.find(t, "listening on"), "listening on ")
	if res, _ := get(t, "GET", url+"/stream?sessionId=nobody"); res.StatusCode != 404 {
		t.Errorf("got %s", res.Status)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
