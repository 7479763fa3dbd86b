// Package docblock gives a test the blocks of code that it tests from a page of docs, so that
// the page shows exactly what was tested.
package docblock

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A Block is a fenced block of code.
type Block struct {
	Language, Text string // Text ends with a line break
}

// Of returns the blocks of a page, such as "server.md" or "../README.md", that follow the mark
// of the running test: <!-- tested by TestX in ../server -->. The mark gives the folder of the
// test relative to the page. The test fails if the page has no such block.
func Of(t testing.TB, page string) []Block {
	t.Helper()
	file := filepath.Join(folder(t), page)
	text, err := os.ReadFile(file) //nolint:gosec // the test names the page
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd() // the folder of the test's package
	if err != nil {
		t.Fatal(err)
	}
	place, err := filepath.Rel(filepath.Dir(file), here)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	mark := "<!-- tested by " + name + " in " + filepath.ToSlash(place) + " -->"
	var blocks []Block
	pattern := regexp.MustCompile("(?ms)^" + regexp.QuoteMeta(mark) + "\n```(\\w+)\n(.*?)^```$")
	for _, match := range pattern.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, Block{match[1], match[2]})
	}
	if len(blocks) == 0 {
		t.Fatalf("docs/%s has no block below %s", page, mark)
	}
	return blocks
}

// folder returns the folder docs of the test's module.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "docs")
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("the test is in no module")
	return ""
}
