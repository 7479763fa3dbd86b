package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/docblock"
)

// What docs/configuration.md shows of a check is what one tells: each line has one of the
// verdicts, and is of a subject that a check of a whole configuration has.
func TestDocumentedCheck(t *testing.T) {
	shown, ok := strings.CutPrefix(docblock.Of(t, "configuration.md")[0].Text, "$ mixstream check --config /etc/mixstream.yaml\n")
	if !ok {
		t.Fatal("no check is shown")
	}
	dir := writeFiles(t, map[string]string{"mixstream.yaml": "listen: 127.0.0.1:0\n"})
	_, told, _ := execute(t, "", "check", "--config", filepath.Join(dir, "mixstream.yaml"))
	line := regexp.MustCompile(`(?m)^(ok|warning|problem) +([a-z]+): `)
	subjects := make(map[string]bool)
	for _, m := range line.FindAllStringSubmatch(told, -1) {
		subjects[m[2]] = true
	}
	for _, l := range strings.Split(strings.TrimSpace(shown), "\n") {
		m := line.FindStringSubmatch(l)
		if len(m) == 0 || !subjects[m[2]] {
			t.Errorf("a check does not tell %q, but\n%s", l, told)
		}
	}
}
