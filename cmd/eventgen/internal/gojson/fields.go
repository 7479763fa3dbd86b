package gojson

import (
	"go/ast"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

// fields returns the fields of a struct that hold members of JSON, and the one in which
// oapi-codegen keeps the members without a field. It returns false for a struct that is left
// to encoding/json.
func (t *Types) fields(s *ast.StructType, pkg *oapi.Package) (all []*field, rest *field, ok bool) {
	members := map[string]bool{}
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 {
			return nil, nil, false // embedded fields have rules of their own
		}
		tag := jsonTag(f)
		name, options, _ := strings.Cut(tag, ",")
		if hasOption(options, "string") {
			return nil, nil, false
		}
		for _, n := range f.Names {
			of := &field{goName: n.Name, name: name, omitEmpty: hasOption(options, "omitempty"), omitZero: hasOption(options, "omitzero")}
			if !isTagName(name) {
				of.name = n.Name
			}
			switch {
			case !token.IsExported(n.Name):
				continue
			case tag == "-":
				if of.shape = t.of(f.Type, pkg); n.Name == "AdditionalProperties" && of.shape.kind == object && of.shape.name == "" {
					rest = of
				}
				continue
			case members[of.name]:
				return nil, nil, false
			}
			of.shape = t.of(f.Type, pkg)
			members[of.name] = true
			all = append(all, of)
		}
	}
	return all, rest, true
}

// jsonTag returns the value of the key json in the tag of a field.
func jsonTag(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return ""
	}
	return reflect.StructTag(tag).Get("json")
}

func hasOption(options, option string) bool {
	return slices.Contains(strings.Split(options, ","), option)
}

// isTagName reports whether encoding/json takes a name from a tag. Otherwise it takes the Go
// name of the field.
func isTagName(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != ""
}
