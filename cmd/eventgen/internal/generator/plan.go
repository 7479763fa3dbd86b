package generator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/jsonschema"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// kind says how the Go type of an event comes about.
type kind int

const (
	kindModel   kind = iota // the event is a model: oapi-codegen makes the type
	kindInline              // inline data gets a name, and oapi-codegen makes the type
	kindDefined             // a type that is defined by the model of the data
	kindValue               // a struct with the field Value, for data that is no struct
)

// StreamPlan has the Go names of a stream.
type StreamPlan struct {
	Op          string // oapi-codegen's name of the operation
	Var         string // the descriptor
	Interface   string
	RequestType string
	Events      []*EventPlan
}

// EventPlan has the Go names of an event.
type EventPlan struct {
	Kind   kind
	Type   string            // the Go type of the event
	Model  string            // the Go type of its data, if that is a model
	Nested map[string]string // Go types of the objects within its data, by where they are
}

// planner gives Go names, each once.
type planner struct {
	doc    *openapi3.T
	pkg    *oapi.Package           // what oapi-codegen makes of the document with the probes
	taken  map[string]source.Place // Go name to what has it
	shared map[string]string       // Go type of events to the schema that several streams share
	nested map[string]string       // Go type of an event and the place in it to the Go type there
	p      *source.Problems
}

// planStreams decides on all Go names. pkg is what oapi-codegen makes of the document with
// the probes.
func planStreams(doc *openapi3.T, streams []*stream.Stream, pkg *oapi.Package, p *source.Problems) []*StreamPlan {
	pl := &planner{doc: doc, pkg: pkg, taken: map[string]source.Place{}, shared: map[string]string{}, nested: map[string]string{}, p: p}
	schemas := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		schemas[oapi.GoTypeName(pl.doc, name)] = name
	}
	for name := range pkg.Names {
		if strings.HasPrefix(name, probePrefix) {
			continue
		}
		pl.taken[name] = source.Place{Name: "what oapi-codegen makes"}
		if schema, ok := schemas[name]; ok {
			pl.taken[name] = source.PlaceOf("the schema "+schema, doc.Components.Schemas[schema].Value.Origin)
		}
	}
	for _, name := range fileNames {
		pl.take(name, source.Place{})
	}
	// What stands later in the document gives way, so that what is added at its end does not
	// take a name that was there.
	order := make([]int, len(streams))
	for i := range streams {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return streams[a].Where.Compare(streams[b].Where) })
	plans := make([]*StreamPlan, len(streams))
	for _, i := range order {
		plans[i] = pl.plan(i, streams[i])
	}
	return plans
}

// fileNames are the package-level names of a generated file, and those of the packages
// that it imports: a declaration of the package would hide them.
var fileNames = []string{
	"UnknownEvent", "UnimplementedServer", "eventSchemas",
	"context", "contract", "fmt", "http", "regexp", "strconv",
}

// take takes a name for an operation or event, or without an owner for the file, and
// refuses one that is taken.
func (pl *planner) take(name string, owner source.Place) {
	other, ok := pl.taken[name]
	switch {
	case !ok:
	case owner.Name == "":
		pl.p.Add(source.Place{Name: name, At: other.At}, "eventgen declares this Go name, which %s has too: give the schema another with x-go-name", other)
	default:
		pl.p.Add(owner, "the Go name %s is also that of %s: give a schema another with x-go-name", name, other)
	}
	pl.taken[name] = source.Place{Name: "what is generated"}
	if owner.Name != "" {
		pl.taken[name] = source.Place{Name: "what is generated for " + owner.Name, At: owner.At}
	}
}

// firstFree takes the first of the names that is free, or else the last one with a number.
func (pl *planner) firstFree(owner source.Place, names ...string) string {
	last := names[len(names)-1]
	for n := 2; n < 100; n++ {
		names = append(names, last+strconv.Itoa(n))
	}
	for _, name := range names {
		if pl.taken[name].Name == "" {
			pl.take(name, owner)
			return name
		}
	}
	return last
}

func (pl *planner) plan(i int, s *stream.Stream) *StreamPlan {
	op := codegen.SchemaNameToTypeName(s.GoID)
	plan := &StreamPlan{Op: op}
	if pl.pkg.Funcs["New"+op+"Request"] == nil && pl.pkg.Funcs["New"+op+"RequestWithBody"] == nil {
		pl.p.Add(s.Where, "oapi-codegen makes no function New%sRequest for the operation", op)
		return plan
	}
	plan.Var = pl.firstFree(s.Where, op, op+"Stream")
	plan.RequestType = pl.firstFree(s.Where, op+"Request", op+"StreamRequest")
	if plan.Interface = s.Ext.Interface; plan.Interface != "" {
		if other, ok := pl.taken[plan.Interface]; ok {
			pl.p.Add(s.Where, "the Go name %s is also that of %s: set %s.interface to another", plan.Interface, other, stream.ExtensionName)
		} else {
			pl.take(plan.Interface, s.Where)
		}
	} else {
		short := op + "Event"
		if strings.HasSuffix(op, "Events") {
			short = strings.TrimSuffix(op, "s")
		}
		plan.Interface = pl.firstFree(s.Where, short, op+"StreamEvent")
	}
	owners := map[string]source.Place{}
	for j, e := range s.Events {
		ep := pl.planEvent(op, s, e, probeName(i, j))
		if other, ok := owners[ep.Type]; ok && ep.Type != "" {
			pl.p.Add(e.Where, "the Go type %s is also that of %s in %s: give each event a data schema of its own", ep.Type, other, s.ID)
		}
		owners[ep.Type] = e.Where
		plan.Events = append(plan.Events, ep)
	}
	return plan
}

