package main

import (
	"fmt"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// generator makes the Go code of one spec. Each run of oapi-codegen gets a copy of the
// document, and the streams are read anew from it: they point into it.
type generator struct {
	spec       string
	cfg        codegen.Configuration
	eventsOnly bool
	output     string // the path of the file that the code is for

	collided *collisions // found so far; nil: nothing is loaded yet

	p     problems
	doc   *openapi3.T // as it was loaded; only copies of it are changed
	exact exact
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
		prune(g.doc, streams) // the copies of what is left are small
	}
	own, err := g.ownPackage()
	if err != nil {
		return nil, err
	}
	plans, err := g.plan(own)
	if err != nil {
		return nil, err
	}
	rewritten, err := g.rewritten(plans)
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
		s.checkKeywords(&g.p)
		s.checkMemberNames(&g.p)
		s.checkSound(&g.p)
		s.checkPosition(&g.p)
		if !s.broken {
			s.checkControl(&g.p)
		}
		sessions[i].param, sessions[i].undecided = s.session(&g.p)
	}
	return doc, streams, sessions, g.p.err()
}

// session is the parameter that names the session of a stream.
type session struct {
	param     *openapi3.Parameter
	undecided bool
}

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
		g.p.addLoadError(g.spec, err)
		return g.p.err()
	}
	g.p.checkSource(g.spec, doc)
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
	separateParams(doc)
	readNullable(doc)
	streams := readStreams(doc, p)
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

// runCodegen runs oapi-codegen on a document, which it changes, after what it would refuse,
// or make no good Go of, has been written otherwise.
func runCodegen(doc *openapi3.T, cfg codegen.Configuration) (*goPackage, error) {
	o := &cfg.OutputOptions
	if !o.SkipPrune {
		prune(doc, nil)
		o.SkipPrune = true
	}
	// The filters were applied, and some operations have another operationId since.
	o.IncludeTags, o.ExcludeTags, o.IncludeOperationIDs, o.ExcludeOperationIDs = nil, nil, nil, nil
	adapt(doc)
	flattenUnions(doc)
	completeDiscriminators(doc)
	separateVariables(doc)
	plainNames(doc)
	pkg, err := runUnchanged(doc, cfg)
	if err != nil {
		return nil, err
	}
	return pkg.separate()
}

// runUnchanged is runCodegen on a document as its author wrote it.
func runUnchanged(doc *openapi3.T, cfg codegen.Configuration) (pkg *goPackage, err error) {
	defer func() {
		if r := recover(); r != nil {
			pkg, err = nil, &codegenError{fmt.Errorf("it panics: %v", r)}
		}
	}()
	version := "v0"
	cfg.NoVCSVersionOverride = &version
	cfg.OutputOptions.SkipFmt = true
	code, err := codegen.Generate(doc, cfg)
	if err != nil {
		return nil, &codegenError{err}
	}
	if pkg, err = parsePackage(code); err != nil {
		return nil, &codegenError{fmt.Errorf("what it makes is no Go: %w", err)}
	}
	return pkg, nil
}

// primeNames has oapi-codegen take in how the configuration makes Go names, which it keeps
// in variables of its package.
func primeNames(cfg codegen.Configuration) error {
	_, err := runUnchanged(&openapi3.T{OpenAPI: "3.1.0", Info: &openapi3.Info{Title: "none", Version: "0"}, Paths: openapi3.NewPaths(), Components: &openapi3.Components{}}, cfg)
	return err
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
			found = pkg.collisions()
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

// rewritten returns what oapi-codegen makes of the document with the types of the events.
func (g *generator) rewritten(plans []*streamPlan) (*goPackage, error) {
	return g.runRewritten(plans, g.cfg)
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
