package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

const (
	// ExtensionName is the extension of an operation for properties that OpenAPI cannot
	// express.
	ExtensionName = "x-mixstream"
	// oldExtension is the predecessor of ExtensionName.
	oldExtension = "x-go-event-prefix"
)

// Extension is the content of x-mixstream.
type Extension struct {
	Session   *string          `json:"session"`   // the parameter that names the session
	Namespace *string          `json:"namespace"` // the namespace of the sessions in the log
	Position  string           `json:"position"`  // the query parameter that carries the last event id
	Interface string           `json:"interface"` // the Go name of the interface of the events
	Types     string           `json:"types"`     // "data": an event has the Go type of its data schema
	Control   ControlExtension `json:"control"`
	End       endExtension     `json:"end"`
	Resume    *resumeExtension `json:"resume"`
}

// ControlExtension names the events that the server itself sends.
type ControlExtension struct {
	Connected *ControlEvent `json:"connected"`
	Heartbeat *ControlEvent `json:"heartbeat"`
	Gap       *ControlEvent `json:"gap"`
	Created   *ControlEvent `json:"created"`
	Deleted   *ControlEvent `json:"deleted"`
}

// ControlEvent names an event and the meaning of the members of its data.
type ControlEvent struct {
	Event   string            `json:"event"`
	Set     map[string]string `json:"set"`
	Session string            `json:"session"`
	Message string            `json:"message"`
	Title   string            `json:"title"`
	Time    string            `json:"time"`
}

// readExtension reads x-mixstream of an operation.
func readExtension(op *openapi3.Operation, where source.Place, p *source.Problems) (ext Extension) {
	if op.Extensions[oldExtension] != nil {
		p.Add(where.Field(op.Origin, oldExtension), "%s is no longer supported: use %s: {interface: NAME}", oldExtension, ExtensionName)
	}
	value, ok := op.Extensions[ExtensionName]
	if !ok {
		return ext
	}
	at := func(path ...string) source.Place { return where.Within(op.Origin, ExtensionName, path...) }
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &ext)
	}
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		path := strings.FieldsFunc(wrong.Field, func(r rune) bool { return r == '.' })
		p.Add(at(path...), "%s must be %s, not %s", strings.Join(append([]string{ExtensionName}, path...), "."), jsonKind(wrong.Type), wrong.Value)
		return Extension{}
	} else if err != nil {
		p.Add(at(), "%s: %v", ExtensionName, err)
		return Extension{}
	}
	checkMembers(value, reflect.TypeFor[Extension](), nil, at, p)
	if ext.Interface != "" && (!token.IsIdentifier(ext.Interface) || !token.IsExported(ext.Interface)) {
		p.Add(at("interface"), "%s.interface must be an exported Go identifier, not %q", ExtensionName, ext.Interface)
	}
	if ext.Types != "" && ext.Types != "data" {
		p.Add(at("types"), `%s.types must be "data" or absent, not %q`, ExtensionName, ext.Types)
	}
	return ext
}

// checkMembers reports the members of an object that its Go type lacks.
func checkMembers(value any, t reflect.Type, path []string, at func(path ...string) source.Place, p *source.Problems) {
	object, ok := value.(map[string]any)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !ok || t.Kind() != reflect.Struct {
		return
	}
	types := map[string]reflect.Type{}
	for i := range t.NumField() {
		types[t.Field(i).Tag.Get("json")] = t.Field(i).Type
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inner := slices.Concat(path, []string{name})
		if types[name] != nil {
			checkMembers(object[name], types[name], inner, at, p)
			continue
		}
		hint := "its members are " + strings.Join(slices.Sorted(maps.Keys(types)), ", ")
		if meant, ok := source.Nearest(name, slices.Sorted(maps.Keys(types))); ok {
			hint = "did you mean " + meant + "?"
		}
		p.Add(at(inner...), "%s has no member %q: %s", strings.Join(append([]string{ExtensionName}, path...), "."), name, hint)
	}
}

// jsonKind returns the JSON name of a Go type's values, with an article.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

// Namespace returns the namespace of the sessions in the log.
func (s *Stream) Namespace() string {
	if s.Ext.Namespace != nil {
		return *s.Ext.Namespace
	}
	return s.ID
}

// extensionAt returns the place of a member of x-mixstream.
func (s *Stream) extensionAt(path ...string) source.Place {
	return s.Where.Within(s.Operation.Origin, ExtensionName, path...)
}

