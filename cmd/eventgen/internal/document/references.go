package document

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// references searches a document for broken references.
type references struct {
	roots map[string]*yaml.Node // by file; nil for a file that cannot be read
	p     *source.Problems
}

func (r *references) root(file string) *yaml.Node {
	root, ok := r.roots[file]
	if !ok {
		root = source.ReadFile(file)
		r.roots[file] = root
	}
	return root
}

// check checks every reference of a file, and of the files that it refers to.
func (r *references) check(file string) {
	root := r.root(file)
	source.EachNode(root, func(n *yaml.Node) bool {
		if key, value := source.Member(n, "$ref"); key != nil && value.Kind == yaml.ScalarNode {
			r.follow(file, value)
		}
		return true
	})
}

// follow reports a reference whose target does not exist. It leaves references to other hosts
// to the loader.
func (r *references) follow(file string, ref *yaml.Node) {
	where := source.Place{Name: "$ref " + ref.Value, At: openapi3.Location{File: file, Line: ref.Line, Column: ref.Column}}
	path, fragment, _ := strings.Cut(ref.Value, "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	target := file
	if path != "" {
		if strings.Contains(path, "://") {
			return
		}
		target = filepath.Join(filepath.Dir(file), filepath.FromSlash(path))
		if _, err := os.Stat(target); err != nil {
			r.p.Add(where, "the file %s does not exist", target)
			return
		}
		if _, seen := r.roots[target]; !seen {
			r.root(target)
			r.check(target)
		}
	}
	root := r.root(target)
	if root == nil || fragment == "" {
		return
	}
	if !strings.HasPrefix(fragment, "/") {
		return // an anchor
	}
	if _, found := source.AtPointer(root, fragment); found != nil {
		return
	}
	parent, name := fragment[:strings.LastIndexByte(fragment, '/')], fragment[strings.LastIndexByte(fragment, '/')+1:]
	above := root
	if parent != "" {
		_, above = source.AtPointer(root, parent)
	}
	hint := ""
	if other, ok := source.Nearest(name, source.MemberNames(above)); ok {
		hint = fmt.Sprintf("; did you mean %s#%s/%s?", path, parent, other)
	}
	r.p.Add(where, "the target does not exist: %s has no %s%s", target, fragment, hint)
}
