package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// addLoadError records why a document cannot be loaded, with the places: the loader stops at
// the first reference that leads nowhere, and knows no columns.
func (p *problems) addLoadError(spec string, err error) {
	refs := &references{roots: map[string]*yaml.Node{}, p: p}
	refs.check(spec)
	if len(p.errs) > 0 {
		return
	}
	found := false
	text := err.Error()
	for _, match := range lineInError.FindAllStringSubmatch(text, -1) {
		found = true
		line, _ := strconv.Atoi(match[1])
		pl := place{at: openapi3.Location{File: spec, Line: line, Column: firstColumn(spec, line)}}
		message, pointer, _ := strings.Cut(match[2], " in /")
		if key, _ := atPointer(refs.root(spec), pointer); key != nil {
			pl.at.Line, pl.at.Column = key.Line, key.Column
		}
		p.add(pl, "%s", wrongType(strings.TrimRight(message, "; ")))
	}
	if !found {
		p.add(place{at: openapi3.Location{File: spec}}, "%s", strings.TrimPrefix(text, "failed to load OpenAPI specification: "))
	}
}

// checkKeys refuses a mapping with two members of one name, of which the loader takes one.
func (p *problems) checkKeys(spec string, root *yaml.Node) {
	eachNode(root, func(n *yaml.Node) bool {
		if n.Kind != yaml.MappingNode {
			return true
		}
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if other := seen[key.Value]; other != nil && key.Tag != "!!merge" {
				at := openapi3.Location{File: spec, Line: key.Line, Column: key.Column}
				p.add(place{at: at}, "the key %q stands twice, in line %d as well", key.Value, other.Line)
			}
			seen[key.Value] = key
		}
		return true
	})
}

// wrongType says in the words of the specification what a decoder says in those of Go.
func wrongType(message string) string {
	match := typeInError.FindStringSubmatch(message)
	if match == nil {
		return message
	}
	want, ok := map[string]string{
		"[]string": "an array of strings", "float64": "a number", "uint64": "an integer of at least 0", "int": "an integer", "bool": "true or false", "string": "a string",
	}[match[2]]
	if !ok {
		want = "an object"
	}
	return fmt.Sprintf("%s is here, and must be %s", match[1], want)
}

var typeInError = regexp.MustCompile("^cannot construct !!\\w+ `(.*)` into (.*)$")

var lineInError = regexp.MustCompile(`line (\d+): (.*?)(?:; |$|\n)`)

// checkSource refuses what is no OpenAPI document of a version that is known, and what the
// loader would pass over.
func (p *problems) checkSource(spec string, doc *openapi3.T) {
	root := readNodes(spec)
	p.checkKeys(spec, root)
	for _, name := range sortedKeys(doc.Components.Schemas) {
		if ref := doc.Components.Schemas[name]; ref == nil || ref.Value == nil {
			key, _ := atPointer(root, "/components/schemas/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
			pl := place{name, openapi3.Location{File: spec}}
			if key != nil {
				pl.at.Line, pl.at.Column = key.Line, key.Column
			}
			p.add(pl, "it is empty, or its $ref leads back to itself")
		}
	}
	where := place{at: openapi3.Location{File: spec}}
	if key, _ := member(root, "openapi"); key != nil {
		where.at.Line, where.at.Column = key.Line, key.Column
	}
	switch {
	case doc.Extensions["swagger"] != nil:
		p.add(where, "it is a Swagger %v document, and must be OpenAPI 3.0, 3.1 or 3.2: convert it", doc.Extensions["swagger"])
	case doc.OpenAPI == "":
		p.add(where, `it is no OpenAPI document: it has no member "openapi"`)
	case !strings.HasPrefix(doc.OpenAPI, "3."):
		p.add(where, "its version is %s, and must be 3.0, 3.1 or 3.2", doc.OpenAPI)
	}
}

// firstColumn returns the column of the first character of a line that is no space.
func firstColumn(file string, line int) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 1
	}
	all := strings.Split(string(text), "\n")
	if line < 1 || line > len(all) {
		return 1
	}
	return 1 + len(all[line-1]) - len(strings.TrimLeft(all[line-1], " \t"))
}

// references looks for the references of a document that lead nowhere.
type references struct {
	roots map[string]*yaml.Node // by file; nil for one that is not here
	p     *problems
}

func (r *references) root(file string) *yaml.Node {
	root, ok := r.roots[file]
	if !ok {
		root = readNodes(file)
		r.roots[file] = root
	}
	return root
}

// check looks at every reference of a file, and of the files that it refers to.
func (r *references) check(file string) {
	root := r.root(file)
	eachNode(root, func(n *yaml.Node) bool {
		if key, value := member(n, "$ref"); key != nil && value.Kind == yaml.ScalarNode {
			r.follow(file, value)
		}
		return true
	})
}

// follow reports a reference that leads nowhere. One to another host is the loader's.
func (r *references) follow(file string, ref *yaml.Node) {
	where := place{"$ref " + ref.Value, openapi3.Location{File: file, Line: ref.Line, Column: ref.Column}}
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
			r.p.add(where, "there is no file %s", target)
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
	if _, found := atPointer(root, fragment); found != nil {
		return
	}
	parent, name := fragment[:strings.LastIndexByte(fragment, '/')], fragment[strings.LastIndexByte(fragment, '/')+1:]
	above := root
	if parent != "" {
		_, above = atPointer(root, parent)
	}
	hint := ""
	if other, ok := nearest(name, memberNames(above)); ok {
		hint = fmt.Sprintf("; %s#%s/%s is there", path, parent, other)
	}
	r.p.add(where, "it leads to nothing: %s has no %s%s", target, fragment, hint)
}
