package docs_test

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// directives are the words with which a comment above a block begins:
//
//	from FILE                 the block stands in this file, which is tested
//	tested by TestX in FOLDER this test asks docblock.Of for the block
//	run with: OLD=NEW …       how TestCommands shortens it
//	not run: REASON           TestCommands leaves it out
//	output                    the block above it prints this
//	not ours: WHOSE           Go code of others, which is only parsed
var directives = []string{"from", "tested by", "run with", "output", "not run", "not ours"}

// TestBlocks fails for a block that no test builds, runs or has verbatim.
func TestBlocks(t *testing.T) {
	for _, p := range pages(t) {
		for i, b := range p.blocks {
			if problem := account(t, p, i); problem != "" {
				t.Errorf("%s: %s", b, problem)
			}
		}
	}
}

// account says what is wrong with a page's block, if anything.
func account(t *testing.T, p *page, i int) string {
	t.Helper()
	b := p.blocks[i]
	for _, d := range b.directives {
		if !slices.ContainsFunc(directives, func(word string) bool { return strings.HasPrefix(d, word) }) {
			return fmt.Sprintf("the comment %q is none of %q", d, directives)
		}
	}
	if b.language == "" {
		return "it has no language; text is one"
	}
	if source, ok := b.directive("from"); ok {
		return excerpt(b, source)
	}
	if test, ok := b.directive("tested by"); ok {
		return testedBy(b, test)
	}
	if whose, ok := b.directive("not ours"); ok && whose != "" && b.language == "go" {
		return parsed(b, "package p\n"+b.text)
	}
	switch {
	case b.language == "go" && strings.HasPrefix(b.text, "package main\n"):
		return buildable(t, b)
	case b.language == "go":
		return "it is no whole program; put it into an Example function, and name the file: <!-- from x_test.go -->"
	case b.language == "sh":
		return syntax(t, b) // and TestCommands runs it
	}
	if _, ok := b.directive("output"); ok {
		if i == 0 || p.blocks[i-1].language != "sh" {
			return "no sh block is above it whose output it could be"
		}
		return "" // TestCommands compares it
	}
	return "nothing tests it; name what does: <!-- tested by TestX in ../server -->, <!-- from FILE --> or, below a command, <!-- output -->"
}

// excerpt finds a block's lines in a file that is tested.
func excerpt(b block, source string) string {
	file := filepath.Join(filepath.Dir(b.page), source)
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	tests, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*_test.go"))
	if err != nil {
		return err.Error()
	}
	if len(tests) == 0 && !strings.Contains(file, "testdata"+string(filepath.Separator)) {
		return fmt.Sprintf("%s is neither a test nor beside one", source)
	}
	if !contains(string(data), b.text) {
		return fmt.Sprintf("its lines do not stand like this in %s", source)
	}
	return ""
}

// contains tells whether a text has the lines of an excerpt, indented as a whole or
// not. A line of the excerpt that is only "..." stands for any lines.
func contains(text, excerpt string) bool {
	var parts [][]string
	part := []string{}
	for line := range strings.Lines(strings.TrimRight(excerpt, "\n")) {
		if line = strings.TrimRight(line, "\n"); strings.TrimSpace(line) == "..." {
			parts, part = append(parts, part), nil
			continue
		}
		part = append(part, line)
	}
	parts = append(parts, part)
	lines := strings.Split(text, "\n")
	for start := range lines {
		rest, ok := lines[start:], true
		indent := ""
		for i, part := range parts {
			at := find(rest, part, &indent, i == 0)
			if at < 0 {
				ok = false
				break
			}
			rest = rest[at+len(part):]
		}
		if ok {
			return true
		}
	}
	return false
}

// find returns where the lines of a part are. The first part must be at the start, and
// tells the indentation of all.
func find(lines, part []string, indent *string, first bool) int {
	for at := 0; at+len(part) <= len(lines); at++ {
		if first && len(part) > 0 {
			*indent = strings.TrimSuffix(lines[at], part[0])
			if strings.TrimSpace(*indent) != "" {
				return -1
			}
		}
		if slices.EqualFunc(lines[at:at+len(part)], part, func(have, want string) bool {
			return have == want && want == "" || have == *indent+want
		}) {
			return at
		}
		if first {
			return -1
		}
	}
	return -1
}

