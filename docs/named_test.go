package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	markdown "github.com/yuin/goldmark/ast"
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
			_, source := goFiles(t, command[1], true)
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

// folders are where the packages are whose names the pages use.
var folders = map[string]string{
	"client": "client", "eventlog": "eventlog", "gen": "gen", "inspector": "server/inspector", "natslog": "eventlog/natslog",
	"otelstream": "server/otelstream", "server": "server", "sse": "sse", "streamtest": "streamtest",
}

var (
	namedIdentifier = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	namedOption     = regexp.MustCompile(`^(?:With|On)[A-Z]\w*`)
	namedFlag       = regexp.MustCompile(`(?:^|\s)--([a-z][a-z-]*)`)
)

// TestNames expects what the text of a page names to be there: what the packages export,
// options that stand without their package, and flags of the command.
func TestNames(t *testing.T) {
	names, options := make(map[string]map[string]bool), make(map[string]bool)
	for pkg, folder := range folders {
		names[pkg] = declared(t, folder)
		for name := range names[pkg] {
			options[name] = true
		}
	}
	_, command := goFiles(t, "cmd/mixstream", false)
	for _, p := range pages(t) {
		p.walk(t, func(node markdown.Node) {
			if _, ok := node.(*markdown.CodeSpan); !ok {
				return
			}
			text := p.plain(node)
			for _, match := range namedIdentifier.FindAllStringSubmatch(text, -1) {
				have := names[match[1]]
				if have == nil || strings.HasPrefix(match[2], "Your") || p.path == "changing-the-spec.md" {
					continue // of others, a stand-in, or of a changed spec
				}
				if !have[match[2]] || match[3] != "" && !have[match[3]] {
					t.Errorf("%s:%d: there is no %s", p.path, p.line(node), match[0])
				}
			}
			if name := namedOption.FindString(text); name != "" && !options[name] {
				t.Errorf("%s:%d: there is no option %s", p.path, p.line(node), name)
			}
			for _, match := range namedFlag.FindAllStringSubmatch(text, -1) {
				if match[1] != "help" && !strings.Contains(command, `"`+match[1]+`"`) {
					t.Errorf("%s:%d: there is no flag --%s", p.path, p.line(node), match[1])
				}
			}
		})
	}
}

// declared returns the names that a package declares, those of methods and fields included.
func declared(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	files, _ := goFiles(t, folder, false)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			var declares []*ast.Ident
			switch node := node.(type) {
			case *ast.FuncDecl:
				names[node.Name.Name] = true
				return false
			case *ast.TypeSpec:
				declares = []*ast.Ident{node.Name}
			case *ast.ValueSpec:
				declares = node.Names
			case *ast.Field:
				declares = node.Names
			}
			for _, name := range declares {
				names[name.Name] = true
			}
			return true
		})
	}
	return names
}

// goFiles returns the Go files of a folder of the module, either its tests or the others,
// and what they have.
func goFiles(t *testing.T, folder string, tests bool) (files []string, source string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range all {
		if strings.HasSuffix(file, "_test.go") != tests {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		text.Write(data)
	}
	return files, text.String()
}