// planEvent decides on the Go type of an event. It depends on that event alone.
func (pl *planner) planEvent(op string, s *stream.Stream, e *stream.Event, probe string) *EventPlan {
	if s.Ext.Types == "data" {
		return pl.dataType(s, e)
	}
	plan := pl.planKind(e, codegen.SchemaNameToTypeName(probe))
	if plan.Type != "" {
		return plan
	}
	long := op + messageName
	if e.Names[0] != "" {
		long = op + oapi.GoWord(e.Names[0])
	}
	// The name of a component is that of its event, unless it is a model as well.
	name := long
	if e.Component != "" && oapi.HasGoName(e.Component) && !(e.Payload && pl.isModel(e.Component)) {
		name = oapi.GoTypeName(pl.doc, e.Component)
		if pl.shared[name] == e.Component {
			plan.Type = name // of another stream with the same event
			pl.nameNested(e, plan)
			return plan
		}
	} else if e.GoName != "" {
		plan.Type = pl.givenName(e)
		pl.nameNested(e, plan)
		return plan
	}
	plan.Type = pl.firstFree(e.Where, name, long, long+"Event")
	if e.Component != "" && plan.Type == name {
		pl.shared[name] = e.Component
	}
	pl.nameNested(e, plan)
	return plan
}

// planKind decides how the Go type of an event comes about. probe is the Go type that
// oapi-codegen makes of the data.
func (pl *planner) planKind(e *stream.Event, probe string) *EventPlan {
	plan := &EventPlan{Kind: kindValue}
	if e.Data == nil || e.NameIn == "" && jsonschema.AllowsNull(e.Data, !pl.doc.IsOpenAPI31OrLater()) {
		return plan
	}
	model, ok := pl.pkg.StructType(probe)
	if !ok {
		return plan
	}
	component, plain := jsonschema.PlainRef(pl.doc.Components.Schemas, e.Data)
	switch {
	case model == probe:
		plan.Kind = kindInline
	case plain && e.Payload && model == oapi.GoTypeName(pl.doc, component):
		plan.Kind, plan.Model, plan.Type = kindModel, model, model
	default:
		plan.Kind, plan.Model = kindDefined, model
	}
	return plan
}

// givenName returns the name that the inline schema of an event gives it. It never gives
// another name: which of two events gets theirs would depend on the rest of the document.
// Operations that share a response have the event in common.
func (pl *planner) givenName(e *stream.Event) string {
	here := fmt.Sprint(e.Where.At)
	if e.Where.At.Line == 0 || pl.shared[e.GoName] != here {
		pl.take(e.GoName, e.Where)
		pl.shared[e.GoName] = here
	}
	return e.GoName
}

// messageName is the Go name of an event without a name, as the standard calls it.
const messageName = "Message"

// isModel reports whether oapi-codegen declares a type for a component.
func (pl *planner) isModel(component string) bool {
	return pl.pkg.Names[oapi.GoTypeName(pl.doc, component)]
}

// dataType returns the plan of an event whose Go type is that of its data.
func (pl *planner) dataType(s *stream.Stream, e *stream.Event) *EventPlan {
	plan := &EventPlan{Kind: kindModel}
	if e.Data == nil {
		pl.p.Add(e.Where, "the event has no data schema, and %s.types of %s makes the type of the data that of the event", stream.ExtensionName, s.ID)
		return plan
	}
	name, ok := jsonschema.PlainRef(pl.doc.Components.Schemas, e.Data)
	if !ok {
		pl.p.Add(e.Where, "the data must be a $ref to a schema of components/schemas: %s.types of %s makes the type of the data that of the event", stream.ExtensionName, s.ID)
		return plan
	}
	goName := oapi.GoTypeName(pl.doc, name)
	if plan.Type, ok = pl.pkg.StructType(goName); !ok {
		pl.p.Add(source.PlaceOf(name, e.Data.Value.Origin), "the Go type %s cannot have the methods that the data of %s needs: describe an object with properties", goName, e.Where)
		plan.Type = ""
	}
	return plan
}
