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

// checkMemberNames refuses members of the data that a Go struct cannot have: encoding/json
// would read and write them under another name, or not at all.
func checkMemberNames(s *stream.Stream, p *source.Problems) {
	for at := range s.Schemas() {
		for _, name := range slices.Sorted(maps.Keys(at.Schema.Properties)) {
			where := source.PlaceOf(at.Name, at.Schema.Origin).Field(at.Schema.Origin, "properties")
			switch ref := at.Schema.Properties[name]; {
			case !isTag(name):
				p.Add(where, "the property %q has a name that a field of a Go struct cannot have in JSON: rename the property", name)
			case !oapi.HasGoName(name) && !token.IsIdentifier(oapi.SpellNoCase(name)) && ref.Extensions[jsonschema.GoNameExtension] == nil && (ref.Value == nil || ref.Value.Extensions[jsonschema.GoNameExtension] == nil):
				p.Add(where, "the property %q has a name that makes no Go name: give it one with x-go-name", name)
			}
		}
	}
}

// isTag reports whether encoding/json takes a name from the tag of a field: letters, digits,
// and the punctuation that it lists. The tag "-" leaves the field out.
func isTag(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != "" && name != "-"
}
