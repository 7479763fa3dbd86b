package stream

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// An envelope is an object whose properties are the fields of an event on the wire (WHATWG
// HTML, section 9.2.6). One of them is the data.

// envelopeStyle is a convention for the names of an event's fields.
type envelopeStyle struct {
	event  string   // the property that names the event
	others []string // the properties besides event and data
	needs  string   // the property that an object must have to be an event; empty: data
}

// envelopeStyles lists the conventions of frameworks, the usual one first.
var envelopeStyles = []envelopeStyle{
	{event: "event", others: []string{"comment", "comments", "id", "retry"}},
	{event: "type", others: []string{"id", "retry"}, needs: "retry"},                                         // NestJS, MessageEvent
	{event: "eventType", others: []string{"eventId", "reconnectionInterval"}, needs: "reconnectionInterval"}, // .NET, SseItem
	{event: "name", others: []string{"comment", "id", "retry"}, needs: "retry"},                              // Micronaut, Event
}

// dataField is the property of an envelope that describes the data.
const dataField = "data"

// has reports whether a property is a field of an event.
func (style *envelopeStyle) has(property string) bool {
	return property == dataField || property == style.event || slices.Contains(style.others, property)
}

// fields lists the properties that are fields of an event, for messages.
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
		if len(b.beside(style)) == 0 && (style.needs == "" || b.object.Properties[style.needs] != nil) {
			return style
		}
	}
	return &envelopeStyles[0]
}

// beside returns the properties of the branch that are not fields of an event, sorted.
func (b *branch) beside(style *envelopeStyle) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.object.Properties)), style.has)
}

// isEnvelope reports whether the branch describes exactly the fields of an event, not its data
// alone.
func (b *branch) isEnvelope() bool {
	return b.object.Properties[dataField] != nil && len(b.beside(b.style())) == 0
}

// isWider reports whether the branch describes the fields of an event and other properties.
func (b *branch) isWider() bool {
	_, named := b.eventNames()
	return b.object.Properties[dataField] != nil && named && len(b.beside(b.style())) > 0
}

// isSignal reports whether the branch describes an event without data.
func (b *branch) isSignal() bool {
	return len(b.object.Properties) > 0 && b.object.Properties[dataField] == nil && len(b.beside(b.style())) == 0
}

// eventNames returns the names that an envelope can have, as text on the wire: a number
// becomes its digits. It returns false if nothing restricts the name.
func (b *branch) eventNames() (names []string, bound bool) {
	property := b.style().event
	names, bound = b.names(property)
	if len(names) > 0 || !bound {
		return names, bound
	}
	values, _ := jsonschema.BoundTo(b.object.Properties[property])
	for _, v := range values {
		switch v.(type) {
		case map[string]any, []any:
		default:
			names = append(names, fmt.Sprint(v))
		}
	}
	return names, true
}

// readEnvelopes reads a stream whose schema describes events with their fields. It returns
// false if the schema describes only data.
func (s *Stream) readEnvelopes(doc *openapi3.T, schema *openapi3.SchemaRef, all []*branch, p *source.Problems) bool {
	if !slices.ContainsFunc(all, (*branch).isEnvelope) {
		return false
	}
	isOther := func(b *branch) bool { return !b.isEnvelope() && !b.isWider() && !b.isSignal() }
	if slices.ContainsFunc(all, isOther) {
		if objects, _ := withoutConstants(all); namingMember(objects) != "" || !slices.ContainsFunc(all, (*branch).isNamed) {
			return false
		}
	}
	s.addWrapper(schema)
	for _, b := range all {
		for _, name := range b.object.Components {
			s.addWrapperNamed(name)
		}
	}
	s.checkMappings(schema, all, p)
	var read []*envelopeEvent
	for i, b := range all {
		switch {
		case isOther(b):
			s.leaveOut(b, i, p)
		case b.isSignal():
			p.Warn(b.where(s.ID, i), "ignored, because it has no property %q: a browser drops an event without data", dataField)
		default:
			read = append(read, s.readEnvelope(doc, b, i, p)...)
		}
	}
	read = s.joinSameNames(read, p)
	if len(read) == 1 && read[0].isOpen && s.readDataUnion(doc, read[0].Event, p) {
		return true
	}
	for _, e := range read {
		s.Events = append(s.Events, e.Event)
	}
	return true
}

