// Package generator makes the Go file of a document: it decides on the names and types of the
// events, and puts their code and that of oapi-codegen into one file.
package generator

import (
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/check"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// Generator makes the Go code of one spec. Each run of oapi-codegen gets a copy of the
// document, and the streams are read anew from it: they point into it.
type Generator struct {
	Spec       string // the path of the document
	Config     codegen.Configuration
	EventsOnly bool   // the user runs oapi-codegen as well
	Output     string // the path of the file that the code is for

	Problems source.Problems
	Exact    document.Numbers // the numbers of the document as it writes them

	doc      *openapi3.T      // as it was loaded; only copies of it are changed
	collided *oapi.Collisions // found so far; nil: nothing is loaded yet
}

// Generate returns the generated file. Its error has one line for each problem.
func (g *Generator) Generate() ([]byte, error) {
	code, err := g.makeFile()
	return code, g.withPlaces(err)
}

// planRead gives Go names to the streams that were read, and returns the user's own package
// as well.
func (g *Generator) planRead(streams []*stream.Stream) (own *oapi.Package, plans []*StreamPlan, err error) {
	if !g.Config.OutputOptions.SkipPrune {
		document.Prune(g.doc, schemasOf(streams)) // the copies of what is left are small
	}
	if own, err = g.ownPackage(); err != nil {
		return nil, nil, err
	}
	plans, err = g.Plan(own)
	return own, plans, err
}

func (g *Generator) makeFile() ([]byte, error) {
	doc, streams, sessions, err := g.read()
	if err != nil {
		return nil, err
	}
	own, plans, err := g.planRead(streams)
	if err != nil {
		return nil, err
	}
	rewritten, err := g.runRewritten(plans, g.Config)
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
	f := &file{HasClient: made.Names["ClientOption"]}
	checked := check.New(doc, &g.Exact, &g.Problems)
	for i, s := range streams {
		f.addStream(s, plans[i], sessions[i], named, checked, &g.Problems)
	}
	if losesDigits(g.Config.OutputOptions) {
		checked.WarnOfNumbers()
	}
	f.addServer(doc, made)
	f.Schemas = checked.Literal()
	if err := g.Problems.Err(); err != nil {
		return nil, err
	}
	code, err := g.assemble(f, rewritten, own)
	return code, g.clashes(doc, err)
}

// read loads the document, and reports all that is wrong with its streams.
func (g *Generator) read() (*openapi3.T, []*stream.Stream, []session, error) {
	if err := g.Load(); err != nil {
		return nil, nil, nil, err
	}
	doc, streams := g.Copy(&g.Problems)
	sessions := make([]session, len(streams))
	for i, s := range streams {
		s.Check(&g.Problems)
		checkMemberNames(s, &g.Problems)
		sessions[i].param, sessions[i].undecided = s.SessionParam(&g.Problems)
	}
	return doc, streams, sessions, g.Problems.Err()
}

// session is the parameter that names the session of a stream.
type session struct {
	param     *openapi3.Parameter
	undecided bool
}

// ownPackage returns what the user's own run of oapi-codegen makes, nil unless there is one.
func (g *Generator) ownPackage() (*oapi.Package, error) {
	if !g.EventsOnly {
		return nil, nil //nolint:nilnil // there is none
	}
	doc, err := g.LoadSpec()
	if err != nil {
		return nil, err
	}
	return oapi.RunUnchanged(doc, g.Config)
}

// Plan decides on the Go names by a run of oapi-codegen that shows the Go type of the data
// of each event, and of all else.
func (g *Generator) Plan(own *oapi.Package) ([]*StreamPlan, error) {
	pkg, err := g.probed()
	for range 4 {
		var found *oapi.Collisions
		if err != nil {
			found = oapi.CollisionsOf(err)
		} else {
			found = pkg.Collisions(fileNames)
		}
		if g.EventsOnly || !g.collided.Add(found) {
			break
		}
		pkg, err = g.probed()
	}
	if err != nil {
		return nil, err
	}
	names := pkg.Names
	if own != nil {
		for name := range own.Names {
			names[name] = true
		}
	}
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	plans := planStreams(doc, streams, pkg, &g.Problems)
	return plans, g.Problems.Err()
}

// probed returns what oapi-codegen makes of the document with the probes.
func (g *Generator) probed() (*oapi.Package, error) {
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	probe(doc, streams)
	cfg := g.Config
	cfg.Generate.Client = true
	return oapi.Run(doc, cfg)
}

// namedPackage returns the same with a client, whose functions show the names and types of
// the parameters.
func (g *Generator) namedPackage(plans []*StreamPlan, pkg *oapi.Package) (*oapi.Package, error) {
	if g.Config.Generate.Client {
		return pkg, nil
	}
	cfg := g.Config
	cfg.Generate.Client = true
	return g.runRewritten(plans, cfg)
}

// runRewritten returns what oapi-codegen makes of the document with the types of the events.
func (g *Generator) runRewritten(plans []*StreamPlan, cfg codegen.Configuration) (*oapi.Package, error) {
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	rewrite(doc, streams, plans)
	cfg.Generate.EmbeddedSpec = false // it would be that of the rewritten document
	return oapi.Run(doc, cfg)
}

// assemble returns the file: what oapi-codegen makes and the events, or the events alone.
func (g *Generator) assemble(f *file, pkg, own *oapi.Package) ([]byte, error) {
	events, err := f.render()
	if err != nil {
		return nil, err
	}
	if pkg, err = pkg.SeparateTags(); err != nil {
		return nil, err
	}
	importLines, bodies, beside := pkg.Imports(), []string{pkg.Body(), events}, []string(nil)
	if own != nil {
		bodies = []string{events, pkg.Missing(events, own)}
		beside = []string{own.Source}
	} else if g.Config.Generate.EmbeddedSpec {
		embedded, err := g.embeddedSpec()
		if err != nil {
			return nil, err
		}
		importLines = append(importLines, embedded.Imports()...)
		bodies = append(bodies, embedded.Body())
	}
	code, err := Merge(filepath.Base(g.Spec), g.Config.PackageName, importLines, bodies)
	if err != nil {
		return nil, err
	}
	return code, checkTypes(g.Output, code, beside...)
}

// embeddedSpec returns oapi-codegen's code that holds the document as the user wrote it.
func (g *Generator) embeddedSpec() (*oapi.Package, error) {
	doc, err := g.LoadSpec()
	if err != nil {
		return nil, err
	}
	cfg := g.Config
	cfg.Generate = codegen.GenerateOptions{EmbeddedSpec: true}
	return oapi.RunUnchanged(doc, cfg)
}
