package gojson

// kind tells how a Go type is read and written.
type kind int

const (
	unread  kind = iota // its declaration is being read
	foreign             // by encoding/json
	text                // a string
	boolean
	integer
	unsigned
	float
	anything // an empty interface
	raw      // a json.RawMessage
	structure
	slice
	object // a map with string keys
	pointer
)

// shape is a Go type.
type shape struct {
	kind   kind
	text   string // the type as Go source
	name   string // the name of the type, if the package defines it; structs, slices and maps have functions then
	bits   string // of a number, as a Decoder takes them
	elem   *shape // of a slice, a map or a pointer
	fields []*field
	rest   *field // holds the members that have no field; nil if there is none

	marshals bool // oapi-codegen gives it a method MarshalJSON
	isZeroer bool // it has a method IsZero
	under    kind // what a foreign type consists of, if that is known
}

// field is a field of a struct.
type field struct {
	goName    string
	name      string // the member of the JSON
	omitEmpty bool
	omitZero  bool
	shape     *shape
	texts     texts
}

// field returns the field with a Go name; nil if there is none.
func (s *shape) field(goName string) *field {
	for _, f := range s.fields {
		if f.goName == goName {
			return f
		}
	}
	return nil
}

// hasFunction reports whether the type has functions of its own.
func (s *shape) hasFunction() bool {
	return s.name != "" && (s.kind == structure || s.kind == slice || s.kind == object)
}

// isScalar reports whether an expression without statements reads the type.
func (s *shape) isScalar() bool {
	switch s.kind {
	case text, boolean, integer, unsigned, float, anything:
		return true
	default:
		return false
	}
}
