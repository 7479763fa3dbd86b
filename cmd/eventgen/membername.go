package main

import (
	"go/token"
	"strings"
	"unicode"
)

// checkMemberNames refuses members of the data that a Go struct cannot have: encoding/json
// would read and write them under another name, or not at all.
func checkMemberNames(s *stream, p *problems) {
	for at := range s.schemas() {
		for _, name := range sortedKeys(at.schema.Properties) {
			where := placeOf(at.name, at.schema.Origin).field(at.schema.Origin, "properties")
			switch ref := at.schema.Properties[name]; {
			case !isTag(name):
				p.add(where, "the property %q has a name that a field of a Go struct cannot have in JSON: rename the property", name)
			case !hasGoName(name) && !token.IsIdentifier(spellNoCase(name)) && ref.Extensions[goNameExtension] == nil && (ref.Value == nil || ref.Value.Extensions[goNameExtension] == nil):
				p.add(where, "the property %q has a name that makes no Go name: give it one with x-go-name", name)
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
