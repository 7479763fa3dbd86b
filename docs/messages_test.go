package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Each message that the server, its logs on NATS and in PostgreSQL, and the command log is in
// observability.md.
func TestLogMessages(t *testing.T) {
	page, err := os.ReadFile("observability.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, folder := range []string{"../server", "../server/internal/ingest", "../eventlog/natslog", "../eventlog/natslog/internal/embedded", "../eventlog/pglog", "../cmd/mixstream"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, message := range messages(t, file) {
				found++
				written, _, _ := strings.Cut(message, ":")
				if strings.HasPrefix(message, "natslog:") || strings.HasPrefix(message, "pglog:") {
					written = message
				}
				if !strings.Contains(string(page), "`"+written) {
					t.Errorf("%s logs %q", file, message)
				}
			}
		}
	}
	if found < 15 {
		t.Errorf("found %d messages only", found)
	}
}

// messages returns the constant messages that a file logs.
func messages(t *testing.T, file string) (messages []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	methods := []string{"Debug", "Info", "Warn", "Error", "DebugContext", "InfoContext", "WarnContext", "ErrorContext", "Log", "LogAttrs", "log"}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(methods, method.Sel.Name) {
			return true
		}
		for _, arg := range call.Args {
			if text, ok := arg.(*ast.BasicLit); ok && text.Kind == token.STRING {
				message, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				messages = append(messages, message)
				break
			}
		}
		return true
	})
	return messages
}
