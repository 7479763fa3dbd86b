// Package docblock gives a test the blocks of code that a page of docs says it tests, so
// that the page cannot show anything else than what was tested.
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
	Language, Text string // the text with the line break at its end
}

// Of returns the blocks of a page, such as "server.md" or "../README.md", over which stands
// that the running test tests them: <!-- tested by TestX in ../server -->. The folder is that
// of the test, from the page. There must be one.
func Of(t testing.TB, page string) []Block {
	t.Helper()
	file := filepath.Join(folder(t), page)
	text, err := os.ReadFile(file) //nolint:gosec // the page that a test names
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
	said := "<!-- tested by " + name + " in " + filepath.ToSlash(place) + " -->"
	var blocks []Block
	pattern := regexp.MustCompile("(?ms)^" + regexp.QuoteMeta(said) + "\n```(\\w+)\n(.*?)^```$")
	for _, match := range pattern.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, Block{match[1], match[2]})
	}
	if len(blocks) == 0 {
		t.Fatalf("docs/%s has no block below %s", page, said)
	}
	return blocks
}

// folder is the folder docs of the module that the test belongs to.
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
