package stream

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Third-party extensions that describe the end of a stream.
const (
	sentinelExtension = "x-speakeasy-sse-sentinel" // of a media type: a text
	fernExtension     = "x-fern-streaming"         // of an operation: an object with a terminator
	terminalExtension = "x-ms-sse-terminal-event"  // of a member of a union: true; TypeSpec writes it
)

// endExtension is the member end of x-mixstream.
type endExtension struct {
	Data   *string  `json:"data"`   // a sentinel, which is not an event
	Events []string `json:"events"` // the events that end the stream
}

// sentinel is the data that ends a stream, according to one extension.
type sentinel struct {
	from  string // the name of the extension
	place source.Place
	data  string
}

// addSentinel records a sentinel, and reports one that is not a line of text.
func (s *Stream) addSentinel(from string, where source.Place, value any, p *source.Problems) {
	data, ok := value.(string)
	switch {
	case !ok:
		p.Add(where, "%s must be a string: the data that ends the stream", from)
	case data == "":
		p.Add(where, "%s is empty: set it to the data that ends the stream, or remove it", from)
	case strings.ContainsAny(data, "\r\n"):
		p.Add(where, "%s must be one line, not %q", from, data)
	default:
		s.sentinels = append(s.sentinels, sentinel{from, where, data})
	}
}

// readTerminal removes the sentinels from the alternatives of a stream's schema, and records
// the alternatives that end the stream. It returns the rest, and the schema that holds it.
func (s *Stream) readTerminal(schema *openapi3.SchemaRef, all []*branch, p *source.Problems) ([]*branch, *openapi3.SchemaRef) {
	var rest []*branch
	for i, b := range all {
		terminal, found := extensionOf(b.ref, terminalExtension)
		if !found {
			rest = append(rest, b)
			continue
		}
		where := b.marked(b.where(s.ID, i))
		isTerminal, ok := terminal.(bool)
		if !ok {
			p.Add(where, "%s must be true or false", terminalExtension)
		}
		if data, ok := b.sentinel(); ok && isTerminal {
			s.addSentinel(terminalExtension, where, data, p)
			s.addWrapper(schema)
			s.addWrapper(b.ref)
			continue
		}
		rest = append(rest, b)
		if isTerminal {
			s.terminal = append(s.terminal, b)
		}
	}
	s.isUnion = len(rest) > 1
	switch {
	case len(rest) == len(all):
		return all, schema
	case len(rest) == 0:
		p.Add(s.Where, "the stream has no event except the sentinel %q", s.sentinels[len(s.sentinels)-1].data)
		return all, schema
	case len(rest) == 1:
		schema = rest[0].ref
	}
	return rest, schema
}

// marked returns the place of the branch. If the branch was joined with the description beside
// its union, that is the place of the branch's own part.
func (b *branch) marked(where source.Place) source.Place {
	if n := len(b.ref.Value.AllOf); where.At.Line == 0 && n > 0 && b.ref.Value.AllOf[n-1].Value != nil {
		return source.PlaceOf(where.Name, b.ref.Value.AllOf[n-1].Value.Origin)
	}
	return where
}

// extensionOf returns an extension of a schema, or of the siblings of a reference to it.
func extensionOf(ref *openapi3.SchemaRef, name string) (value any, found bool) {
	if value, found = ref.Extensions[name]; found || ref.Value == nil {
		return value, found
	}
	jsonschema.EachOfAll(ref.Value, func(s *openapi3.Schema) {
		if v, ok := s.Extensions[name]; ok && !found {
			value, found = v, true
		}
		for _, member := range s.AllOf {
			if v, ok := member.Extensions[name]; ok && !found {
				value, found = v, true
			}
		}
	})
	return value, found
}

// sentinel returns the only text that the data of a branch can be. It returns false if the
// branch names an event, or if its data is not a single text.
func (b *branch) sentinel() (text string, ok bool) {
	refs := []*openapi3.SchemaRef{b.ref}
	if b.isEnvelope() {
		if _, bound := b.names(b.style().event); bound {
			return "", false
		}
		refs = b.object.Properties["data"]
	}
	values, bound := jsonschema.BoundTo(refs)
	if !bound || len(values) != 1 || !isText(refs) {
		return "", false
	}
	text, ok = values[0].(string)
	return text, ok
}

// isText reports whether all descriptions of data together describe text, not JSON.
func isText(refs []*openapi3.SchemaRef) bool {
	mediaType, isString := "", false
	for _, ref := range refs {
		isString = isString || slices.Equal(jsonschema.TypesOf(ref.Value), []string{openapi3.TypeString})
		jsonschema.EachOfAll(ref.Value, func(s *openapi3.Schema) {
			if s.ContentMediaType != "" {
				mediaType = s.ContentMediaType
			}
		})
	}
	return mediaType != "" && !isJSON(mediaType) || mediaType == "" && isString
}

