package docs_test

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
)

// TestLinks follows every link to a file and to a heading. Those to the web must only
// be well formed: a test must not depend on what others serve.
func TestLinks(t *testing.T) {
	for _, p := range pages(t) {
		p.walk(t, func(node ast.Node) {
			var link string
			switch node := node.(type) {
			case *ast.Link:
				link = string(node.Destination)
			case *ast.Image:
				link = string(node.Destination)
			case *ast.AutoLink:
				link = string(node.URL(p.source))
			case *ast.RawHTML:
				t.Errorf("%s:%d: HTML; write markdown, whose links are checked", p.path, p.line(node))
			case *ast.HTMLBlock:
				if !strings.HasPrefix(strings.TrimSpace(string(node.Lines().Value(p.source))), "<!--") {
					t.Errorf("%s:%d: HTML; write markdown, whose links are checked", p.path, p.line(node))
				}
			default:
				return
			}
			if problem := p.follow(t, link); problem != "" {
				t.Errorf("%s:%d: the link to %q: %s", p.path, p.line(node), link, problem)
			}
		})
	}
}

// follow says what is wrong with a link, if anything.
func (p *page) follow(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "https" && u.Host != "", u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"):
		return ""
	case u.Scheme != "" || u.Host != "":
		return "neither a file nor https"
	}
	target := p
	if u.Path != "" {
		path := filepath.Join(filepath.Dir(p.path), u.Path)
		if _, err := os.Stat(path); err != nil {
			return err.Error()
		}
		if u.Fragment == "" || filepath.Ext(path) != ".md" {
			return ""
		}
		target = readPage(t, path)
	}
	if u.Fragment != "" && !target.anchors[u.Fragment] {
		return "there is no such heading"
	}
	return ""
}

// TestLinkProblems has a link of each kind that does not resolve.
func TestLinkProblems(t *testing.T) {
	p := parsePage(t, "links.md", []byte("# Idle streams for `2 KB`!\n\n## Twice\n\n## Twice\n"))
	for _, link := range []string{"#idle-streams-for-2-kb", "#twice", "#twice-1", "../README.md#a-server", "../go.mod", "https://example.com/x#y", "http://127.0.0.1:8080/"} {
		if problem := p.follow(t, link); problem != "" {
			t.Errorf("%s: %s", link, problem)
		}
	}
	for _, link := range []string{"#twice-2", "nowhere.md", "../README.md#nowhere", "http://example.com", "//example.com", "https:///x", "%zz"} {
		if problem := p.follow(t, link); problem == "" {
			t.Errorf("%s resolves", link)
		}
	}
}

// TestIndex expects every page in the list of pages.
func TestIndex(t *testing.T) {
	listed := make(map[string]bool)
	index := readPage(t, "README.md")
	index.walk(t, func(node ast.Node) {
		if link, ok := node.(*ast.Link); ok {
			listed[string(link.Destination)] = true
		}
	})
	for _, p := range pages(t) {
		if p.path != index.path && !listed[p.path] {
			t.Errorf("docs/README.md does not list %s", p.path)
		}
	}
}

// TestReadmeIsShort keeps the README to what is read in one go.
func TestReadmeIsShort(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(readme, []byte("\n")); n >= 200 {
		t.Errorf("the README has %d lines", n)
	}
}
