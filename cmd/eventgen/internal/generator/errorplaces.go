package generator

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// withPlaces adds places to an error of oapi-codegen: those of the elements that its text
// names.
func (g *Generator) withPlaces(err error) error {
	refused := new(oapi.Error)
	if !errors.As(err, &refused) {
		return err
	}
	doc, loadErr := document.Load(g.Spec, g.Config)
	if loadErr != nil {
		return err
	}
	text := refused.Error()
	for _, find := range []func(*openapi3.T, string) []source.Place{probedIn, namedIn, pathsIn, componentsIn, typedIn, unnamedIn, typesIn} {
		for _, pl := range find(doc, text) {
			g.Problems.Add(pl, "%s", text)
		}
		if len(g.Problems.Errors) > 0 {
			return g.Problems.Err()
		}
	}
	g.Problems.Add(source.Place{At: openapi3.Location{File: g.Spec}}, "%s", text)
	return g.Problems.Err()
}

var wordInError = regexp.MustCompile(`[\p{L}\p{N}_.-]+`)

// namedIn returns the places of the schemas whose names, or else Go names, occur in a text. If
// there are none it returns the places of such operations.
func namedIn(doc *openapi3.T, text string) (found []source.Place) {
	words := map[string]bool{}
	for _, word := range wordInError.FindAllString(text, -1) {
		words[word] = true
	}
	for _, goName := range []func(string) string{func(name string) string { return name }, codegen.SchemaNameToTypeName} {
		for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
			if ref := doc.Components.Schemas[name]; words[goName(name)] && ref.Value != nil {
				found = append(found, source.PlaceOf(name, ref.Value.Origin))
			}
		}
		if len(found) > 1 || len(found) == 1 && !duplicate.MatchString(text) {
			return found
		}
		found = nil
	}
	document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		if words[op.OperationID] {
			found = append(found, source.PlaceOf(fmt.Sprintf("%s %s", method, path), op.Origin))
		}
	})
	return found
}

// duplicate matches errors about two things of the same name.
var duplicate = regexp.MustCompile(`duplicate`)

// probedIn returns the place of the event whose probe a text names.
func probedIn(doc *openapi3.T, text string) []source.Place {
	match := probeInError.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	streams := readNamed(doc, &source.Problems{})
	i, _ := strconv.Atoi(match[1])
	j, _ := strconv.Atoi(match[2])
	if i < len(streams) && j >= len(streams[i].Events) {
		j /= 10 // the last digit belongs to a type within the probe
	}
	if i >= len(streams) || j >= len(streams[i].Events) {
		return nil
	}
	return []source.Place{streams[i].Events[j].Where}
}

var probeInError = regexp.MustCompile(probePrefix + `(\d+)[xX](\d+)`)

// pathsIn returns the places of the operations whose paths occur in a text. It returns those
// of the longest path, and if the text names a method only those with that method.
func pathsIn(doc *openapi3.T, text string) (found []source.Place) {
	longest, withMethod := "", false
	document.EachOperation(doc, func(path, method string, _ *openapi3.PathItem, op *openapi3.Operation) {
		quoted := strings.Trim(strconv.Quote(path), `"`)
		if !strings.Contains(text, path) && !strings.Contains(text, quoted) || len(path) < len(longest) {
			return
		}
		hasMethod := strings.Contains(text, method+"/") || strings.Contains(text, method+" path")
		if len(path) > len(longest) || hasMethod && !withMethod {
			found, longest, withMethod = nil, path, hasMethod
		}
		if hasMethod == withMethod {
			found = append(found, source.PlaceOf(method+" "+path, op.Origin))
		}
	})
	return found
}

// typedIn returns the places of the schemas with the type that a text calls unhandled.
func typedIn(doc *openapi3.T, text string) (found []source.Place) {
	match := unhandledType.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	document.EachSchema(doc, func(s *openapi3.Schema) {
		if s.Type != nil && strings.Join(s.Type.Slice(), " ") == match[1] {
			found = append(found, source.PlaceOf("a schema of this type", s.Origin).Field(s.Origin, "type"))
		}
	})
	return found
}

var unhandledType = regexp.MustCompile(`unhandled Schema type: &\[(.*)\]`)

// typesIn returns the places of the schemas that a duplicate type in a text comes from: those
// with the longest Go name that is a prefix of the type's name.
func typesIn(doc *openapi3.T, text string) (found []source.Place) {
	match := typeInDuplicate.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	longest := ""
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		ref, goName := doc.Components.Schemas[name], oapi.GoTypeName(doc, name)
		if ref.Value == nil || !strings.HasPrefix(match[1], goName) || len(goName) < len(longest) {
			continue
		}
		if len(goName) > len(longest) {
			found, longest = nil, goName
		}
		found = append(found, source.PlaceOf(name, ref.Value.Origin))
	}
	return found
}

var typeInDuplicate = regexp.MustCompile(`duplicate typename '(\w+)'`)

// componentsIn returns the places of the components other than schemas that a text names.
func componentsIn(doc *openapi3.T, text string) (found []source.Place) {
	add := func(kind, name string, origin *openapi3.Origin) {
		if strings.Contains(text, fmt.Sprintf("component %s %q", kind, name)) {
			found = append(found, source.PlaceOf(kind+" "+name, origin))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Parameters)) {
		if q := doc.Components.Parameters[name].Value; q != nil {
			add("parameter", name, q.Origin)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Responses)) {
		if r := doc.Components.Responses[name].Value; r != nil {
			add("response", name, r.Origin)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.RequestBodies)) {
		if b := doc.Components.RequestBodies[name].Value; b != nil {
			add("request body", name, b.Origin)
		}
	}
	return found
}

// unnamedIn returns the places of properties, parameters and responses that get no Go name.
// oapi-codegen fails on them in many ways.
func unnamedIn(doc *openapi3.T, _ string) (found []source.Place) {
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Parameters)) {
		if q := doc.Components.Parameters[name].Value; q != nil && !oapi.HasGoName(name) {
			found = append(found, source.PlaceOf(fmt.Sprintf("the parameter %q", name), q.Origin))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Responses)) {
		if r := doc.Components.Responses[name].Value; r != nil && !oapi.HasGoName(name) {
			found = append(found, source.PlaceOf(fmt.Sprintf("the response %q", name), r.Origin))
		}
	}
	document.EachPart(doc, func(part any) {
		switch part := part.(type) {
		case *openapi3.Schema:
			for _, name := range slices.Sorted(maps.Keys(part.Properties)) {
				if !oapi.HasGoName(name) {
					found = append(found, source.PlaceOf(fmt.Sprintf("the property %q", name), part.Origin).Field(part.Origin, "properties"))
				}
			}
		case *openapi3.Parameter:
			if !oapi.HasGoName(part.Name) {
				found = append(found, source.PlaceOf(fmt.Sprintf("the parameter %q", part.Name), part.Origin))
			}
		}
	})
	return found
}
