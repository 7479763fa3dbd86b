package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// readNodes parses a file for what kin-openapi does not keep of it. JSON is YAML as well.
// It returns nil if the file is not here or does not parse.
func readNodes(file string) *yaml.Node {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 {
		return nil
	}
	return root.Content[0]
}

// eachNode calls f for a node and all nodes in it, until f returns false.
func eachNode(n *yaml.Node, f func(*yaml.Node) bool) bool {
	if n == nil || n.Kind == yaml.AliasNode {
		return true // its target stands elsewhere in the document
	}
	if !f(n) {
		return false
	}
	for _, child := range n.Content {
		if !eachNode(child, f) {
			return false
		}
	}
	return true
}

// member returns the key and the value of a member of a mapping; nil if it has none.
func member(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// memberNames returns the names of the members of a mapping.
func memberNames(n *yaml.Node) (names []string) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		names = append(names, n.Content[i].Value)
	}
	return names
}

// atPointer returns the node at a JSON pointer (RFC 6901) and the key above it; nil if there
// is none.
func atPointer(n *yaml.Node, pointer string) (key, value *yaml.Node) {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = unescape.Replace(token)
		if i, err := strconv.Atoi(token); err == nil && n != nil && n.Kind == yaml.SequenceNode {
			if i < 0 || i >= len(n.Content) {
				return nil, nil
			}
			key, n = n.Content[i], n.Content[i]
			continue
		}
		if key, n = member(n, token); n == nil {
			return nil, nil
		}
	}
	return key, n
}

// within returns the place of what stands at a path below a field of a document, or of the
// nearest above it.
func (pl place) within(origin *openapi3.Origin, field string, path ...string) place {
	pl = pl.field(origin, field)
	if len(path) == 0 || pl.at.Line == 0 {
		return pl
	}
	eachNode(readNodes(pl.at.File), func(n *yaml.Node) bool {
		key, value := member(n, field)
		if key == nil || key.Line != pl.at.Line || key.Column != pl.at.Column {
			return true
		}
		for _, name := range path {
			if key, value = member(value, name); key == nil {
				break
			}
			pl.at.Line, pl.at.Column = key.Line, key.Column
		}
		return false
	})
	return pl
}

// entry returns the value of a key of a mapping, or of a mapping that is merged into it
// (YAML 1.1, the merge key); nil if there is none.
func entry(mapping *yaml.Node, name string) *yaml.Node {
	mapping = target(mapping)
	if _, value := member(mapping, name); value != nil {
		return value
	}
	_, merged := member(mapping, "<<")
	merged = target(merged)
	if merged == nil {
		return nil
	}
	if merged.Kind == yaml.MappingNode {
		return entry(merged, name)
	}
	for _, one := range merged.Content {
		if value := entry(one, name); value != nil {
			return value
		}
	}
	return nil
}

// target returns the node that an alias stands for.
func target(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// unescape decodes a token of a JSON pointer, and escape encodes one (RFC 6901, section 3).
var (
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
)
