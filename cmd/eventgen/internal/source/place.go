// Package source represents the text of a document: places in it, problems found there, and
// details that kin-openapi does not keep.
package source

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Place is an element of a document: its name in problems, and its location.
type Place struct {
	Name string
	At   openapi3.Location // zero: unknown
}

// PlaceOf returns the place of the element with this origin.
func PlaceOf(name string, origin *openapi3.Origin) Place {
	pl := Place{Name: name}
	if origin != nil && origin.Key != nil {
		pl.At = Location(*origin.Key)
	}
	return pl
}

// Field returns the place of a field of the element with this origin; pl itself if the origin
// does not know the field.
func (pl Place) Field(origin *openapi3.Origin, name string) Place {
	if origin == nil {
		return pl
	}
	if at, ok := origin.Fields.Lookup(name); ok {
		pl.At = Location(at)
	}
	return pl
}

// Location returns a location with the file as a path. kin-openapi has the path of a URL.
func Location(at openapi3.Location) openapi3.Location {
	if path, err := url.PathUnescape(at.File); err == nil {
		at.File = path
	}
	return at
}

// String returns the name alone.
func (pl Place) String() string { return pl.Name }

// prefix returns the text before a problem, in the form file:line:column, which editors and
// terminals recognize.
func (pl Place) prefix() string {
	var b strings.Builder
	for _, part := range []string{pl.Position(), pl.Name} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String()
}

// Position returns the location alone; only the file if the line is unknown.
func (pl Place) Position() string {
	if pl.At.Line == 0 {
		return pl.At.File
	}
	return fmt.Sprintf("%s:%d:%d", pl.At.File, pl.At.Line, max(pl.At.Column, 1))
}

// Compare orders places by their position in the document.
func (pl Place) Compare(other Place) int {
	return cmp.Or(
		cmp.Compare(pl.At.File, other.At.File),
		cmp.Compare(pl.At.Line, other.At.Line),
		cmp.Compare(pl.At.Column, other.At.Column),
	)
}
