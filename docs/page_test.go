// Package docs_test checks the README and the pages of this folder: their links resolve,
// their programs are built, and their commands are run.
package docs_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// A page is one file of markdown.
type page struct {
	path    string // from this folder
	source  []byte
	root    ast.Node
	anchors map[string]bool
	blocks  []block
}

// A block is one fenced block of code, with the comments right above it.
type block struct {
	page       string
	line       int
	language   string
	text       string
	directives []string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// directive returns what follows a word such as "from" in the block's directives.
func (b block) directive(word string) (rest string, ok bool) {
	for _, d := range b.directives {
		if rest, ok := strings.CutPrefix(d, word); ok {
			return strings.TrimLeft(rest, ": "), true
		}
	}
	return "", false
}

// pages reads the README and every page of this folder.
func pages(t *testing.T) []*page {
	t.Helper()
	paths := []string{"../README.md"}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []*page
	for _, path := range paths {
		all = append(all, readPage(t, path))
	}
	return all
}

func readPage(t *testing.T, path string) *page {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parsePage(t, path, source)
}

func parsePage(t *testing.T, path string, source []byte) *page {
	t.Helper()
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM))
	p := &page{path: path, source: source, anchors: map[string]bool{}}
	p.root = markdown.Parser().Parse(text.NewReader(source))
	p.walk(t, func(node ast.Node) {
		switch node := node.(type) {
		case *ast.Heading:
			p.addAnchor(p.plain(node))
		case *ast.FencedCodeBlock:
			p.blocks = append(p.blocks, p.newBlock(node))
		}
	})
	return p
}

// walk visits each node once, in the order of the page.
func (p *page) walk(t *testing.T, visit func(ast.Node)) {
	t.Helper()
	err := ast.Walk(p.root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(node)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *page) newBlock(node *ast.FencedCodeBlock) block {
	b := block{page: p.path, line: p.line(node), language: string(node.Language(p.source)), text: string(node.Lines().Value(p.source))}
	for above := node.PreviousSibling(); above != nil && above.Kind() == ast.KindHTMLBlock; above = above.PreviousSibling() {
		comment := strings.TrimSpace(string(above.Lines().Value(p.source)))
		comment = strings.TrimSuffix(strings.TrimPrefix(comment, "<!--"), "-->")
		b.directives = append(b.directives, strings.TrimSpace(comment))
	}
	return b
}

// line returns the line on which a node stands, or that of the block that has it.
func (p *page) line(node ast.Node) int {
	for ; node != nil; node = node.Parent() {
		if t, ok := node.(*ast.Text); ok {
			return 1 + bytes.Count(p.source[:t.Segment.Start], []byte("\n"))
		}
		if node.Type() != ast.TypeInline && node.Lines().Len() > 0 {
			return 1 + bytes.Count(p.source[:node.Lines().At(0).Start], []byte("\n"))
		}
	}
	return 1
}

// plain returns a node's text without its markup.
func (p *page) plain(node ast.Node) string {
	if t, ok := node.(*ast.Text); ok {
		return string(t.Segment.Value(p.source))
	}
	var s strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		s.WriteString(p.plain(child))
	}
	return s.String()
}

// addAnchor adds the anchor that GitHub gives to a heading.
func (p *page) addAnchor(heading string) {
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	anchor := slug
	for n := 1; p.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	p.anchors[anchor] = true
}
