package generator

import (
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// checkMemberNames reports members of the data whose names a Go struct cannot represent:
// encoding/json would use another name or ignore them.
func checkMemberNames(s *stream.Stream, p *source.Problems) {
	for at := range s.Schemas() {
		for _, name := range slices.Sorted(maps.Keys(at.Schema.Properties)) {
			where := source.PlaceOf(at.Name, at.Schema.Origin).Field(at.Schema.Origin, "properties")
			switch ref := at.Schema.Properties[name]; {
			case !isTag(name):
				p.Add(where, "the property %q has a name that the JSON tag of a Go field cannot hold: rename the property", name)
			case !oapi.HasGoName(name) && !token.IsIdentifier(oapi.SpellNoCase(name)) && ref.Extensions[jsonschema.GoNameExtension] == nil && (ref.Value == nil || ref.Value.Extensions[jsonschema.GoNameExtension] == nil):
				p.Add(where, "the property %q has a name that yields no Go name: give it one with x-go-name", name)
			}
		}
	}
}

// isTag reports whether encoding/json accepts a name in the tag of a field. It accepts
// letters, digits and the punctuation listed here. The tag "-" omits the field.
func isTag(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != "" && name != "-"
}
