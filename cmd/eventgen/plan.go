package main

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// kind says how the Go type of an event comes about.
type kind int

const (
	kindModel   kind = iota // the event is a model: oapi-codegen makes the type
	kindHoisted             // inline data gets a name, and oapi-codegen makes the type
	kindDefined             // a type that is defined by the model of the data
	kindValue               // a struct with the field Value, for data that is no struct
)

// streamPlan has the Go names of a stream.
type streamPlan struct {
	Op          string // oapi-codegen's name of the operation
	Var         string // the descriptor
	Interface   string
	RequestType string
	Events      []*eventPlan
}

// eventPlan has the Go names of an event.
type eventPlan struct {
	Kind  kind
	Type  string // the Go type of the event
	Model string // the Go type of its data, if that is a model
}

// planner gives Go names, each once.
type planner struct {
	doc   *openapi3.T
	pkg   *goPackage        // what oapi-codegen makes of the document with the probes
	taken map[string]place  // Go name to what has it
	share map[string]string // Go type of events to the component that several streams share
	p     *problems
}

// planStreams decides on all Go names. pkg is what oapi-codegen makes of the document with
// the probes; kept are the names that it has in spite of that.
func planStreams(doc *openapi3.T, streams []*stream, pkg *goPackage, p *problems) []*streamPlan {
	pl := &planner{doc, pkg, map[string]place{}, map[string]string{}, p}
	schemas := map[string]string{}
	for _, name := range sortedKeys(doc.Components.Schemas) {
		schemas[pl.goTypeName(name)] = name
	}
	for name := range pkg.names {
		if strings.HasPrefix(name, probePrefix) {
			continue
		}
		pl.taken[name] = place{name: "what oapi-codegen makes"}
		if schema, ok := schemas[name]; ok {
			pl.taken[name] = placeOf("the schema "+schema, doc.Components.Schemas[schema].Value.Origin)
		}
	}
	for _, name := range fileNames {
		pl.must(name, place{})
	}
	plans := make([]*streamPlan, len(streams))
	for i, s := range streams {
		plans[i] = pl.plan(i, s)
	}
	return plans
}

// fileNames are the package-level names of a generated file, and those of the packages
// that it imports: a declaration of the package would hide them.
var fileNames = []string{
	"UnknownEvent", "UnimplementedServer", "eventSchemas",
	"context", "contract", "fmt", "http", "regexp", "strconv",
}

// must takes a name that has no other, for an operation or event, or for the file.
func (pl *planner) must(name string, owner place) {
	other, ok := pl.taken[name]
	switch {
	case !ok:
	case owner.name == "":
		pl.p.add(place{name, other.at}, "this Go name is that of %s, and eventgen declares it too; x-go-name gives a schema another", other)
	default:
		pl.p.add(owner, "the Go name %s is also that of %s; x-go-name gives a schema another", name, other)
	}
	pl.taken[name] = place{name: "what is generated"}
	if owner.name != "" {
		pl.taken[name] = place{"what is generated for " + owner.name, owner.at}
	}
}

// first takes the first of the names that is free, or refuses with the way out.
func (pl *planner) first(owner place, hint string, names ...string) string {
	for _, name := range names {
		if pl.taken[name].name == "" {
			pl.must(name, owner)
			return name
		}
	}
	pl.p.add(owner, "the Go name %s is also that of %s; %s", names[0], pl.taken[names[0]], hint)
	return names[0]
}

