package document

import (
	"context"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// bundle moves the parts of other files that a document refers to into its components, so that
// one package contains all of it. A component keeps its name. If a whole file is one
// component, the file gives the name.
func bundle(doc *openapi3.T) {
	if !refersToFiles(doc) {
		return
	}
	restore := showItems(doc)
	names := &fileNamer{names: map[string]string{}, owners: map[string]string{}}
	doc.InternalizeRefs(context.Background(), names.name)
	restore()
}

// refersToFiles reports whether any reference in a document points to another file.
func refersToFiles(doc *openapi3.T) bool {
	found := false
	eachRef(doc, func(ref string) { found = found || ref != "" && !strings.HasPrefix(ref, "#") })
	return found
}

// eachRef calls f with the text of every reference in a part of a document.
func eachRef(part any, f func(string)) {
	eachStruct(part, func(v reflect.Value) {
		if ref := v.FieldByName("Ref"); ref.IsValid() && ref.Kind() == reflect.String {
			f(ref.String())
		}
	})
}

// showItems copies each itemSchema to schema, because InternalizeRefs ignores the former. It
// returns a function that undoes this.
func showItems(doc *openapi3.T) (restore func()) {
	was := map[*openapi3.MediaType]*openapi3.SchemaRef{}
	eachStruct(doc, func(v reflect.Value) {
		content, ok := v.Addr().Interface().(*openapi3.MediaType)
		if _, seen := was[content]; !ok || seen || content.ItemSchema == nil {
			return
		}
		was[content] = content.Schema
		all := openapi3.SchemaRefs{content.ItemSchema}
		if content.Schema != nil {
			all = append(all, content.Schema)
		}
		content.Schema = &openapi3.SchemaRef{Value: &openapi3.Schema{AllOf: all}}
	})
	return func() {
		for content, schema := range was {
			content.Schema = schema
		}
	}
}

// fileNamer names components of other files.
type fileNamer struct {
	names  map[string]string // the chosen name, by collection and address
	owners map[string]string // the address, by collection and chosen name
}

// name chooses the name for a component among those of the document.
func (n *fileNamer) name(doc *openapi3.T, ref openapi3.ComponentRef) string {
	kind, address := ref.CollectionName(), ref.RefPath().String()
	if own, ok := openapi3.ReferencesComponentInRootDocument(doc, ref); ok {
		return path.Base(own)
	}
	if name, ok := n.names[kind+" "+address]; ok {
		return name
	}
	file := strings.TrimSuffix(path.Base(ref.RefPath().Path), path.Ext(ref.RefPath().Path))
	name := path.Base(ref.RefPath().Fragment)
	first := openapi3.InvalidIdentifierCharRegExp.ReplaceAllString(name, "_")
	if ref.RefPath().Fragment == "" || name == "/" || name == "." {
		first = openapi3.InvalidIdentifierCharRegExp.ReplaceAllString(file, "_")
	}
	second := openapi3.InvalidIdentifierCharRegExp.ReplaceAllString(file, "_") + "_" + first
	chosen := first
	for i := 1; n.isTaken(doc, kind, chosen); i++ {
		if chosen = second; i > 1 {
			chosen = second + strconv.Itoa(i)
		}
	}
	n.names[kind+" "+address] = chosen
	n.owners[kind+" "+chosen] = address
	return chosen
}

// isTaken reports whether the document, or another file, has a component of this name.
func (n *fileNamer) isTaken(doc *openapi3.T, kind, name string) bool {
	if n.owners[kind+" "+name] != "" {
		return true
	}
	if doc.Components == nil {
		return false
	}
	all, ok := componentMaps(doc)[kind]
	return ok && all.MapIndex(reflect.ValueOf(name)).IsValid()
}
