// Package generator makes the Go file for a document. It chooses the names and types of the
// events, and joins their code with that of oapi-codegen.
package generator

import (
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/check"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/gojson"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/stream"
)

// Generator makes the Go code for one spec. Each run of oapi-codegen gets its own copy of the
// document. The streams are read again from each copy, because they point into it.
type Generator struct {
	Spec       string // the path of the document
	Config     codegen.Configuration
	EventsOnly bool   // the user runs oapi-codegen separately
	Output     string // the path of the file to generate

	Problems source.Problems
	Exact    document.Numbers // the numbers of the document as it writes them

	doc      *openapi3.T      // the loaded document; only copies of it are changed
	collided *oapi.Collisions // the collisions found so far; nil before the document is loaded
}

// Generate returns the generated file. Its error has one line for each problem.
func (g *Generator) Generate() ([]byte, error) {
	code, err := g.makeFile()
	return code, g.withPlaces(err)
}

// planRead chooses Go names for the streams. It also returns the user's own package.
func (g *Generator) planRead(streams []*stream.Stream) (own *oapi.Package, plans []*StreamPlan, err error) {
	if !g.Config.OutputOptions.SkipPrune {
		document.Prune(g.doc, schemasOf(streams)) // makes the copies small
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
	if rewritten, err = rewritten.SeparateTags(); err != nil {
		return nil, err
	}
	made := rewritten // the package of everything except the events
	if own != nil {
		made = own
	}
	f := &file{HasClient: made.Names["ClientOption"], JSON: g.types(plans, rewritten, own)}
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

// types returns the Go types of the events' data. Those of own are the user's.
func (g *Generator) types(plans []*StreamPlan, pkg, own *oapi.Package) *gojson.Types {
	methods, taken := byHand(g.Output, g.Config.PackageName, own)
	for _, name := range fileNames {
		taken[name] = true
	}
	for _, plan := range plans {
		for _, name := range []string{plan.Var, plan.Interface, plan.RequestType} {
			taken[name] = true
		}
		for _, event := range plan.Events {
			taken[event.Type] = true
		}
	}
	if own == nil {
		return gojson.New(methods, taken, pkg)
	}
	return gojson.New(methods, taken, own, pkg)
}

// read loads the document and reports all errors in its streams.
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

// ownPackage returns the output of the user's own run of oapi-codegen; nil if the user does
// not run it.
func (g *Generator) ownPackage() (*oapi.Package, error) {
	if !g.EventsOnly {
		return nil, nil //nolint:nilnil // nil means that there is none
	}
	doc, err := g.LoadSpec()
	if err != nil {
		return nil, err
	}
	return oapi.RunUnchanged(doc, g.Config)
}

// Plan chooses the Go names after a run of oapi-codegen that shows the Go type of each event's
// data and all other names.
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

// probed returns oapi-codegen's output for the document with probes.
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

// namedPackage returns pkg, or the same with a client, whose functions show the names and
// types of the parameters.
func (g *Generator) namedPackage(plans []*StreamPlan, pkg *oapi.Package) (*oapi.Package, error) {
	if g.Config.Generate.Client {
		return pkg, nil
	}
	cfg := g.Config
	cfg.Generate.Client = true
	return g.runRewritten(plans, cfg)
}

// runRewritten returns oapi-codegen's output for the document with the types of the events.
func (g *Generator) runRewritten(plans []*StreamPlan, cfg codegen.Configuration) (*oapi.Package, error) {
	doc, streams, err := g.fresh()
	if err != nil {
		return nil, err
	}
	rewrite(doc, streams, plans)
	cfg.Generate.EmbeddedSpec = false // it would embed the rewritten document
	return oapi.Run(doc, cfg)
}

// assemble returns the file: oapi-codegen's output and the events, or the events alone.
func (g *Generator) assemble(f *file, pkg, own *oapi.Package) ([]byte, error) {
	events, err := f.render()
	if err != nil {
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

// embeddedSpec returns oapi-codegen's code that embeds the document as the user wrote it.
func (g *Generator) embeddedSpec() (*oapi.Package, error) {
	doc, err := g.LoadSpec()
	if err != nil {
		return nil, err
	}
	cfg := g.Config
	cfg.Generate = codegen.GenerateOptions{EmbeddedSpec: true}
	return oapi.RunUnchanged(doc, cfg)
}
