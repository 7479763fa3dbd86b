package stream

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// Several alternatives may describe events of the same name, or without a name. On the wire
// they are one event, whose data fits any of the descriptions.

// joinSameNames joins events of the same name.
func (s *Stream) joinSameNames(all []*envelopeEvent, p *source.Problems) []*envelopeEvent {
	var order []string
	groups := map[string][]*envelopeEvent{}
	for _, e := range all {
		key := e.Names[0]
		if key == "message" {
			key = "" // the standard's name for an event without one
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], e)
	}
	var joined []*envelopeEvent
	for _, key := range order {
		if e := s.join(groups[key], p); e != nil {
			joined = append(joined, e)
		}
	}
	return joined
}

// join joins several events of the same name; it returns nil if that is impossible.
func (s *Stream) join(group []*envelopeEvent, p *source.Problems) *envelopeEvent {
	group = s.withoutConstantText(group)
	first := group[0]
	var data []*openapi3.SchemaRef
	for _, e := range group {
		if e.Text != first.Text {
			p.Add(e.Where, "the data of this event is %s, but the data of %s is %s: both have %s in %s, so a reader cannot tell them apart; rename one of them",
				formOf(e.Text), first.Where, formOf(first.Text), quoted(e.Names[0]), s.ID)
			return nil
		}
		if !slices.ContainsFunc(data, func(other *openapi3.SchemaRef) bool { return sameSchema(e.Data, other) }) {
			data = append(data, e.Data)
		}
		first.AnyName = first.AnyName || e.AnyName
		if e.Names[0] != first.Names[0] {
			first.Names = []string{""}
		}
	}
	if len(data) > 1 {
		if name := first.Names[0]; name != "" {
			p.Warn(group[1].Where, "%[2]s also has the name %[1]q: both become one event, whose data fits either description", name, first.Where)
		}
		first.Data = &openapi3.SchemaRef{Value: &openapi3.Schema{AnyOf: data}}
		first.Component, first.GoName, first.Description = "", "", ""
		if first.Text {
			first.Data.Value.Type = &openapi3.Types{openapi3.TypeString}
		}
	}
	return first
}

func formOf(text bool) string {
	if text {
		return "text"
	}
	return "JSON"
}

// withoutConstantText removes events with a constant text as data, if the data of others is
// JSON.
func (s *Stream) withoutConstantText(group []*envelopeEvent) []*envelopeEvent {
	if !slices.ContainsFunc(group, func(e *envelopeEvent) bool { return !e.Text }) {
		return group
	}
	return slices.DeleteFunc(slices.Clone(group), func(e *envelopeEvent) bool {
		text, ok := constantOf(e.Data)
		if ok && e.Text {
			s.constants = append(s.constants, text)
		}
		return ok && e.Text
	})
}

// quoted returns the name of an event for a message.
func quoted(name string) string {
	if name == "" {
		return "no name"
	}
	return fmt.Sprintf("the name %q", name)
}
