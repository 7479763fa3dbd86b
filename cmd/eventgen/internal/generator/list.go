package generator

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/listing"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// List describes the streams that the generator finds in the document.
func (g *Generator) List() (*listing.Listing, error) {
	l, err := g.makeList()
	return l, g.withPlaces(err)
}

func (g *Generator) makeList() (*listing.Listing, error) {
	_, streams, sessions, err := g.read()
	if err != nil {
		return nil, err
	}
	_, plans, err := g.planRead(streams)
	if err != nil {
		return nil, err
	}
	l := &listing.Listing{}
	for i, s := range streams {
		l.Operations = append(l.Operations, listOperation(s, plans[i], sessions[i]))
	}
	l.Warnings = source.Lines(g.Problems.Warnings)
	return l, nil
}

func listOperation(s *stream.Stream, plan *StreamPlan, of session) listing.Operation {
	o := listing.Operation{
		ID: s.ID, Method: s.Method, Path: s.Path, Place: s.Where.Position(),
		GoName: plan.Var, Interface: plan.Interface, Request: plan.RequestType,
		Namespace: s.Namespace(), Undecided: of.undecided, Position: s.Ext.Position,
		NameIn: s.NameIn, IDs: s.IDs,
	}
	if of.param != nil {
		o.Session = &listing.Param{In: of.param.In, Name: of.param.Name}
	}
	if roles := s.Ext.Control.Roles(); len(roles) > 0 {
		o.Control = &listing.Control{}
		for _, c := range roles {
			*map[string]*string{
				"Connected": &o.Control.Connected, "Heartbeat": &o.Control.Heartbeat, "Gap": &o.Control.Gap,
				"Created": &o.Control.Created, "Deleted": &o.Control.Deleted,
			}[c.Role] = c.Event
		}
	}
	if s.End.Data != "" || len(s.End.Events) > 0 {
		o.End = &listing.End{Data: s.End.Data, Events: s.End.Events}
	}
	if s.Resume != nil {
		o.Resume = s.Resume.Operation
	}
	for i, e := range s.Events {
		o.AnyName = o.AnyName || e.AnyName
		listed := listing.Event{GoType: plan.Events[i].Type, Data: dataType(e), Text: e.Text, Place: e.Where.Position()}
		if listed.Name = e.Names[0]; len(e.Names) > 1 {
			listed.Name, listed.Names = "", e.Names
		}
		if e.Data != nil {
			listed.Schema = e.Data.Ref
		}
		o.Events = append(o.Events, listed)
	}
	return o
}

// dataType describes the type of an event's data in a few words.
func dataType(e *stream.Event) string {
	if e.Text || e.Data == nil || e.Data.Value == nil {
		return "text"
	}
	return describe(e.Data)
}

func describe(ref *openapi3.SchemaRef) string {
	if name, ok := jsonschema.ComponentName(ref.Ref); ok {
		return name
	}
	types := jsonschema.TypesOf(ref.Value)
	kinds := make([]string, len(types))
	for i, t := range types {
		if kinds[i] = t; t == openapi3.TypeArray && ref.Value.Items != nil && ref.Value.Items.Value != nil {
			kinds[i] += " of " + describe(ref.Value.Items)
		}
	}
	switch shape := jsonschema.ObjectOf(ref); {
	case len(shape.Unions) > 0:
		return "union"
	case len(kinds) > 0:
		return strings.Join(kinds, " or ")
	case len(shape.Properties) > 0:
		return openapi3.TypeObject
	}
	return "any JSON"
}