// isNamed reports whether the branch is an envelope that describes the name of its event.
func (b *branch) isNamed() bool {
	return b.isEnvelope() && b.object.Properties[b.style().event] != nil
}

// leaveOut drops a branch that does not describe an event, while others do.
func (s *Stream) leaveOut(b *branch, i int, p *source.Problems) {
	if text, ok := b.constant(); ok {
		s.constants = append(s.constants, text)
		return
	}
	p.Warn(b.where(s.ID, i), "ignored, because it does not describe an event with its fields %[2]s, as the other alternatives of %[1]s do", s.ID, b.style().fields())
}

// envelopeEvent is an event read from a branch.
type envelopeEvent struct {
	*Event
	isOpen bool // nothing restricts its name
}

// readEnvelope reads one event, or one for each name if an enum has several.
func (s *Stream) readEnvelope(doc *openapi3.T, b *branch, i int, p *source.Problems) []*envelopeEvent {
	where, style := b.where(s.ID, i), b.style()
	if beside := b.beside(style); len(beside) > 0 {
		p.Warn(where, "the properties %s are ignored: the fields of an event are %s", strings.Join(beside, ", "), style.fields())
	}
	s.IDs = s.IDs || slices.ContainsFunc([]string{"id", "eventId"}, func(name string) bool { return b.object.Properties[name] != nil })
	names, bound := b.eventNames()
	if bound && len(names) == 0 {
		p.Add(where, "no value of the property %q names an event: its const or enum contains no string, or its schemas contradict each other", style.event)
		return nil
	}
	if !bound {
		names = []string{""}
	}
	var all []*envelopeEvent
	narrowed := b.dataByName(doc, s.ID, names)
	for _, name := range names {
		e := &Event{Names: []string{name}, Where: where, Component: b.component, Description: b.ref.Value.Description}
		e.AnyName = !bound && b.object.Properties[style.event] != nil
		e.GoName, _ = b.ref.Value.Extensions[jsonschema.GoNameExtension].(string)
		if len(names) > 1 {
			e.Component, e.GoName = "", ""
		}
		if name == "message" && !b.object.Required[style.event] {
			e.Names = []string{""}
		}
		data := b.object.Properties[dataField]
		if ref := narrowed[name]; ref != nil {
			data = []*openapi3.SchemaRef{ref}
		}
		e.readData(doc, data)
		all = append(all, &envelopeEvent{e, !bound})
	}
	return all
}

// dataByName returns the data of each event of an envelope with several names, if the data is
// a union whose members contain these names: the field of the envelope then tells which member
// applies. It has no entry for a name that no member contains.
func (b *branch) dataByName(doc *openapi3.T, id string, names []string) map[string]*openapi3.SchemaRef {
	if len(names) < 2 {
		return nil
	}
	var whole Event
	whole.readData(doc, b.object.Properties[dataField])
	if whole.Text || len(jsonschema.ObjectOf(whole.Data).Unions) != 1 {
		return nil
	}
	members := branches(doc, whole.Data)
	resolveSharedNames(members, id, &source.Problems{})
	all, _ := withoutConstants(members)
	member := namingMember(all)
	if member == "" {
		return nil
	}
	data := map[string]*openapi3.SchemaRef{}
	for _, one := range all {
		bound, _ := one.names(member)
		for _, name := range bound {
			if slices.Contains(names, name) {
				data[name] = one.ref
			}
		}
	}
	return data
}

// checkMappings refuses a discriminator that contradicts the events, and warns of one that
// maps to other schemas.
func (s *Stream) checkMappings(schema *openapi3.SchemaRef, all []*branch, p *source.Problems) {
	for _, u := range jsonschema.ObjectOf(schema).Unions {
		if u.Discriminator == nil || u.Discriminator.PropertyName != "event" {
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(u.Discriminator.Mapping)) {
			target := jsonschema.MappedSchema(u.Discriminator.Mapping[value])
			i := slices.IndexFunc(all, func(b *branch) bool { return b.component == target })
			if i < 0 {
				p.Warn(s.Where, "the discriminator maps %q to %s, which is not an event of the stream: the entry is ignored", value, target)
				continue
			}
			if names, bound := all[i].names("event"); bound && !slices.Contains(names, value) {
				p.Add(source.PlaceOf(target, all[i].ref.Value.Origin), "the discriminator of %s maps %q to this event, which has another name: make both the same", s.ID, value)
			}
		}
	}
}
