package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// An envelope is an object whose properties are the fields of an event on the wire (WHATWG
// HTML, section 9.2.6). One of them is the data.

// envelopeStyle is a way to call the fields of an event.
type envelopeStyle struct {
	event  string   // the property that names the event
	others []string // the properties beside event and data
	needs  string   // the property without which the object is no event; empty: data
}

// envelopeStyles are those of the frameworks, the usual one first.
var envelopeStyles = []envelopeStyle{
	{event: "event", others: []string{"comment", "comments", "id", "retry"}},
	{event: "type", others: []string{"id", "retry"}, needs: "retry"},                                         // NestJS, MessageEvent
	{event: "eventType", others: []string{"eventId", "reconnectionInterval"}, needs: "reconnectionInterval"}, // .NET, SseItem
}

// dataField is the property of an envelope that describes the data.
const dataField = "data"

// has reports whether a property is a field of an event.
func (style *envelopeStyle) has(property string) bool {
	return property == dataField || property == style.event || slices.Contains(style.others, property)
}

// fields returns the properties that are fields of an event, for messages.
func (style *envelopeStyle) fields() string {
	all := append([]string{dataField, style.event}, style.others...)
	slices.Sort(all)
	return fmt.Sprint(all)
}

// style returns the style in which all properties of the branch are fields of an event, or
// else the usual one.
func (b *branch) style() *envelopeStyle {
	for i := range envelopeStyles {
		style := &envelopeStyles[i]
		if len(b.beside(style)) == 0 && (style.needs == "" || b.shape.properties[style.needs] != nil) {
			return style
		}
	}
	return &envelopeStyles[0]
}

// beside returns the properties of the branch that are no fields of an event, in their
// order.
func (b *branch) beside(style *envelopeStyle) []string {
	return slices.DeleteFunc(sortedKeys(b.shape.properties), style.has)
}

// isEnvelope reports whether the branch describes an event with its fields and nothing
// else, and not its data alone.
func (b *branch) isEnvelope() bool {
	return b.shape.properties[dataField] != nil && len(b.beside(b.style())) == 0
}

// isWider reports whether the branch describes an event with its fields, and properties
// that are none.
func (b *branch) isWider() bool {
	_, named := b.eventNames()
	return b.shape.properties[dataField] != nil && named && len(b.beside(b.style())) > 0
}

// isSignal reports whether the branch describes an event without data.
func (b *branch) isSignal() bool {
	return len(b.shape.properties) > 0 && b.shape.properties[dataField] == nil && len(b.beside(b.style())) == 0
}

// eventNames returns the names that an envelope can have, as the field of the wire: a
// number there is its digits. It is false if nothing binds the name.
func (b *branch) eventNames() (names []string, bound bool) {
	property := b.style().event
	names, bound = b.names(property)
	if len(names) > 0 || !bound {
		return names, bound
	}
	values, _ := boundTo(b.shape.properties[property])
	for _, v := range values {
		switch v.(type) {
		case map[string]any, []any:
		default:
			names = append(names, fmt.Sprint(v))
		}
	}
	return names, true
}

// readEnvelopes reads a stream whose schema describes events with their fields. It is false
// if the schema describes the data alone.
func (s *stream) readEnvelopes(doc *openapi3.T, schema *openapi3.SchemaRef, all []*branch, p *problems) bool {
	if !slices.ContainsFunc(all, (*branch).isEnvelope) {
		return false
	}
	isOther := func(b *branch) bool { return !b.isEnvelope() && !b.isWider() && !b.isSignal() }
	if slices.ContainsFunc(all, isOther) {
		if objects, _ := withoutConstants(all); namingMember(objects) != "" || !slices.ContainsFunc(all, (*branch).isNamed) {
			return false
		}
	}
	s.partOf(schema)
	for _, b := range all {
		for _, name := range b.shape.components {
			s.hasPart(name)
		}
	}
	s.checkMappings(schema, all, p)
	var read []*envelope
	for i, b := range all {
		switch {
		case isOther(b):
			s.leaveOut(b, i, p)
		case b.isSignal():
			p.warn(b.where(s.ID, i), "it is left out: it has no property %q, and a browser does not deliver an event without data", dataField)
		default:
			read = append(read, s.readEnvelope(doc, b, i, p)...)
		}
	}
	read = s.withoutDoubles(read, p)
	if len(read) == 1 && read[0].isOpen && s.readDataUnion(doc, read[0].event, p) {
		return true
	}
	for _, e := range read {
		s.Events = append(s.Events, e.event)
	}
	return true
}

// isNamed reports whether the branch is an envelope that says how its event is named.
func (b *branch) isNamed() bool {
	return b.isEnvelope() && b.shape.properties[b.style().event] != nil
}

// leaveOut leaves out a branch that describes no event among others that do.
func (s *stream) leaveOut(b *branch, i int, p *problems) {
	if text, ok := b.constant(); ok {
		s.Constants = append(s.Constants, text)
		return
	}
	p.warn(b.where(s.ID, i), "it is left out: other alternatives of %s describe an event with its fields %s, and it does not", s.ID, b.style().fields())
}

// envelope is an event that is read from a branch.
type envelope struct {
	*event
	isOpen bool // nothing binds its name
}

// readEnvelope reads one event, or one for each name if an enum has several.
func (s *stream) readEnvelope(doc *openapi3.T, b *branch, i int, p *problems) []*envelope {
	where, style := b.where(s.ID, i), b.style()
	if beside := b.beside(style); len(beside) > 0 {
		p.warn(where, "its properties %s are left out: they are no fields of an event %s", strings.Join(beside, ", "), style.fields())
	}
	s.IDs = s.IDs || slices.ContainsFunc([]string{"id", "eventId"}, func(name string) bool { return b.shape.properties[name] != nil })
	names, bound := b.eventNames()
	if bound && len(names) == 0 {
		p.add(where, "its property %q can have no value that names an event: its const or enum is no string, or what is said of it is a contradiction", style.event)
		return nil
	}
	if !bound {
		names = []string{""}
	}
	var all []*envelope
	for _, name := range names {
		e := &event{Names: []string{name}, Where: where, Component: b.component, Description: b.ref.Value.Description}
		e.AnyName = !bound && b.shape.properties[style.event] != nil
		e.GoName, _ = b.ref.Value.Extensions["x-go-name"].(string)
		if len(names) > 1 {
			e.Component, e.GoName = "", ""
		}
		if name == "message" && !b.shape.required[style.event] {
			e.Names = []string{""}
		}
		e.readData(doc, b.shape.properties[dataField])
		all = append(all, &envelope{e, !bound})
	}
	return all
}

// checkMappings refuses a discriminator that contradicts the events, and warns of one that
// has others.
func (s *stream) checkMappings(schema *openapi3.SchemaRef, all []*branch, p *problems) {
	for _, u := range shapeOf(schema).unions {
		if u.discriminator == nil || u.discriminator.PropertyName != "event" {
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(u.discriminator.Mapping)) {
			target := mappedSchema(u.discriminator.Mapping[value])
			i := slices.IndexFunc(all, func(b *branch) bool { return b.component == target })
			if i < 0 {
				p.warn(s.Where, "the discriminator mapping of its stream has %s for %q, which is no event of it", target, value)
				continue
			}
			if names, bound := all[i].names("event"); bound && !slices.Contains(names, value) {
				p.add(placeOf(target, all[i].ref.Value.Origin), "the discriminator mapping of %s has %q for it, which is not its name", s.ID, value)
			}
		}
	}
}
