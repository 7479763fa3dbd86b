package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeSameJSON adds the package that compares generated code with encoding/json.
func (o outside) writeSameJSON(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../../internal/samejson/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o.write(t, "samejson/"+filepath.Base(file), string(text))
	}
}

// sameJSON returns the test of one package: a comparison for each operation, with rounds values
// and texts of each event.
func sameJSON(t *testing.T, o outside, pkg string, rounds int) string {
	t.Helper()
	vars := operations(t, o, pkg)
	var b strings.Builder
	fmt.Fprintf(&b, "package same\n\nimport (\n\t\"testing\"\n\n\t%[1]s \"outside/%[1]s\"\n\t\"outside/samejson\"\n)\n\nfunc TestSameJSON_%[1]s(t *testing.T) {\n", pkg)
	for _, id := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(&b, "\tsamejson.Test(t, %s.%s, 1, %d)\n", pkg, vars[id], rounds)
	}
	b.WriteString("}\n")
	return b.String()
}
