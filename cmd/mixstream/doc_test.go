package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/docblock"
)

// The configuration in docs/configuration.md is valid. The page also shows the errors of
// another one, and the result of checking the first.
func TestDocumentedConfig(t *testing.T) {
	blocks := docblock.Of(t, "configuration.md")
	if len(blocks) != 3 {
		t.Fatalf("%d blocks are shown, want a file, what is wrong with another, and a check", len(blocks))
	}
	file, mistakes, check := blocks[0].Text, blocks[1].Text, blocks[2].Text
	s, err := configured(t, file)
	if err != nil || s.listen != "0.0.0.0:8443" || len(s.cors.origins) != 2 || s.shutdownTimeout.String() != "30s" {
		t.Errorf("got %+v, %v", s, err)
	}
	_, err = configured(t, "# a comment\nmax_streams: 5\nlog-age: 5\n")
	if err == nil || "mixstream: "+regexp.MustCompile(`/\S*/c\.yaml`).ReplaceAllString(err.Error(), "mixstream.yaml")+"\n" != mistakes {
		t.Errorf("got %v", err)
	}
	if got := checkShown(t, file); got != undated(check) {
		t.Errorf("a check tells\n%s", got)
	}
}

// checkShown checks the configuration of the page, with a certificate that expires soon and a
// log in use by a server. It returns the text that the page must show.
func checkShown(t *testing.T, file string) string {
	t.Helper()
	for _, entry := range os.Environ() { // check would warn of the variables for tests
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MIXSTREAM_") {
			t.Setenv(name, "") // restores the variable after the test
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := writeFiles(t, map[string]string{"tokens": "alice-1\nbob-2\n"})
	writePair(t, dir, 1, expiresSoon/2)
	serving(t, "--log", "file:"+filepath.Join(dir, "log"))
	var here, shown []string // the test's places of the files that the page names
	for path, name := range map[string]string{
		"/etc/mixstream.yaml":    filepath.Join(dir, "mixstream.yaml"),
		"/etc/mixstream/tls.crt": filepath.Join(dir, "cert.pem"),
		"/etc/mixstream/tls.key": filepath.Join(dir, "key.pem"),
		"/etc/mixstream/tokens":  filepath.Join(dir, "tokens"),
		"/var/lib/mixstream":     filepath.Join(dir, "log"),
		"0.0.0.0:8443":           "127.0.0.1:0",
	} {
		here, shown = append(here, path, name), append(shown, name, path)
	}
	yaml := filepath.Join(dir, "mixstream.yaml")
	if err := os.WriteFile(yaml, []byte(strings.NewReplacer(here...).Replace(file)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, told, _ := execute(t, "", "check", "--config", yaml)
	if status != exitUsage {
		t.Errorf("status %d, want %d", status, exitUsage)
	}
	return undated("$ mixstream check --config /etc/mixstream.yaml\n" + strings.NewReplacer(shown...).Replace(told))
}

// undated removes dates.
func undated(text string) string {
	return regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(text, time.RFC3339)
}

// The page documents every variable that belongs to no flag.
func TestDocumentedVariables(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{tokenVariable, natsCredsVariable, natsTokenVariable, natsUserVariable, natsPasswordVariable} {
		if !strings.Contains(string(page), "`"+v+"`") {
			t.Errorf("%s is not documented", v)
		}
	}
}
