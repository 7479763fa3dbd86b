package source

import (
	"os"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// ReadFile parses a file, for details that kin-openapi does not keep. JSON is YAML as well. It
// returns nil if it cannot read or parse the file.
func ReadFile(file string) *yaml.Node {
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

// EachNode calls f for a node and all nodes in it, until f returns false.
func EachNode(n *yaml.Node, f func(*yaml.Node) bool) bool {
	if n == nil || n.Kind == yaml.AliasNode {
		return true // its target occurs elsewhere in the document
	}
	if !f(n) {
		return false
	}
	for _, child := range n.Content {
		if !EachNode(child, f) {
			return false
		}
	}
	return true
}

// Member returns the key and the value of a member of a mapping; nil if there is none.
func Member(n *yaml.Node, name string) (key, value *yaml.Node) {
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

// MemberNames returns the names of the members of a mapping.
func MemberNames(n *yaml.Node) (names []string) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		names = append(names, n.Content[i].Value)
	}
	return names
}

// AtPointer returns the node at a JSON pointer (RFC 6901) and its key; nil if there is none.
func AtPointer(n *yaml.Node, pointer string) (key, value *yaml.Node) {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = Unescape.Replace(token)
		if i, err := strconv.Atoi(token); err == nil && n != nil && n.Kind == yaml.SequenceNode {
			if i < 0 || i >= len(n.Content) {
				return nil, nil
			}
			key, n = n.Content[i], n.Content[i]
			continue
		}
		if key, n = Member(n, token); n == nil {
			return nil, nil
		}
	}
	return key, n
}

// Within returns the place of the element at a path below a field of a document, or of its
// nearest existing ancestor.
func (pl Place) Within(origin *openapi3.Origin, field string, path ...string) Place {
	pl = pl.Field(origin, field)
	if len(path) == 0 || pl.At.Line == 0 {
		return pl
	}
	EachNode(ReadFile(pl.At.File), func(n *yaml.Node) bool {
		key, value := Member(n, field)
		if key == nil || key.Line != pl.At.Line || key.Column != pl.At.Column {
			return true
		}
		for _, name := range path {
			if key, value = Member(value, name); key == nil {
				break
			}
			pl.At.Line, pl.At.Column = key.Line, key.Column
		}
		return false
	})
	return pl
}

// Entry returns the value of a key of a mapping; nil if there is none. It also searches the
// mappings that are merged into it (YAML 1.1, the merge key).
func Entry(mapping *yaml.Node, name string) *yaml.Node {
	mapping = AliasTarget(mapping)
	if _, value := Member(mapping, name); value != nil {
		return value
	}
	_, merged := Member(mapping, "<<")
	merged = AliasTarget(merged)
	if merged == nil {
		return nil
	}
	if merged.Kind == yaml.MappingNode {
		return Entry(merged, name)
	}
	for _, one := range merged.Content {
		if value := Entry(one, name); value != nil {
			return value
		}
	}
	return nil
}

// AliasTarget returns the node that an alias refers to.
func AliasTarget(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// Unescape decodes a token of a JSON pointer, and Escape encodes one (RFC 6901, section 3).
var (
	Unescape = strings.NewReplacer("~1", "/", "~0", "~")
	Escape   = strings.NewReplacer("~", "~0", "/", "~1")
)
