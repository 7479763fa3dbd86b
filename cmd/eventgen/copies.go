package main

import "github.com/getkin/kin-openapi/openapi3"

// loadSpec loads a fresh document.
func (g *generator) loadSpec() (*openapi3.T, error) {
	doc, err := loadSpec(g.spec, g.cfg)
	if err == nil {
		g.exact.restore(doc)
	}
	return doc, err
}

// load loads the document.
func (g *generator) load() error {
	if err := primeNames(g.cfg); err != nil {
		return err
	}
	doc, err := g.loadSpec()
	if err != nil {
		addLoadError(&g.p, g.spec, err)
		return g.p.err()
	}
	checkSource(&g.p, g.spec, doc)
	g.p.noLines = g.cfg.OutputOptions.Overlay.Path != ""
	g.doc, g.collided = doc, newCollisions()
	return nil
}

// copy returns a copy of the document with the Go names that its author has not given, and
// its streams.
func (g *generator) copy(p *problems) (*openapi3.T, []*stream) {
	doc := cloneSpec(g.doc)
	if !g.eventsOnly {
		nameOddSchemas(doc)
		g.collided.rename(doc)
	}
	completePathParams(doc, p)
	separateParams(doc)
	readNullable(doc)
	streams := readNamed(doc, p)
	completeRequired(doc, streams, p)
	return doc, streams
}

// fresh returns a copy of the document for a run of oapi-codegen, and its streams. What
// only describes how they are written is removed, unless the user's own run of oapi-codegen
// has made types of it.
func (g *generator) fresh() (*openapi3.T, []*stream, error) {
	var reported problems
	doc, streams := g.copy(&reported)
	if g.eventsOnly {
		return doc, streams, nil
	}
	return doc, streams, dropParts(doc, streams)
}

// schemasOf returns the schemas of the events of some streams, and of their data.
func schemasOf(streams []*stream) []*openapi3.SchemaRef {
	var all []*openapi3.SchemaRef
	for _, s := range streams {
		for _, e := range s.Events {
			all = append(all, e.Data, &openapi3.SchemaRef{Ref: "#/components/schemas/" + e.Component})
		}
	}
	return all
}

// readNamed reads the streams of a document whose operations it gives names.
func readNamed(doc *openapi3.T, p *problems) []*stream {
	completeContents(doc, p)
	return readStreams(doc, nameOperations(doc, p), p)
}
