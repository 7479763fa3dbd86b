// Package source has the text of a document: the places in it, the problems found there, and
// what kin-openapi does not keep of it.
package source

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Place is an element of a document: what problems call it, and where it stands.
type Place struct {
	Name string
	At   openapi3.Location // zero: nothing is known
}

// PlaceOf returns the place of the element with this origin.
func PlaceOf(name string, origin *openapi3.Origin) Place {
	pl := Place{Name: name}
	if origin != nil && origin.Key != nil {
		pl.At = Location(*origin.Key)
	}
	return pl
}

// Field returns the place of a field of the element with this origin; the place itself if
// the origin does not tell it.
func (pl Place) Field(origin *openapi3.Origin, name string) Place {
	if origin == nil {
		return pl
	}
	if at, ok := origin.Fields.Lookup(name); ok {
		pl.At = Location(at)
	}
	return pl
}

// Location returns a location with the file as a path: in kin-openapi it is the path of a
// URL.
func Location(at openapi3.Location) openapi3.Location {
	if path, err := url.PathUnescape(at.File); err == nil {
		at.File = path
	}
	return at
}

// String returns the name alone.
func (pl Place) String() string { return pl.Name }

// prefix returns what stands before the text of a problem, in the form in which editors and
// terminals find a place: file:line:column.
func (pl Place) prefix() string {
	var b strings.Builder
	for _, part := range []string{pl.Position(), pl.Name} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String()
}

// Position returns the place alone; the file if the line is not known.
func (pl Place) Position() string {
	if pl.At.Line == 0 {
		return pl.At.File
	}
	return fmt.Sprintf("%s:%d:%d", pl.At.File, pl.At.Line, max(pl.At.Column, 1))
}

// Compare orders places as they stand in the document.
func (pl Place) Compare(other Place) int {
	return cmp.Or(
		cmp.Compare(pl.At.File, other.At.File),
		cmp.Compare(pl.At.Line, other.At.Line),
		cmp.Compare(pl.At.Column, other.At.Column),
	)
}