// Control is one role of a control event.
type Control struct {
	Role string
	*ControlEvent
	seen controlMembers
}

// controlMembers tells which members the server can fill in for a role.
type controlMembers struct{ Session, Message, Title, Time bool }

// Roles returns the control events that the extension names, in a fixed order.
func (w ControlExtension) Roles() []Control {
	var all []Control
	for _, c := range []Control{
		{"Connected", w.Connected, controlMembers{Session: true}},
		{"Heartbeat", w.Heartbeat, controlMembers{Session: true}},
		{"Gap", w.Gap, controlMembers{Session: true, Message: true}},
		{"Created", w.Created, controlMembers{Session: true, Title: true, Time: true}},
		{"Deleted", w.Deleted, controlMembers{Session: true}},
	} {
		if c.ControlEvent != nil {
			all = append(all, c)
		}
	}
	return all
}

// checkControl refuses control events for which the server cannot make data that fits the
// schema.
func (s *Stream) checkControl(p *source.Problems) {
	seen := map[string]string{}
	for _, c := range s.Ext.Control.Roles() {
		var found source.Problems
		where := source.Place{Name: fmt.Sprintf("%s: %s.control.%s", s.ID, ExtensionName, strings.ToLower(c.Role))}
		e := s.event(c.Event)
		switch {
		case c.Event == "":
			found.Add(where, "the member event is missing")
		case e == nil:
			found.Add(where, "the stream has no event %q", c.Event)
		case e.Text || s.NameIn != "":
			found.Add(where, "the server cannot make the event %q: its data must be an object, and the field event must name it", c.Event)
		case seen[c.Event] != "":
			found.Add(where, "the event %q already has the role %s", c.Event, seen[c.Event])
		default:
			c.checkMembers(e, where, &found)
		}
		if len(found.Errors) > 0 {
			where.At = s.extensionAt("control", strings.ToLower(c.Role)).At // parses the file again, so only for an error
		}
		for _, err := range found.Errors {
			p.Add(where, "%s", err.Text)
		}
		seen[c.Event] = strings.ToLower(c.Role)
	}
}

// event returns the event of this name; nil if the stream has none.
func (s *Stream) event(name string) *Event {
	for _, e := range s.Events {
		if name != "" && e.Names[0] == name {
			return e
		}
	}
	return nil
}

// checkMembers compares the members with the schema of the event's data.
func (c *Control) checkMembers(e *Event, where source.Place, p *source.Problems) {
	data := jsonschema.ObjectOf(e.Data)
	covered := map[string]bool{}
	member := func(name, kind string, filled bool, what string) {
		if name == "" {
			return
		}
		if !filled {
			p.Add(where, "the server has no %s for this event", what)
		}
		if covered[name] {
			p.Add(where, "the member %q is set twice", name)
		}
		covered[name] = true
		if refs := data.Properties[name]; refs == nil {
			p.Add(where, "the data of %q has no member %q", c.Event, name)
		} else if !allows(refs, kind) {
			p.Add(where, "the member %q of the data of %q must be of type %s", name, c.Event, kind)
		}
	}
	member(c.Session, openapi3.TypeString, c.seen.Session, "session")
	member(c.Message, openapi3.TypeString, c.seen.Message, "message")
	member(c.Title, openapi3.TypeString, c.seen.Title, "title")
	member(c.Time, openapi3.TypeInteger, c.seen.Time, "time")
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		member(name, openapi3.TypeString, true, "")
		if values, bound := jsonschema.BoundTo(data.Properties[name]); bound && !jsonschema.ContainsValue(values, c.Set[name]) {
			p.Add(where, "the member %q of the data of %q cannot be %q", name, c.Event, c.Set[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(data.Required)) {
		if !covered[name] {
			p.Add(where, "the data of %q requires the member %q: set it", c.Event, name)
		}
	}
}

// allows reports whether all descriptions of a property allow a type.
func allows(refs []*openapi3.SchemaRef, kind string) bool {
	for _, ref := range refs {
		types := jsonschema.TypesOf(ref.Value)
		ok := types == nil
		for _, t := range types {
			ok = ok || t == kind || t == openapi3.TypeNumber && kind == openapi3.TypeInteger
		}
		if !ok {
			return false
		}
	}
	return true
}
