package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// tree is a document as YAML nodes, with the files that it refers to.
type tree struct {
	t     *testing.T
	root  string // the path of the document
	files map[string]*yaml.Node
}

// yamlNode is a node of a tree, and the file that it is in.
type yamlNode struct {
	*yaml.Node
	file string
}

// newTree reads a document.
func newTree(t *testing.T, file string) *tree {
	t.Helper()
	tr := &tree{t: t, root: file, files: map[string]*yaml.Node{}}
	tr.open(file)
	return tr
}

func (tr *tree) open(file string) yamlNode {
	tr.t.Helper()
	if tr.files[file] == nil {
		text, err := os.ReadFile(file)
		if err != nil {
			tr.t.Fatal(err)
		}
		var root yaml.Node
		if err := yaml.Unmarshal(text, &root); err != nil {
			tr.t.Fatal(err)
		}
		tr.files[file] = &root
	}
	return yamlNode{tr.files[file].Content[0], file}
}

// write writes the tree into a copy of the document's folder, and returns the path of the
// document there.
func (tr *tree) write() string {
	tr.t.Helper()
	from, to := filepath.Dir(tr.root), tr.t.TempDir()
	for file := range tr.files {
		var b bytes.Buffer
		if err := yaml.NewEncoder(&b).Encode(tr.files[file]); err != nil {
			tr.t.Fatal(err)
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			tr.t.Fatal(err)
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tr.t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			tr.t.Fatal(err)
		}
	}
	return filepath.Join(to, filepath.Base(tr.root))
}

// get returns the value of a key of a mapping; an empty node if there is none.
func (n yamlNode) get(key string) yamlNode {
	if n.Node == nil || n.Kind != yaml.MappingNode {
		return yamlNode{}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return yamlNode{n.Content[i+1], n.file}
		}
	}
	return yamlNode{}
}

func (n yamlNode) is() bool { return n.Node != nil }

// keys returns the keys of a mapping.
func (n yamlNode) keys() []string {
	var all []string
	if n.Node != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			all = append(all, n.Content[i].Value)
		}
	}
	return all
}

// items returns the items of a sequence.
func (n yamlNode) items() []yamlNode {
	var all []yamlNode
	if n.Node != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			all = append(all, yamlNode{item, n.file})
		}
	}
	return all
}

// set sets a key of a mapping; a new key comes first.
func (n yamlNode) set(key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = slices.Insert(n.Content, 0, scalar(key), value)
}

// remove removes a key of a mapping.
func (n yamlNode) remove(key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// prepend adds an item to a sequence, before all others.
func (n yamlNode) prepend(item *yaml.Node) { n.Content = slices.Insert(n.Content, 0, item) }

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: yaml.DoubleQuotedStyle}
}

// parse returns the node of a text in YAML.
func (tr *tree) parse(text string) *yaml.Node {
	tr.t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		tr.t.Fatalf("%v:\n%s", err, text)
	}
	return root.Content[0]
}

// clone returns a copy of a node.
func (n yamlNode) clone() yamlNode {
	c := *n.Node
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, yamlNode{child, n.file}.clone().Node)
	}
	return yamlNode{&c, n.file}
}

// target returns the target of a reference, and the mapping that contains it under the last
// word of the reference; empty nodes if n is no reference.
func (tr *tree) target(n yamlNode) (target, parent yamlNode) {
	tr.t.Helper()
	ref := n.get("$ref")
	if !ref.is() {
		return yamlNode{}, yamlNode{}
	}
	file, pointer, _ := strings.Cut(ref.Value, "#")
	path := n.file
	if file != "" {
		path = filepath.Join(filepath.Dir(n.file), file)
	}
	target = tr.open(path)
	for word := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if word != "" {
			parent = target
			target = target.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(word))
		}
	}
	if !target.is() {
		tr.t.Fatalf("%s: nothing at %s", n.file, ref.Value)
	}
	return target, parent
}