func (pl *planner) plan(i int, s *stream) *streamPlan {
	op := codegen.SchemaNameToTypeName(s.ID)
	plan := &streamPlan{Op: op}
	if pl.pkg.funcs["New"+op+"Request"] == nil && pl.pkg.funcs["New"+op+"RequestWithBody"] == nil {
		pl.p.add(s.Where, "oapi-codegen makes no New%sRequest of it", op)
		return plan
	}
	const other = "another operationId, or x-go-name on the schema, gives one of them another"
	plan.Var = pl.first(s.Where, other, op, op+"Stream")
	plan.RequestType = pl.first(s.Where, other, op+"Request", op+"StreamRequest")
	if s.Ext.Interface != "" {
		plan.Interface = pl.first(s.Where, extensionName+".interface gives it another", s.Ext.Interface)
	} else {
		short := op + "Event"
		if strings.HasSuffix(op, "Events") {
			short = strings.TrimSuffix(op, "s")
		}
		plan.Interface = pl.first(s.Where, extensionName+": {interface: NAME} gives it another", short, op+"StreamEvent")
	}
	owners := map[string]place{}
	for j, e := range s.Events {
		ep := pl.planEvent(op, s, e, probeName(i, j))
		if other, ok := owners[ep.Type]; ok && ep.Type != "" {
			pl.p.add(e.Where, "its Go type %s is also that of %s in %s", ep.Type, other, s.ID)
		}
		owners[ep.Type] = e.Where
		plan.Events = append(plan.Events, ep)
	}
	return plan
}

// planEvent decides on the Go type of an event. It depends on that event alone.
func (pl *planner) planEvent(op string, s *stream, e *event, probe string) *eventPlan {
	if s.Ext.Types == "data" {
		return pl.dataType(s, e)
	}
	plan := &eventPlan{Kind: kindValue}
	if e.Data != nil {
		_, plain := plainRef(pl.doc.Components.Schemas, e.Data)
		if model, ok := pl.pkg.structType(codegen.SchemaNameToTypeName(probe)); ok {
			plan.Model = model
			plan.Kind = kindDefined
			switch {
			case !plain:
				plan.Kind, plan.Model = kindHoisted, ""
			case e.Payload:
				plan.Kind, plan.Type = kindModel, model
				return plan
			}
		}
	}
	long := op + messageName
	if e.Names[0] != "" {
		long = op + codegen.SchemaNameToTypeName(e.Names[0])
	}
	// The name of a component is that of its event, unless it is a model as well.
	name := long
	if e.Component != "" && !(e.Payload && pl.isModel(e.Component)) {
		name = pl.goTypeName(e.Component)
		if pl.share[name] == e.Component {
			plan.Type = name // of another stream with the same event
			return plan
		}
	} else if e.GoName != "" {
		name = e.GoName
	}
	const hint = "x-go-name on the schema of the event gives it another"
	plan.Type = pl.first(e.Where, hint, slices.Compact([]string{name, long, long + "Event"})...)
	if e.Component != "" && plan.Type == name {
		pl.share[name] = e.Component
	}
	return plan
}

// messageName is the Go name of an event without a name, as the standard calls it.
const messageName = "Message"

// isModel reports whether oapi-codegen declares a type for a component.
func (pl *planner) isModel(component string) bool { return pl.pkg.names[pl.goTypeName(component)] }

// dataType returns the plan of an event whose Go type is that of its data.
func (pl *planner) dataType(s *stream, e *event) *eventPlan {
	plan := &eventPlan{Kind: kindModel}
	if e.Data == nil {
		pl.p.add(e.Where, "it has no data schema, whose type would be that of the event as %s of %s says", extensionName, s.ID)
		return plan
	}
	name, ok := plainRef(pl.doc.Components.Schemas, e.Data)
	if !ok {
		pl.p.add(e.Where, "its data is no $ref to a schema of components/schemas, whose type would be that of the event as %s of %s says", extensionName, s.ID)
		return plan
	}
	goName := pl.goTypeName(name)
	if plan.Type, ok = pl.pkg.structType(goName); !ok {
		pl.p.add(placeOf(name, e.Data.Value.Origin), "its Go type %s can have no methods, as the data of %s needs; that of an object with properties can", goName, e.Where)
		plan.Type = ""
	}
	return plan
}

// goTypeName returns the name that oapi-codegen gives to the type of a schema of
// components/schemas.
func (pl *planner) goTypeName(schema string) string {
	if ref := pl.doc.Components.Schemas[schema]; ref != nil && ref.Ref == "" && ref.Value != nil {
		if name, ok := ref.Value.Extensions["x-go-name"].(string); ok {
			return name
		}
	}
	return codegen.SchemaNameToTypeName(schema)
}
