package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// changed applies to the spec each change that docs/changing-the-spec.md shows.
func changed(t *testing.T, spec string) string {
	t.Helper()
	page, err := os.ReadFile("changing-the-spec.md")
	if err != nil {
		t.Fatal(err)
	}
	changes := regexp.MustCompile("(?s)```diff\n(.*?)```").FindAllSubmatch(page, -1)
	if len(changes) == 0 {
		t.Fatal("the page shows no change")
	}
	for _, change := range changes {
		var before, after strings.Builder
		for line := range strings.Lines(string(change[1])) {
			if line[0] != '+' {
				before.WriteString(line[1:])
			}
			if line[0] != '-' {
				after.WriteString(line[1:])
			}
		}
		if n := strings.Count(spec, before.String()); n != 1 {
			t.Fatalf("the spec has %d times\n%s", n, before.String())
		}
		spec = strings.Replace(spec, before.String(), after.String(), 1)
	}
	return spec
}
