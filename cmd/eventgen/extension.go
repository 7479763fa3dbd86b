package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const (
	// extensionName is the extension of an operation for what OpenAPI has no words for.
	extensionName = "x-mixstream"
	// oldExtension is what extensionName replaces.
	oldExtension = "x-go-event-prefix"
)

// extension is what x-mixstream says of an operation.
type extension struct {
	Session   *string      `json:"session"`   // the parameter that names the session
	Namespace *string      `json:"namespace"` // of the sessions in the log
	Position  string       `json:"position"`  // the query parameter that carries the last event id
	Interface string       `json:"interface"` // the Go name of the interface of the events
	Types     string       `json:"types"`     // "data": the Go type of an event is that of its data schema
	Control   controlWords `json:"control"`
	End       endWords     `json:"end"`
	Resume    *resumeWords `json:"resume"`
}

// controlWords name the events that the server itself sends.
type controlWords struct {
	Connected *controlEvent `json:"connected"`
	Heartbeat *controlEvent `json:"heartbeat"`
	Gap       *controlEvent `json:"gap"`
	Created   *controlEvent `json:"created"`
	Deleted   *controlEvent `json:"deleted"`
}

// controlEvent names an event, and says what stands in which member of its data.
type controlEvent struct {
	Event   string            `json:"event"`
	Set     map[string]string `json:"set"`
	Session string            `json:"session"`
	Message string            `json:"message"`
	Title   string            `json:"title"`
	Time    string            `json:"time"`
}

// readExtension reads x-mixstream of an operation.
func readExtension(op *openapi3.Operation, where place, p *problems) (ext extension) {
	if op.Extensions[oldExtension] != nil {
		p.add(where.field(op.Origin, oldExtension), "%s is no longer supported: use %s: {interface: NAME}", oldExtension, extensionName)
	}
	value, ok := op.Extensions[extensionName]
	if !ok {
		return ext
	}
	at := func(path ...string) place { return where.within(op.Origin, extensionName, path...) }
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &ext)
	}
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		path := strings.FieldsFunc(wrong.Field, func(r rune) bool { return r == '.' })
		p.add(at(path...), "%s must be %s: it is of type %s", strings.Join(append([]string{extensionName}, path...), "."), jsonKind(wrong.Type), wrong.Value)
		return extension{}
	} else if err != nil {
		p.add(at(), "%s: %v", extensionName, err)
		return extension{}
	}
	checkMembers(value, reflect.TypeFor[extension](), nil, at, p)
	if ext.Interface != "" && (!token.IsIdentifier(ext.Interface) || !token.IsExported(ext.Interface)) {
		p.add(at("interface"), "%s.interface must be an exported Go identifier, not %q", extensionName, ext.Interface)
	}
	if ext.Types != "" && ext.Types != "data" {
		p.add(at("types"), `%s.types must be "data" or absent, not %q`, extensionName, ext.Types)
	}
	return ext
}

// checkMembers refuses the members of an object that the Go type for it has not.
func checkMembers(value any, t reflect.Type, path []string, at func(path ...string) place, p *problems) {
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
	for _, name := range sortedKeys(object) {
		inner := slices.Concat(path, []string{name})
		if types[name] != nil {
			checkMembers(object[name], types[name], inner, at, p)
			continue
		}
		hint := "its members are " + strings.Join(sortedKeys(types), ", ")
		if meant, ok := nearest(name, sortedKeys(types)); ok {
			hint = "did you mean " + meant + "?"
		}
		p.add(at(inner...), "%s has no member %q: %s", strings.Join(append([]string{extensionName}, path...), "."), name, hint)
	}
}

// jsonKind returns what JSON calls a value for a Go type, with its article.
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

// namespace returns the namespace of the sessions in the log.
func (s *stream) namespace() string {
	if s.Ext.Namespace != nil {
		return *s.Ext.Namespace
	}
	return s.ID
}

// extensionAt returns the place of a member of x-mixstream.
func (s *stream) extensionAt(path ...string) place {
	return s.Where.within(s.op.Origin, extensionName, path...)
}

