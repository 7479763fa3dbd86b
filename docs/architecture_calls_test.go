package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestArchitectureCalls expects each step of an event to call the next one: on the way to the
// socket the one below it, on the way back the one above it. A row may name another step as its
// caller. It is not checked if it says that something else calls it, such as a worker.
func TestArchitectureCalls(t *testing.T) {
	page := readPage(t, "architecture.md")
	for heading, callerOf := range map[string]func(number int) int{
		"From Publish to the socket":    func(number int) int { return number - 1 },
		"From the socket to the switch": func(number int) int { return number + 1 },
	} {
		steps := stepsBelow(t, page, heading)
		checked := 0
		for _, s := range steps {
			by := callerOf(s.number)
			if named := calledBy.FindStringSubmatch(s.what); named != nil {
				by, _ = strconv.Atoi(named[1]) // 0 if it is no step
			}
			if by < 1 || by > len(steps) {
				continue
			}
			checked++
			if caller := steps[by-1]; !caller.file.calls(caller.function)[s.function] {
				t.Errorf("%s: %s in %s does not call %s, as step %d says", heading, caller.function, caller.file.path, s.function, s.number)
			}
		}
		if checked < len(steps)/2 {
			t.Errorf("%s: the page says of %d steps only which step calls them", heading, checked)
		}
	}
}

// TestArchitectureNames expects each name that the page finds in a file to be declared there.
func TestArchitectureNames(t *testing.T) {
	all := nameInFile.FindAllStringSubmatch(string(readPage(t, "architecture.md").source), -1)
	if len(all) == 0 {
		t.Error("the page names nothing in a file")
	}
	for _, match := range all {
		if !parseFile(t, match[2]).has(match[1]) {
			t.Errorf("%s does not declare %s", match[2], match[1])
		}
	}
}

var (
	calledBy   = regexp.MustCompile(`^called (?:by|through) (?:step (\d+))?`)
	nameInFile = regexp.MustCompile("`([A-Za-z]+)`\\s+in\\s+`([a-z0-9_/]+\\.go)`")
)

// architectureStep is one step of an event through the code.
type architectureStep struct {
	number   int
	file     *sourceFile
	function string
	what     string
}

// stepsBelow returns the steps of the table below a heading.
func stepsBelow(t *testing.T, p *page, heading string) (steps []architectureStep) {
	t.Helper()
	for i, row := range tableBelow(t, p, heading) {
		where := codeSpan.FindAllStringSubmatch(row[1], -1)
		if row[0] != strconv.Itoa(i+1) || len(where) != 2 {
			t.Fatalf("%s: row %d has no number, file and function: %s", heading, i+1, row)
		}
		steps = append(steps, architectureStep{i + 1, parseFile(t, where[0][1]), where[1][1], row[2]})
	}
	return steps
}

// sourceFile is a file of the module.
type sourceFile struct {
	path string
	*ast.File
}

func parseFile(t *testing.T, path string) *sourceFile {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &sourceFile{path, f}
}

// has reports whether the file declares a name: of a function, a type, a value or a field.
func (f *sourceFile) has(name string) (found bool) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		var names []*ast.Ident
		switch n := n.(type) {
		case *ast.FuncDecl:
			found = found || n.Name.Name == name
			return false // what is declared within does not count
		case *ast.TypeSpec:
			names = []*ast.Ident{n.Name}
		case *ast.ValueSpec:
			names = n.Names
		case *ast.Field:
			names = n.Names
		}
		for _, ident := range names {
			found = found || ident.Name == name
		}
		return true
	})
	return found
}

// calls returns the names of what a function calls, directly or by other functions of its file.
func (f *sourceFile) calls(function string) map[string]bool {
	all := make(map[string]bool)
	for next := []string{function}; len(next) > 0; next = next[1:] {
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Name.Name == next[0] && d.Body != nil {
				ast.Inspect(d.Body, func(n ast.Node) bool {
					if name := callee(n); name != "" && !all[name] {
						all[name] = true
						next = append(next, name)
					}
					return true
				})
			}
		}
	}
	return all
}

// callee returns the name of the function or method that a node calls; empty if it calls none.
func callee(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		return fun.Sel.Name
	case *ast.Ident:
		if types.Universe.Lookup(fun.Name) == nil { // not append
			return fun.Name
		}
	}
	return ""
}
