package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/docblock"
)

// The configuration that the documentation shows is one.
func TestDocumentedConfig(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := docblock.Of(t, "configuration.md")
	if len(blocks) != 2 {
		t.Fatalf("%d blocks are shown, want a file and what is wrong with another", len(blocks))
	}
	s, err := configured(t, blocks[0].Text)
	if err != nil || s.listen != "0.0.0.0:8443" || len(s.cors.origins) != 2 || s.shutdownTimeout.String() != "30s" {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, v := range []string{tokenVariable, natsCredsVariable, natsTokenVariable, natsUserVariable, natsPasswordVariable} {
		if !strings.Contains(string(text), "`"+v+"`") {
			t.Errorf("%s is not documented", v)
		}
	}
	_, err = configured(t, "# a comment\nmax_streams: 5\nlog-age: 5\n")
	if err == nil || "mixstream: "+regexp.MustCompile(`/\S*/c\.yaml`).ReplaceAllString(err.Error(), "mixstream.yaml")+"\n" != blocks[1].Text {
		t.Errorf("got %v", err)
	}
}
