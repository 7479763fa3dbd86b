package generator

import (
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// rules are what the data of an event must be.
type rules struct {
	Var     string
	Schema  string // its name in the map of schemas
	Type    string // the Go type
	IsValue bool   // the type may be of another package
}

// addData finds the Go type of the event's data.
func (v *eventView) addData(f *file, schema *openapi3.SchemaRef) {
	switch v.Kind {
	case kindValue:
		v.Data = f.JSON.ValueOf(v.Type)
	case kindDefined:
		if !f.JSON.ByHand(v.Type) {
			v.Data = f.JSON.Named(v.Model)
			break
		}
		fallthrough
	default:
		v.Data = f.JSON.Named(v.Type)
	}
	v.Data.Compare(schema)
}

// AsData returns the expression for a pointer to an event as one to what its functions take.
func (v *eventView) AsData(pointer string) string {
	if v.IsDefined && v.Data.Type() == v.Model {
		return "(*" + v.Model + ")(" + pointer + ")"
	}
	return pointer
}

// addRules finds the variable with the rules of the event. Events share them if their data has
// the same schema and the same Go type.
func (v *eventView) addRules(f *file, schema string) {
	name := "rulesOf" + v.Type
	taken := map[string]bool{}
	for _, r := range f.Rules {
		if r.Schema == schema && r.Type == v.Data.Type() {
			v.Rules = r.Var
			return
		}
		taken[r.Var] = true
	}
	v.Rules = name
	for n := 2; taken[v.Rules]; n++ {
		v.Rules = name + strconv.Itoa(n)
	}
	f.Rules = append(f.Rules, &rules{Var: v.Rules, Schema: schema, Type: v.Data.Type(), IsValue: v.IsValue})
}

// settle drops the fields that the encoders of the data set themselves.
func (f *file) settle() {
	for _, s := range f.Streams {
		for _, e := range s.Events {
			if e.Field != "" && e.Data.Writes(s.NameIn, e.Names[0]) {
				e.Field = ""
			}
		}
	}
}
