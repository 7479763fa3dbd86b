package main

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// nameAPI fills in the Go names, all of which pkg must declare, and refuses the
// spec if the generated file would declare a name once more.
func nameAPI(a *api, doc *openapi3.T, pkg *goPackage) error {
	var p problems
	ids := map[string]string{} // Go name to operationId
	for _, o := range a.Operations {
		o.GoName = codegen.SchemaNameToTypeName(o.ID)
		if other, ok := ids[o.GoName]; ok {
			p.add(o.ID, "its Go name %s is also that of %s", o.GoName, other)
		}
		ids[o.GoName] = o.ID
		if !pkg.members["StrictServerInterface"][o.GoName] || !pkg.names[o.GoName+"RequestObject"] || !pkg.names[o.GoName+"ResponseObject"] {
			p.add(o.ID, "oapi-codegen makes no %s of it in StrictServerInterface", o.GoName)
		}
	}
	for _, o := range a.Streams() {
		nameStream(o.Stream, doc, pkg, &p)
	}
	checkNames(a, doc, pkg, &p)
	return p.err()
}

func nameStream(s *stream, doc *openapi3.T, pkg *goPackage, p *problems) {
	s.EnumType = nameEnum(s.Enum, doc, pkg, p)
	owners := map[string]string{} // Go type to event schema
	for _, e := range s.Events {
		if s.EnumType != "" {
			e.Const = pkg.consts[s.EnumType][e.Name]
			if e.Const == "" {
				p.add(s.Enum, "oapi-codegen makes no constant of its value %q", e.Name)
			}
		}
		goName := goTypeName(e.Data, doc)
		if pkg.types[goName] == nil {
			p.add(e.Data, "oapi-codegen declares no type %s of it; output-options.skip-prune keeps the schemas that it finds unused", goName)
			continue
		}
		dataType, ok := pkg.definedType(goName)
		if !ok {
			p.add(e.Data, "its Go type %s can have no methods, as the data of %s needs; that of an object with properties can", goName, e.Schema)
			continue
		}
		e.DataType = dataType
		if other, ok := owners[dataType]; ok {
			p.add(e.Schema, "the Go type of its data, %s, is also that of %s", dataType, other)
		}
		owners[dataType] = e.Schema
		for _, method := range []string{s.Prefix + "EventName", "is" + s.Prefix + "Event", "Validate"} {
			if pkg.members[dataType][method] {
				p.add(e.Data, "its Go type %s has a field or method %s already; x-go-name on the property gives it another name", dataType, method)
			}
		}
	}
}

// nameEnum returns the Go type of an enum of event names.
func nameEnum(schema string, doc *openapi3.T, pkg *goPackage, p *problems) string {
	name, ok := pkg.definedType(goTypeName(schema, doc))
	if !ok || pkg.consts[name] == nil {
		p.add(schema, "oapi-codegen makes no type with constants of it")
		return ""
	}
	enum := doc.Components.Schemas[schema].Value
	if enum.Extensions["x-enum-varnames"] != nil || enum.Extensions["x-enumNames"] != nil {
		return name
	}
	// oapi-codegen numbers the constants of such values in their order, so a
	// new value could silently rename those that programs use.
	values := map[string]any{}
	for _, v := range enum.Enum {
		constant := codegen.SchemaNameToTypeName(v.(string))
		if other, ok := values[constant]; ok {
			p.add(schema, "the Go name of its value %q, %s, is also that of %q; x-enum-varnames gives them others", v, constant, other)
		}
		values[constant] = v
	}
	return name
}

// goTypeName returns the name that oapi-codegen gives to the type of a schema
// of components/schemas.
func goTypeName(schema string, doc *openapi3.T) string {
	if ref := doc.Components.Schemas[schema]; ref.Ref == "" {
		if name, ok := ref.Value.Extensions["x-go-name"].(string); ok {
			return name
		}
	}
	return codegen.SchemaNameToTypeName(schema)
}

// checkNames refuses a Go name that the generated file would declare although
// oapi-codegen does, or twice.
func checkNames(a *api, doc *openapi3.T, pkg *goPackage, p *problems) {
	schemas := map[string]string{} // Go name to schema
	for schema := range doc.Components.Schemas {
		schemas[goTypeName(schema, doc)] = schema
	}
	owners := map[string]string{} // generated name to operationId
	for _, name := range declared(nil) {
		owners[name] = ""
	}
	check := func(name string) {
		if !pkg.names[name] {
			return
		}
		if schema, ok := schemas[name]; ok {
			p.add(schema, "its Go name %s is that of a generated declaration; x-go-name gives it another", name)
		} else {
			p.add(name, "oapi-codegen declares this Go name, and the generated file would too")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		check(name)
	}
	for _, o := range a.Streams() {
		for _, name := range declared(o.Stream) {
			if other, ok := owners[name]; ok {
				p.add(o.ID, "its %s %q makes the Go name %s, which is generated%s already", prefixExtension, o.Stream.Prefix, name, forOperation(other))
				continue
			}
			owners[name] = o.ID
			check(name)
		}
	}
}

func forOperation(id string) string {
	if id == "" {
		return ""
	}
	return " for " + id
}

// declared returns the package-level names that the generated file declares for
// a stream, or for the file as a whole where s is nil. The names of the packages
// that it imports count: a declaration of the package would hide them.
func declared(s *stream) []string {
	if s == nil {
		return []string{
			"Operation", "Operations", "UnknownEvent", "InvalidEventError", "NotImplementedError", "UnimplementedServer",
			"cmp", "context", "encoding", "json", "errors", "fmt", "maps", "math", "reflect", "regexp", "slices", "strconv", "strings", "utf8",
			"dataSchema", "dataSchemas", "dataProperty", "misfit", "checkEach", "oneLine", "scalar", "validateData", "validateValue",
			"maxSearched", "undecodable", "findUndecodable", "unencodable", "findUnencodable", "memberType", "memberName", "whyMisfit", "specType",
		}
	}
	return []string{
		s.Prefix + "Event", s.Prefix + "EventNames", "Decode" + s.Prefix + "Event", "Decode" + s.Prefix + "EventFunc",
		"Encode" + s.Prefix + "Event", "Validate" + s.Prefix + "Event",
	}
}
