package document

import (
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/contract/jsonschema"
)

// Numbers finds the numbers of a document as the document writes them. kin-openapi reads them
// as float64, which cannot distinguish 9007199254740993 from 9007199254740992.
//
// Numbers trusts no position: an overlay or an edit moves text. A number that it finds
// therefore counts only if its float64 is the one that kin-openapi read.
type Numbers struct {
	files map[string]map[position]*yaml.Node // the mappings of a file by the positions of their keys
}

type position struct{ line, column int }

// Bound returns the text of a numeric keyword, and whether it is the document's own text.
func (x *Numbers) Bound(s *openapi3.Schema, keyword string, is float64) (text string, found bool) {
	if node := x.value(s.Origin, keyword); node != nil {
		if text, found = exactly(node.Value, is); found {
			return text, true
		}
	}
	return Shortest(is), false
}

// Values returns the values of an enum or a const, and whether their numbers are the
// document's own. A number that a float64 cannot hold becomes a json.Number, which
// oapi-codegen prints unchanged.
func (x *Numbers) Values(s *openapi3.Schema, keyword string, is any) (values any, found bool) {
	if !hasInexact(is) {
		return is, true
	}
	return restored(x.value(s.Origin, keyword), is)
}

// hasInexact reports whether a value contains numbers that the document may write with more
// digits.
func hasInexact(value any) bool {
	switch value := value.(type) {
	case float64:
		return value != math.Trunc(value) || math.Abs(value) >= 1<<53
	case string:
		return jsonNumber.MatchString(value)
	case []any:
		for _, item := range value {
			if hasInexact(item) {
				return true
			}
		}
	case map[string]any:
		for _, member := range value {
			if hasInexact(member) {
				return true
			}
		}
	}
	return false
}

// restored returns a value with the numbers of its node, and whether it found all those that a
// float64 cannot hold.
func restored(node *yaml.Node, is any) (value any, found bool) {
	node = source.AliasTarget(node)
	if node == nil {
		node = &yaml.Node{}
	}
	switch is := is.(type) {
	case float64:
		text, ok := exactly(node.Value, is)
		if ok && jsonschema.Number(text).Compare(jsonschema.Number(Shortest(is))) != 0 {
			return json.Number(text), true
		}
		return is, ok || math.Abs(is) < 1<<53
	case string:
		// A number outside the range of float64 is read as a string.
		if node.Kind == yaml.ScalarNode && node.Style == 0 && jsonNumber.MatchString(is) && node.Value == is {
			return json.Number(is), true
		}
	case []any:
		items, all := slices.Clone(is), true
		for i, item := range is {
			var of *yaml.Node
			if node.Kind == yaml.SequenceNode && len(node.Content) == len(is) {
				of = node.Content[i]
			}
			items[i], found = restored(of, item)
			all = all && found
		}
		return items, all
	case map[string]any:
		members, all := maps.Clone(is), true
		for name, member := range is {
			members[name], found = restored(source.Entry(node, name), member)
			all = all && found
		}
		return members, all
	}
	return is, true
}

// value returns the node of a keyword of the schema with this origin; nil if it is not found.
func (x *Numbers) value(origin *openapi3.Origin, keyword string) *yaml.Node {
	if origin == nil {
		return nil
	}
	for _, field := range origin.Fields {
		at := source.Location(field)
		mapping := x.file(at.File)[position{at.Line, at.Column}]
		if key, _ := source.Member(mapping, at.Name); key != nil {
			return source.AliasTarget(source.Entry(mapping, keyword))
		}
	}
	return nil
}

// file returns the mappings of a file, which it reads once. It returns none for a file that it
// cannot read.
func (x *Numbers) file(path string) map[position]*yaml.Node {
	if mappings, ok := x.files[path]; ok {
		return mappings
	}
	mappings := map[position]*yaml.Node{}
	source.EachNode(source.ReadFile(path), func(n *yaml.Node) bool {
		if n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				mappings[position{n.Content[i].Line, n.Content[i].Column}] = n
			}
		}
		return true
	})
	if x.files == nil {
		x.files = map[string]map[position]*yaml.Node{}
	}
	x.files[path] = mappings
	return mappings
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)
	yamlNumber = regexp.MustCompile(`^(\d*)(?:\.(\d*))?([eE][+-]?\d+)?$`)
)

// exactly returns a YAML number as JSON writes it, if its float64 is the given one.
func exactly(text string, is float64) (string, bool) {
	// YAML 1.1 allows underscores between digits.
	digits, negative := strings.CutPrefix(strings.ReplaceAll(strings.TrimPrefix(text, "+"), "_", ""), "-")
	if i, ok := new(big.Int).SetString(digits, 0); ok { // also 0x1f, 0o17, 017 and 0b11
		digits = i.String()
	} else {
		digits = yamlNumber.ReplaceAllStringFunc(digits, asJSON)
	}
	if negative {
		digits = "-" + digits
	}
	f, err := strconv.ParseFloat(digits, 64)
	return digits, err == nil && f == is && jsonNumber.MatchString(digits)
}

// asJSON converts a decimal number of YAML to JSON, which rejects .5 and 5. for example.
func asJSON(number string) string {
	parts := yamlNumber.FindStringSubmatch(number)
	whole := strings.TrimLeft(parts[1], "0")
	if whole == "" {
		whole = "0"
	}
	if parts[2] != "" {
		whole += "." + parts[2]
	}
	return whole + parts[3]
}

// Shortest returns the shortest JSON number that is read as f.
func Shortest(f float64) string {
	if size := math.Abs(f); size == 0 || 1e-6 <= size && size < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// Restore replaces rounded numbers in the enums and consts of a document by the original ones.
func (x *Numbers) Restore(doc *openapi3.T) {
	EachSchema(doc, func(s *openapi3.Schema) {
		if values, _ := x.Values(s, "enum", s.Enum); values != nil {
			s.Enum, _ = values.([]any)
		}
		s.Const, _ = x.Values(s, "const", s.Const)
	})
}
