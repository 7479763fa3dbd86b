package generator

import (
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// LoadSpec loads the document afresh.
func (g *Generator) LoadSpec() (*openapi3.T, error) {
	doc, err := document.Load(g.Spec, g.Config)
	if err == nil {
		g.Exact.Restore(doc)
	}
	return doc, err
}

// Load loads the document that later steps copy.
func (g *Generator) Load() error {
	if err := oapi.PrimeNames(g.Config); err != nil {
		return err
	}
	doc, err := g.LoadSpec()
	if err != nil {
		document.ReportLoadError(&g.Problems, g.Spec, err)
		return g.Problems.Err()
	}
	document.Check(&g.Problems, g.Spec, doc)
	g.Problems.NoLines = g.Config.OutputOptions.Overlay.Path != ""
	g.doc, g.collided = doc, oapi.NewCollisions()
	return nil
}

// Copy returns a copy of the document with Go names for parts that have none, and its streams.
func (g *Generator) Copy(p *source.Problems) (*openapi3.T, []*stream.Stream) {
	doc := document.Clone(g.doc)
	if !g.EventsOnly {
		oapi.NameOddSchemas(doc)
		g.collided.Rename(doc)
	}
	oapi.CompletePathParams(doc, p)
	oapi.NameParams(doc)
	document.ReadNullable(doc)
	streams := readNamed(doc, p)
	stream.CompleteRequired(doc, streams, p)
	return doc, streams
}

// fresh returns a copy of the document for a run of oapi-codegen, and its streams. It removes
// schemas that only describe how events are written, unless the user's own run of oapi-codegen
// turns them into types.
func (g *Generator) fresh() (*openapi3.T, []*stream.Stream, error) {
	var reported source.Problems
	doc, streams := g.Copy(&reported)
	if g.EventsOnly {
		return doc, streams, nil
	}
	return doc, streams, dropWrappers(doc, streams)
}

// schemasOf returns the schemas of the events of some streams, and of their data.
func schemasOf(streams []*stream.Stream) []*openapi3.SchemaRef {
	var all []*openapi3.SchemaRef
	for _, s := range streams {
		for _, e := range s.Events {
			all = append(all, e.Data, &openapi3.SchemaRef{Ref: "#/components/schemas/" + e.Component})
		}
	}
	return all
}

// readNamed names the operations of a document and reads its streams.
func readNamed(doc *openapi3.T, p *source.Problems) []*stream.Stream {
	stream.CompleteContents(doc, p)
	return stream.Read(doc, oapi.NameOperations(doc, p), p)
}