// testedBy looks for the test of a block, which must itself ask for the blocks of the page.
func testedBy(b block, directive string) string {
	name, folder, ok := strings.Cut(directive, " in ")
	if !ok {
		return "say <!-- tested by TestX in ../server -->"
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(b.page), folder, "*_test.go"))
	if err != nil {
		return err.Error()
	}
	asks := fmt.Sprintf("docblock.Of(t, %q)", b.page)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err.Error()
		}
		_, test, found := strings.Cut(string(data), "\nfunc "+name+"(t *testing.T) {\n")
		if !found {
			continue
		}
		body, _, _ := strings.Cut(test, "\n}\n")
		if !strings.Contains(body, asks) {
			return fmt.Sprintf("%s does not read it: %s", name, asks)
		}
		return ""
	}
	return fmt.Sprintf("%s has no %s", folder, name)
}

// parsed checks the syntax of Go code.
func parsed(b block, source string) string {
	if _, err := parser.ParseFile(token.NewFileSet(), b.String(), source, parser.AllErrors); err != nil {
		return err.Error()
	}
	return ""
}

// buildable builds a program as if it were in this module.
func buildable(t *testing.T, b block) string {
	t.Helper()
	module, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(module, "page", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, source, b.text)
	write(t, overlay, string(replace))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", os.DevNull, "./page")
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return ""
}

// syntax checks what bash can check without running a block.
func syntax(t *testing.T, b block) string {
	t.Helper()
	if reason, ok := b.directive("not run"); ok && reason == "" {
		return "say why: <!-- not run: it needs root -->"
	}
	if _, err := b.replacements(); err != nil {
		return err.Error()
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-n")
	cmd.Stdin = strings.NewReader(b.text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return ""
}

var replacement = regexp.MustCompile(`("[^"]+"|[^\s"=]+)=("[^"]*"|\S*)`)

// replacements are the words of a block that "run with" replaces, and what by.
func (b block) replacements() (pairs []string, err error) {
	rest, ok := b.directive("run with")
	if ok && strings.TrimSpace(replacement.ReplaceAllString(rest, "")) != "" {
		return nil, fmt.Errorf("%q is not OLD=NEW; quote what has spaces", rest)
	}
	for _, match := range replacement.FindAllStringSubmatch(rest, -1) {
		from, to := strings.Trim(match[1], `"`), strings.Trim(match[2], `"`)
		if from != "timeout" && !strings.Contains(b.text, from) {
			return nil, fmt.Errorf("there is no %q to replace", from)
		}
		pairs = append(pairs, from, to)
	}
	return pairs, nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBlockProblems has a block of each kind that is not accounted for, and of each
// that is.
func TestBlockProblems(t *testing.T) {
	for _, test := range []struct{ markdown, want string }{
		{"```\nx\n```\n", "no language"},
		{"```go\nx := 1\n```\n", "whole program"},
		{"```go\npackage main\n\nfunc main() { x }\n```\n", "undefined: x"},
		{"```go\npackage main\n\nfunc main() {}\n```\n", ""},
		{"<!-- form x_test.go -->\n```go\nx := 1\n```\n", "none of"},
		{"<!-- from nowhere_test.go -->\n```go\nx := 1\n```\n", "no such file"},
		{"<!-- from ../LICENSE -->\n```text\nno license\n```\n", "do not stand"},
		{"<!-- from blocks_test.go -->\n```go\nif b.language == \"\" {\n\treturn \"it has no language; text is one\"\n}\n...\nswitch {\n```\n", ""},
		{"<!-- from blocks_test.go -->\n```go\nif b.language == \"\" {\n}\n```\n", "do not stand"},
		{"<!-- tested by TestNowhere in . -->\n```yaml\na: b\n```\n", "no TestNowhere"},
		{"<!-- tested by TestBlocks in . -->\n```yaml\na: b\n```\n", "does not read it"},
		{"```yaml\na: b\n```\n", "nothing tests it"},
		{"<!-- output -->\n```text\nx\n```\n", "no sh block"},
		{"```sh\necho x\n```\n\n<!-- output -->\n```text\nx\n```\n", ""},
		{"```sh\nif\n```\n", "syntax error"},
		{"<!-- run with: 5m -->\n```sh\nsleep 5m\n```\n", "OLD=NEW"},
		{"<!-- run with: 6m=1s -->\n```sh\nsleep 5m\n```\n", "to replace"},
		{"<!-- not ours: -->\n```go\nvar x int\n```\n", "whole program"},
		{"<!-- not ours: a peer -->\n```go\nvar x peer.X\n```\n", ""},
		{"<!-- not ours: a peer -->\n```go\nvar var\n```\n", "expected"},
		{"<!-- not run: -->\n```sh\nreboot\n```\n", "say why"},
		{"<!-- not run: it ends the machine -->\n```sh\nreboot\n```\n", ""},
	} {
		p := parsePage(t, "un"+"read.md", []byte(test.markdown))
		got := account(t, p, len(p.blocks)-1)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.markdown, got, test.want)
		}
	}
}
