package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// place is an element of a document: what problems call it, and where it stands.
type place struct {
	name string
	at   openapi3.Location // zero: nothing is known
}

// placeOf returns the place of the element with this origin.
func placeOf(name string, origin *openapi3.Origin) place {
	pl := place{name: name}
	if origin != nil && origin.Key != nil {
		pl.at = located(*origin.Key)
	}
	return pl
}

// field returns the place of a field of the element with this origin; the place itself if
// the origin does not tell it.
func (pl place) field(origin *openapi3.Origin, name string) place {
	if origin == nil {
		return pl
	}
	if at, ok := origin.Fields.Lookup(name); ok {
		pl.at = located(at)
	}
	return pl
}

// located returns a location with the file as a path: in kin-openapi it is the path of a
// URL.
func located(at openapi3.Location) openapi3.Location {
	if path, err := url.PathUnescape(at.File); err == nil {
		at.File = path
	}
	return at
}

// String returns the name alone.
func (pl place) String() string { return pl.name }

// prefix returns what stands before the text of a problem, in the form in which editors and
// terminals find a place: file:line:column.
func (pl place) prefix() string {
	var b strings.Builder
	for _, part := range []string{pl.position(), pl.name} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String()
}

// position returns the place alone; the file if the line is not known.
func (pl place) position() string {
	if pl.at.Line == 0 {
		return pl.at.File
	}
	return fmt.Sprintf("%s:%d:%d", pl.at.File, pl.at.Line, max(pl.at.Column, 1))
}

// compare orders places as they stand in the document.
func (pl place) compare(other place) int {
	return cmp.Or(
		cmp.Compare(pl.at.File, other.at.File),
		cmp.Compare(pl.at.Line, other.at.Line),
		cmp.Compare(pl.at.Column, other.at.Column),
	)
}
