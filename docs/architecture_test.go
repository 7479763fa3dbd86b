package docs_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	markdown "github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
)

const modulePath = "github.com/mixstream/mixstream"

// maxHops is how many steps an event takes at most from Publish to a reader's socket.
const maxHops = 9

var (
	codeSpan  = regexp.MustCompile("`([^`]+)`")
	pathNamed = regexp.MustCompile("`(\\.?[a-z][a-z0-9_]*(?:/[a-z0-9_-]+)*(?:/|\\.go|\\.md|\\.yaml|\\.txt))`")
)

// TestArchitectureImports expects the table of packages to say what each package imports of
// this module, no more and no less, to leave none out that others may use, and to go from the
// ground up. The packages of internal that these import stand in a table of their own.
func TestArchitectureImports(t *testing.T) {
	imports, page := moduleImports(t), readPage(t, "architecture.md")
	told, small := make(map[string]bool), make(map[string]bool)
	for _, row := range tableBelow(t, page, "Small packages") {
		small[codeSpan.FindStringSubmatch(row[0])[1]] = false
	}
	for _, row := range tableBelow(t, page, "The packages") {
		pkg := codeSpan.FindStringSubmatch(row[0])[1]
		told[pkg] = true
		actual, ok := imports[pkg]
		if !ok {
			t.Errorf("there is no package %s", pkg)
			continue
		}
		var said []string
		for _, span := range codeSpan.FindAllStringSubmatch(row[2], -1) {
			said = append(said, span[1])
			if _, ok := small[span[1]]; ok {
				small[span[1]] = true
			} else if !told[span[1]] {
				t.Errorf("%s imports %s, which does not stand above it", pkg, span[1])
			}
		}
		slices.Sort(said)
		if !slices.Equal(said, actual) {
			t.Errorf("%s imports %q, and the page says %q", pkg, actual, said)
		}
	}
	for pkg, imported := range small {
		if !imported {
			t.Errorf("no package of the first table imports %s", pkg)
		}
	}
	for pkg := range imports {
		first, _, _ := strings.Cut(pkg, "/")
		if !told[pkg] && !slices.Contains([]string{"", "cmd", "docs", "examples", "internal"}, first) {
			t.Errorf("the page does not name package %s", pkg)
		}
	}
}

// TestArchitectureSteps expects each step of an event to be where the page says, and those from
// Publish to a reader's socket to be few.
func TestArchitectureSteps(t *testing.T) {
	page := readPage(t, "architecture.md")
	for _, heading := range []string{"From Publish to the socket", "From the socket to the switch"} {
		steps := stepsBelow(t, page, heading)
		if len(steps) > maxHops {
			t.Errorf("%s: %d steps, at most %d", heading, len(steps), maxHops)
		}
		for _, s := range steps {
			if !s.file.has(s.function) {
				t.Errorf("%s: step %d: %s has no %s", heading, s.number, s.file.path, s.function)
			}
		}
	}
}

// TestArchitectureFiles expects every file and folder that the page names to exist.
func TestArchitectureFiles(t *testing.T) {
	found := 0
	for _, match := range pathNamed.FindAllStringSubmatch(string(readPage(t, "architecture.md").source), -1) {
		found++
		if _, err := os.Stat(filepath.Join("..", match[1])); err != nil {
			t.Error(err)
		}
	}
	if found == 0 {
		t.Error("the page names no file")
	}
}

// tableBelow returns the cells of the first table below a heading, as they are written.
func tableBelow(t *testing.T, p *page, heading string) (rows [][]string) {
	t.Helper()
	below := false
	p.walk(t, func(node markdown.Node) {
		switch node := node.(type) {
		case *markdown.Heading:
			below = p.plain(node) == heading
		case *tables.TableRow:
			if !below {
				return
			}
			var cells []string
			for cell := node.FirstChild(); cell != nil; cell = cell.NextSibling() {
				cells = append(cells, strings.TrimSpace(string(cell.Lines().Value(p.source))))
			}
			rows = append(rows, cells)
		}
	})
	if len(rows) == 0 {
		t.Fatalf("%s: no table below %q", p.path, heading)
	}
	return rows
}

// moduleImports returns what each package of the module imports of it, all by their folders.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		imports := []string{}
		for _, path := range pkg.Imports {
			if folder, ok := strings.CutPrefix(path, modulePath+"/"); ok {
				imports = append(imports, folder)
			}
		}
		all[strings.TrimPrefix(strings.TrimPrefix(pkg.ImportPath, modulePath), "/")] = imports
	}
}
