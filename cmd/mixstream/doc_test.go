package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The configuration that the documentation shows is one.
func TestDocumentedConfig(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	file := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if file == nil {
		t.Fatal("no file is shown")
	}
	s, err := configured(t, string(file[1]))
	if err != nil || s.listen != "0.0.0.0:8443" || len(s.cors.origins) != 2 || s.shutdownTimeout.String() != "30s" {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, v := range []string{tokenVariable, natsCredsVariable, natsTokenVariable, natsUserVariable, natsPasswordVariable} {
		if !strings.Contains(string(text), "`"+v+"`") {
			t.Errorf("%s is not documented", v)
		}
	}
	_, err = configured(t, "# a comment\nmax_streams: 5\nlog-age: 5\n")
	shown := regexp.MustCompile(`(?s)mixstream: (mixstream.yaml:2.*?)\n` + "```").FindSubmatch(text)
	if err == nil || shown == nil || regexp.MustCompile(`/\S*/c\.yaml`).ReplaceAllString(err.Error(), "mixstream.yaml") != string(shown[1]) {
		t.Errorf("got %v", err)
	}
}