// readEnd sets End from all descriptions of the stream's end.
func (s *Stream) readEnd(p *source.Problems) {
	words := s.Ext.End
	if words.Data != nil {
		s.addSentinel(ExtensionName+".end.data", s.extensionAt("end", "data"), *words.Data, p)
	}
	for _, content := range s.Contents {
		at := source.PlaceOf(s.ID, content.Origin).Field(content.Origin, sentinelExtension)
		s.readSentinel(at, content.Extensions, p)
	}
	if s.Operation.Responses != nil {
		responses := s.Operation.Responses.Map()
		for _, status := range slices.Sorted(maps.Keys(responses)) {
			if r := responses[status]; r.Value != nil && s.isOf(r.Value) {
				s.readSentinel(s.Where, r.Extensions, p)
				s.readSentinel(s.Where.Field(r.Value.Origin, sentinelExtension), r.Value.Extensions, p)
			}
		}
	}
	s.readSentinel(s.Where.Field(s.Operation.Origin, sentinelExtension), s.Operation.Extensions, p)
	if fern, ok := s.Operation.Extensions[fernExtension].(map[string]any); ok && fern["terminator"] != nil {
		s.addSentinel(fernExtension+".terminator", s.Where.Within(s.Operation.Origin, fernExtension, "terminator"), fern["terminator"], p)
	}
	for _, other := range s.sentinels {
		if first := s.sentinels[0]; other.data != first.data {
			p.Add(other.place, "%s is %q, but %s is %q: a stream has only one sentinel", other.from, other.data, first.from, first.data)
			break
		}
		s.End.Data = other.data
	}
	s.readConstants(p)
	for _, name := range words.Events {
		switch role, isControl := s.Ext.Control.roleOf(name); {
		case isControl:
			p.Add(s.extensionAt("end", "events"), "%s.end.events contains %q, which is %s.control.%s: only the server sends it", ExtensionName, name, ExtensionName, role)
		case !s.hasEvent(name):
			p.Add(s.extensionAt("end", "events"), "%s.end.events contains %q: the stream has no such event", ExtensionName, name)
		}
		s.endAfter(name)
	}
	s.readTerminalNames(p)
}

// readSentinel reads the sentinel extension of an element.
func (s *Stream) readSentinel(where source.Place, extensions map[string]any, p *source.Problems) {
	if value, ok := extensions[sentinelExtension]; ok {
		s.addSentinel(sentinelExtension, where, value, p)
	}
}

// isOf reports whether a response contains the stream.
func (s *Stream) isOf(r *openapi3.Response) bool {
	for _, content := range r.Content {
		if slices.Contains(s.Contents, content) {
			return true
		}
	}
	return false
}

// readTerminalNames adds the events that the schema marks.
func (s *Stream) readTerminalNames(p *source.Problems) {
	for _, b := range s.terminal {
		where := b.marked(source.PlaceOf(s.ID, b.ref.Value.Origin))
		names, bound := b.names(b.style().event)
		if s.NameIn != "" {
			names, bound = b.names(s.NameIn)
		}
		switch {
		case bound:
		case s.NameIn == "" && b.object.Properties[b.style().event] != nil && b.isEnvelope():
			p.Warn(where, "%s marks an event whose name is open: it is ignored, because a reader cannot tell the event from others", terminalExtension)
		default:
			names = []string{""}
		}
		for _, name := range names {
			switch {
			case !s.hasEvent(name) || s.isUnion && s.NameIn == "" && !b.isEnvelope():
				p.Add(where, "%s marks a schema that is not a separate event: no member of the data tells it from others", terminalExtension)
			case len(s.Ext.End.Events) > 0 && !s.End.After(name):
				p.Add(where, "%s marks the event %q, which is missing from %s.end.events", terminalExtension, name, ExtensionName)
			}
			s.endAfter(name)
		}
	}
}

// endAfter records that an event ends the stream.
func (s *Stream) endAfter(name string) {
	if !s.End.After(name) {
		s.End.Events = append(s.End.Events, name)
	}
}

// hasEvent reports whether the stream can have an event of this name. An empty name equals
// "message".
func (s *Stream) hasEvent(name string) bool {
	return slices.ContainsFunc(s.Events, func(e *Event) bool {
		return e.AnyName || slices.Contains(e.Names, name) ||
			name == "" && slices.Contains(e.Names, "message") || name == "message" && slices.Contains(e.Names, "")
	})
}

// roleOf returns the role of the control event of this name.
func (w ControlExtension) roleOf(name string) (role string, ok bool) {
	for _, c := range w.Roles() {
		if c.Event == name {
			return strings.ToLower(c.Role), true
		}
	}
	return "", false
}
