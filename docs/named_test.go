package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testCommand = regexp.MustCompile(`go test (?:-v )?\./([\w/]+)([^\x60\n]*)`)
	testFlag    = regexp.MustCompile(`-(run|bench) ([\w.]+)`)
)

// TestNamedTests expects each test that a page tells to run to be where it says.
func TestNamedTests(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, command := range testCommand.FindAllStringSubmatch(string(p.source), -1) {
			source := testSource(t, command[1])
			for _, flag := range testFlag.FindAllStringSubmatch(command[2], -1) {
				found++
				kind := map[string]string{"run": "Test", "bench": "Benchmark"}[flag[1]]
				name := regexp.MustCompile(`(?m)^func ` + kind + `\w*` + strings.TrimPrefix(flag[2], kind))
				if !name.MatchString(source) {
					t.Errorf("%s: %s: there is none of that name", p.path, command[0])
				}
			}
		}
	}
	if found == 0 {
		t.Error("no page names a test")
	}
}

// testSource returns the tests of a package.
func testSource(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(data)
	}
	return source.String()
}
