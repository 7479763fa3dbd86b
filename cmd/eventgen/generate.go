package main

import (
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// generator makes the Go code of one spec. Each run of oapi-codegen gets a copy of the
// document, and the streams are read anew from it: they point into it.
type generator struct {
	spec       string // the path of the document
	cfg        codegen.Configuration
	eventsOnly bool   // the user runs oapi-codegen as well
	output     string // the path of the file that the code is for

	p     problems
	exact exact // the numbers of the document as it writes them

	doc      *openapi3.T // as it was loaded; only copies of it are changed
	collided *collisions // found so far; nil: nothing is loaded yet
}

// generate returns the generated file. Its error has one line for each problem.
func (g *generator) generate() ([]byte, error) {
	code, err := g.makeFile()
	return code, g.located(err)
}

func (g *generator) makeFile() ([]byte, error) {
	doc, streams, sessions, err := g.read()
	if err != nil {
		return nil, err
	}
	if !g.cfg.OutputOptions.SkipPrune {
		prune(g.doc, schemasOf(streams)) // the copies of what is left are small
	}
	own, err := g.ownPackage()
	if err != nil {
		return nil, err
	}
	plans, err := g.plan(own)
	if err != nil {
		return nil, err
	}
	rewritten, err := g.runRewritten(plans, g.cfg)
	if err != nil {
		return nil, err
	}
	named, err := g.namedPackage(plans, rewritten)
	if err != nil {
		return nil, err
	}
	made := rewritten // what stands beside the events
	if own != nil {
		made = own
	}
	f := &file{HasClient: made.names["ClientOption"]}
	checked := newSchemas(doc, &g.exact, &g.p)
	for i, s := range streams {
		f.addStream(s, plans[i], sessions[i], named, checked, &g.p)
	}
	if losesDigits(g.cfg.OutputOptions) {
		checked.warnOfNumbers()
	}
	f.addServer(doc, made)
	f.Schemas = checked.literal()
	if err := g.p.err(); err != nil {
		return nil, err
	}
	code, err := g.assemble(f, rewritten, own)
	return code, g.clashes(doc, err)
}

// read loads the document, and reports all that is wrong with its streams.
func (g *generator) read() (*openapi3.T, []*stream, []session, error) {
	if err := g.load(); err != nil {
		return nil, nil, nil, err
	}
	doc, streams := g.copy(&g.p)
	sessions := make([]session, len(streams))
	for i, s := range streams {
		s.check(&g.p)
		checkMemberNames(s, &g.p)
		sessions[i].param, sessions[i].undecided = s.session(&g.p)
	}
	return doc, streams, sessions, g.p.err()
}

// session is the parameter that names the session of a stream.
type session struct {
	param     *openapi3.Parameter
	undecided bool
}

// ownPackage returns what the user's own run of oapi-codegen makes, nil unless there is one.
func (g *generator) ownPackage() (*goPackage, error) {
	if !g.eventsOnly {
		return nil, nil //nolint:nilnil // there is none
	}
	doc, err := g.loadSpec()
	if err != nil {
		return nil, err
	}
	return runUnchanged(doc, g.cfg)
}

// plan decides on the Go names by a run of oapi-codegen that shows the Go type of the data
// of each event, and of all else.
func (g *generator) plan(own *goPackage) ([]*streamPlan, error) {
	pkg, err := g.probed()
	for range 4 {
		var found *collisions
		if err != nil {
			found = collisionsOf(err)
		} else {
			found = pkg.collisions(fileNames)
		}
		if g.eventsOnly || !g.collided.add(found) {
			break
		}
		pkg, err = g.probed()
	}
	if err != nil {
		return nil, err
	}
	names := pkg.names
	if own != nil {
		for name := range own.names {
			names[name] = true
		}
	}
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	plans := planStreams(doc, streams, pkg, &g.p)
	return plans, g.p.err()
}

// probed returns what oapi-codegen makes of the document with the probes.
func (g *generator) probed() (*goPackage, error) {
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	probe(doc, streams)
	cfg := g.cfg
	cfg.Generate.Client = true
	return runCodegen(doc, cfg)
}

// namedPackage returns the same with a client, whose functions show the names and types of
// the parameters.
func (g *generator) namedPackage(plans []*streamPlan, pkg *goPackage) (*goPackage, error) {
	if g.cfg.Generate.Client {
		return pkg, nil
	}
	cfg := g.cfg
	cfg.Generate.Client = true
	return g.runRewritten(plans, cfg)
}

// runRewritten returns what oapi-codegen makes of the document with the types of the events.
func (g *generator) runRewritten(plans []*streamPlan, cfg codegen.Configuration) (*goPackage, error) {
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	rewrite(doc, streams, plans)
	cfg.Generate.EmbeddedSpec = false // it would be that of the rewritten document
	return runCodegen(doc, cfg)
}

// assemble returns the file: what oapi-codegen makes and the events, or the events alone.
func (g *generator) assemble(f *file, pkg, own *goPackage) ([]byte, error) {
	events, err := f.render()
	if err != nil {
		return nil, err
	}
	if pkg, err = pkg.separateTags(); err != nil {
		return nil, err
	}
	importLines, bodies, beside := pkg.imports(), []string{pkg.body(), events}, []string(nil)
	if own != nil {
		bodies = []string{events, pkg.missing(events, own)}
		beside = []string{own.source}
	} else if g.cfg.Generate.EmbeddedSpec {
		embedded, err := g.embeddedSpec()
		if err != nil {
			return nil, err
		}
		importLines = append(importLines, embedded.imports()...)
		bodies = append(bodies, embedded.body())
	}
	code, err := merge(filepath.Base(g.spec), g.cfg.PackageName, importLines, bodies)
	if err != nil {
		return nil, err
	}
	return code, checkTypes(g.output, code, beside...)
}

// embeddedSpec returns oapi-codegen's code that holds the document as the user wrote it.
func (g *generator) embeddedSpec() (*goPackage, error) {
	doc, err := g.loadSpec()
	if err != nil {
		return nil, err
	}
	cfg := g.cfg
	cfg.Generate = codegen.GenerateOptions{EmbeddedSpec: true}
	return runUnchanged(doc, cfg)
}