// control is one role of a control event.
type control struct {
	Role string
	*controlEvent
	seen controlMembers
}

// controlMembers are the members that the server fills in for a role.
type controlMembers struct{ Session, Message, Title, Time bool }

// roles returns the control events that the extension names, in a fixed order.
func (w controlWords) roles() []control {
	var all []control
	for _, c := range []control{
		{"Connected", w.Connected, controlMembers{Session: true}},
		{"Heartbeat", w.Heartbeat, controlMembers{Session: true}},
		{"Gap", w.Gap, controlMembers{Session: true, Message: true}},
		{"Created", w.Created, controlMembers{Session: true, Title: true, Time: true}},
		{"Deleted", w.Deleted, controlMembers{Session: true}},
	} {
		if c.controlEvent != nil {
			all = append(all, c)
		}
	}
	return all
}

// checkControl refuses control events that the server could not say with data that fits
// their schemas.
func (s *stream) checkControl(p *problems) {
	seen := map[string]string{}
	for _, c := range s.Ext.Control.roles() {
		var found problems
		where := place{name: fmt.Sprintf("%s: %s.control.%s", s.ID, extensionName, strings.ToLower(c.Role))}
		e := s.event(c.Event)
		switch {
		case c.Event == "":
			found.add(where, "the member event is missing")
		case e == nil:
			found.add(where, "the stream has no event %q", c.Event)
		case e.Text || s.NameIn != "":
			found.add(where, "the server cannot make the event %q: its data must be an object, and the field event must name it", c.Event)
		case seen[c.Event] != "":
			found.add(where, "the event %q is already that of %s", c.Event, seen[c.Event])
		default:
			c.checkMembers(e, where, &found)
		}
		if len(found.errs) > 0 {
			where.at = s.extensionAt("control", strings.ToLower(c.Role)).at // it parses the file again
		}
		for _, err := range found.errs {
			p.add(where, "%s", err.text)
		}
		seen[c.Event] = strings.ToLower(c.Role)
	}
}

// event returns the event of this name, nil if the stream has none.
func (s *stream) event(name string) *event {
	for _, e := range s.Events {
		if name != "" && e.Names[0] == name {
			return e
		}
	}
	return nil
}

// checkMembers compares the members with the schema of the event's data.
func (c *control) checkMembers(e *event, where place, p *problems) {
	data := shapeOf(e.Data)
	covered := map[string]bool{}
	member := func(name, kind string, filled bool, what string) {
		if name == "" {
			return
		}
		if !filled {
			p.add(where, "the server has no %s for this event", what)
		}
		if covered[name] {
			p.add(where, "the member %q is set twice", name)
		}
		covered[name] = true
		if refs := data.properties[name]; refs == nil {
			p.add(where, "the data of %q has no member %q", c.Event, name)
		} else if !allows(refs, kind) {
			p.add(where, "the member %q of the data of %q must be of type %s", name, c.Event, kind)
		}
	}
	member(c.Session, openapi3.TypeString, c.seen.Session, "session")
	member(c.Message, openapi3.TypeString, c.seen.Message, "message")
	member(c.Title, openapi3.TypeString, c.seen.Title, "title")
	member(c.Time, openapi3.TypeInteger, c.seen.Time, "time")
	for _, name := range sortedKeys(c.Set) {
		member(name, openapi3.TypeString, true, "")
		if values, bound := boundTo(data.properties[name]); bound && !containsValue(values, c.Set[name]) {
			p.add(where, "the member %q of the data of %q cannot be %q", name, c.Event, c.Set[name])
		}
	}
	for _, name := range sortedKeys(data.required) {
		if !covered[name] {
			p.add(where, "the data of %q requires the member %q: set it", c.Event, name)
		}
	}
}

// allows reports whether all descriptions of a property allow a type.
func allows(refs []*openapi3.SchemaRef, kind string) bool {
	for _, ref := range refs {
		types := typesOf(ref.Value)
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
