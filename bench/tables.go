package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	tokenEvents = 100_000
	typedEvents = 10_000
)

// table is one group of subjects, measured in turn.
type table struct {
	name  string
	title string
	write func(ctx context.Context, out *output) error
}

// tables returns every table. Together they take less than two minutes, without building the
// second program.
func tables() []table {
	return []table{
		{"tokens", "Decode: 100,000 token events of 114 bytes", writeTokens},
		{"paragraphs", "Decode: events of 20 data lines", writeParagraphs},
		{"lines", "Decode: events of one line of 64 KiB", writeLines},
		{"large", "Decode: one event of 1 MiB in reads of 1460 bytes", writeLarge},
		{"typed", "Typed decode to `*gen.ContentData`", writeTyped},
		{"encode", "Encode a token event", writeEncode},
		{"marshal", "Encode typed events to JSON", writeMarshal},
		{"publish", "Publish one event", writePublish},
	}
}

// output collects the markdown and the goals.
type output struct {
	text  strings.Builder
	goals []goal
	plot  plot
}

// goal is a ratio, or a number of allocations, that this project aims for.
type goal struct {
	what     string
	most     float64
	measured float64 // the median
	best     float64 // of the fastest samples of both
}

func (o *output) goal(what string, most float64, j, base *job) {
	o.goals = append(o.goals, goal{what, most, j.ratio(base), j.bestRatio(base)})
}

func (o *output) goalNoAllocs(what string, j *job) {
	n := j.result().allocs
	o.goals = append(o.goals, goal{what, 0, n, n})
}

// goalAllocs leaves out fractions: those come from what a run allocates once.
func (o *output) goalAllocs(what string, most float64, j *job) {
	n := math.Floor(j.result().allocs)
	o.goals = append(o.goals, goal{what, most, n, n})
}

func (o *output) row(cells ...string) {
	fmt.Fprintf(&o.text, "| %s |\n", strings.Join(cells, " | "))
}

// head writes the head of a table. All columns except the first, and the last one if it holds
// notes, are numbers.
func (o *output) head(cells ...string) {
	o.row(cells...)
	rule := make([]string, len(cells))
	for i := range rule {
		rule[i] = "--:"
	}
	rule[0] = ":--"
	if cells[len(cells)-1] == "" {
		rule[len(rule)-1] = ":--"
	}
	o.row(rule...)
}

// decodeGroup is every subject on some corpora, with the floors of each.
type decodeGroup struct {
	corpora  []*corpus
	scan     []*job // by corpus
	scanRead []*job // by corpus
	duty     []*job // by corpus, if wanted
	valid    []*job // by corpus, if wanted
	subjects []*subject
	jobs     map[*subject][]*job // by corpus; none if the subject failed on one
	wrong    map[*subject]error
}

// measureDecode checks every subject on every corpus, and measures those that deliver
// everything. The floors and this project must.
func measureDecode(b budget, list []*subject, withValid bool, corpora ...*corpus) (*decodeGroup, error) {
	g := &decodeGroup{corpora: corpora, subjects: list, jobs: map[*subject][]*job{}, wrong: map[*subject]error{}}
	var all []*job
	for _, c := range corpora {
		g.scan = append(g.scan, floorJob("scan", c, scanLines))
		g.scanRead = append(g.scanRead, floorJob("read and scan", c, scanRead))
		if withValid {
			g.duty = append(g.duty, floorJob("read, scan and check", c, scanDuty))
			g.valid = append(g.valid, floorJob("utf8.Valid", c, validate))
		}
	}
	all = slices.Concat(g.scan, g.scanRead, g.duty, g.valid)
	for _, s := range g.subjects {
		for _, c := range corpora {
			if err := s.check(c); err != nil {
				if !s.peer {
					return nil, err
				}
				g.wrong[s] = err
				break
			}
		}
		if g.wrong[s] != nil {
			continue
		}
		for _, c := range corpora {
			j := s.job(c)
			g.jobs[s] = append(g.jobs[s], j)
			all = append(all, j)
		}
	}
	return g, measure(all, b)
}

func floorJob(name string, c *corpus, count func(*corpus) int) *job {
	return &job{ops: c.events, run: func() error {
		if n := count(c); n != c.events {
			return fmt.Errorf("%s, %s: %d events of %d", name, c.name, n, c.events)
		}
		return nil
	}}
}

// rows writes a row for each floor and subject, the fastest subject first.
func (g *decodeGroup) rows(o *output, columns int, cells func(jobs []*job) []string) {
	o.row(slices.Concat([]string{"floor: `bytes.IndexByte`"}, cells(g.scan), []string{"no reader, no fields"})...)
	o.row(slices.Concat([]string{"floor: `Read` and `bytes.IndexByte`"}, cells(g.scanRead), []string{""})...)
	if g.valid != nil {
		o.row(slices.Concat([]string{"floor: `Read`, LF, CR and `utf8.Valid`"}, cells(g.duty), []string{"no fields"})...)
		o.row(slices.Concat([]string{"floor: `utf8.Valid`"}, cells(g.valid), []string{"no reader, no lines"})...)
	}
	order := slices.Clone(g.subjects)
	slices.SortStableFunc(order, func(a, b *subject) int { return cmp.Compare(g.speed(a), g.speed(b)) })
	for _, s := range order {
		jobs := g.jobs[s]
		if jobs == nil {
			row := append([]string{s.name}, slices.Repeat([]string{""}, columns)...)
			o.row(append(row, "wrong: "+g.wrong[s].Error())...)
			continue
		}
		notes := slices.DeleteFunc([]string{s.note, s.deviation()}, func(n string) bool { return n == "" })
		o.row(slices.Concat([]string{s.name}, cells(jobs), []string{strings.Join(notes, "; ")})...)
	}
}

// speed orders the subjects by their ratio to the floor on the last corpus, and subjects
// without one last.
func (g *decodeGroup) speed(s *subject) float64 {
	jobs := g.jobs[s]
	if jobs == nil {
		return 1e300
	}
	return jobs[len(jobs)-1].ratio(g.scan[len(jobs)-1])
}

func (g *decodeGroup) ours() []*job {
	for _, s := range g.subjects {
		if s.name == oursName {
			return g.jobs[s]
		}
	}
	return nil
}

func count(x float64) string {
	if x < 0.005 {
		return "0"
	}
	return digits(x)
}

func writeTokens(_ context.Context, o *output) error {
	g, err := measureDecode(budget{rounds: 25, least: 5, total: 18 * time.Second, sample: 6 * time.Millisecond}, subjects(), false,
		tokens(tokenEvents), tokensCRLF(tokenEvents))
	if err != nil {
		return err
	}
	o.head("", "per event", "× IndexByte", "CRLF: per event", "× IndexByte", "CRLF / LF", "allocs", "bytes", "")
	g.rows(o, 7, func(j []*job) []string {
		lf, crlf := j[0].result(), j[1].result()
		return []string{
			duration(lf.ns), digits(j[0].ratio(g.scan[0])),
			duration(crlf.ns), digits(j[1].ratio(g.scan[1])),
			digits(j[1].ratio(j[0])), count(lf.allocs), count(lf.bytes),
		}
	})
	ours := g.ours()
	o.goal("decode of tokens / IndexByte", 3, ours[0], g.scan[0])
	o.goalNoAllocs("decode of tokens, allocations per event", ours[0])
	o.goal("decode of tokens, CRLF / LF", 1.3, ours[1], ours[0])
	return nil
}

func writeParagraphs(_ context.Context, o *output) error {
	g, err := measureDecode(budget{rounds: 25, least: 5, total: 6 * time.Second, sample: 6 * time.Millisecond}, subjects(), false, paragraphs(5000))
	if err != nil {
		return err
	}
	o.head("", "per event", "× IndexByte", "allocs", "bytes", "")
	g.rows(o, 4, func(j []*job) []string {
		r := j[0].result()
		return []string{duration(r.ns), digits(j[0].ratio(g.scan[0])), count(r.allocs), count(r.bytes)}
	})
	return nil
}

func writeLines(_ context.Context, o *output) error {
	g, err := measureDecode(budget{rounds: 31, least: 5, total: 10 * time.Second, sample: 6 * time.Millisecond}, subjects(), true, lines64(128), lines64CJK(128))
	if err != nil {
		return err
	}
	o.head("", "ASCII: per event", "× IndexByte", "× `utf8.Valid`", "CJK: per event", "× IndexByte", "× `utf8.Valid`", "allocs", "bytes", "")
	g.rows(o, 8, func(j []*job) []string {
		ascii, cjk := j[0].result(), j[1].result()
		return []string{
			duration(ascii.ns), digits(j[0].ratio(g.scan[0])), digits(j[0].ratio(g.valid[0])),
			duration(cjk.ns), digits(j[1].ratio(g.scan[1])), digits(j[1].ratio(g.valid[1])),
			count(cjk.allocs), count(cjk.bytes),
		}
	})
	ours := g.ours()
	o.goal("decode of a 64 KiB line, ASCII / `Read` and IndexByte", 3, ours[0], g.scanRead[0])
	o.goal("decode of a 64 KiB line, ASCII / IndexByte", 3, ours[0], g.scan[0])
	o.goal("decode of a 64 KiB line, CJK / `utf8.Valid`", 1.5, ours[1], g.valid[1])
	return nil
}

func writeLarge(_ context.Context, o *output) error {
	g, err := measureDecode(budget{rounds: 21, least: 5, total: 8 * time.Second, sample: 6 * time.Millisecond}, append(subjects(), grownDecoder()), false, large(256<<10), large(1<<20))
	if err != nil {
		return err
	}
	o.head("", "256 KiB", "1 MiB", "growth (linear: 4)", "1 MiB × IndexByte", "allocs", "bytes", "")
	g.rows(o, 6, func(j []*job) []string {
		r := j[1].result()
		return []string{
			duration(j[0].result().ns), duration(r.ns), digits(j[1].ratio(j[0])),
			digits(j[1].ratio(g.scan[1])), count(r.allocs), bytesOf(r.bytes),
		}
	})
	ours := g.ours()
	o.goal("decode of 1 MiB in segments / of 256 KiB (linear: 4, quadratic: 16)", 6, ours[1], ours[0])
	return nil
}

func bytesOf(n float64) string { return digits(n/(1<<20)) + " MiB" }

func writeTyped(ctx context.Context, o *output) error {
	c := tokens(typedEvents)
	type pair struct {
		name          string
		plain, stream *job
	}
	var pairs []pair
	var all []*job
	for _, d := range decodings() {
		for _, read := range []typedReader{plainTyped, streamTyped} {
			if err := checkTyped(c, d, read); err != nil {
				return err
			}
		}
		pairs = append(pairs, pair{d.name, typedJob(c, d, plainTyped), typedJob(c, d, streamTyped)})
	}
	second, err := startChild(ctx)
	if err != nil {
		return err
	}
	experimental := pair{"encoding/json, `GOEXPERIMENT=jsonv2`", second.job(false), second.job(true)}
	pairs = slices.Insert(pairs, 2, experimental)
	two := typedJob(tokensOfTwo(typedEvents), decodings()[0], streamTyped)
	all = append(all, two)
	for _, p := range pairs {
		all = append(all, p.plain, p.stream)
	}
	if err := measure(all, budget{rounds: 25, least: 5, total: 10 * time.Second, sample: 12 * time.Millisecond}); err != nil {
		second.stop() //nolint:errcheck // the error of the measuring tells more
		return err
	}
	if err := second.stop(); err != nil {
		return err
	}

	base := pairs[1].plain
	o.head("", "plain parser: per event", "× floor", "`client.Stream`: per event", "× floor", "Stream / plain", "allocs, plain", "allocs, Stream", "bytes, plain", "bytes, Stream")
	for i, p := range pairs {
		plain, stream := p.plain.result(), p.stream.result()
		floor := ""
		if i == 1 {
			floor = " (the floor)"
		}
		o.row(p.name, duration(plain.ns)+floor, digits(p.plain.ratio(base)), duration(stream.ns), digits(p.stream.ratio(base)), digits(p.stream.ratio(p.plain)),
			count(plain.allocs), count(stream.allocs), count(plain.bytes), count(stream.bytes))
	}
	o.goal("typed decode through `Stream` / plain parser + encoding/json", 0.33, pairs[0].stream, base)
	o.goalAllocs("typed decode through `Stream` of a token with two strings, allocations", 3, two)
	return nil
}

func writeEncode(_ context.Context, o *output) error {
	events := make([]event, 64) // few enough to fit in the first cache, like new events
	for i := range events {
		events[i] = token(i)
	}
	list := encodings()
	jobs := make([]*job, len(list))
	for i, e := range list {
		if err := e.check(events); err != nil {
			return err
		}
		jobs[i] = e.job(events)
	}
	if err := measure(jobs, budget{rounds: 51, least: 5, total: 4 * time.Second, sample: 4 * time.Millisecond}); err != nil {
		return err
	}
	o.head("", "per event", "× plain append", "allocs", "bytes")
	for i, e := range list {
		r := jobs[i].result()
		o.row(e.name, duration(r.ns), digits(jobs[i].ratio(jobs[0])), count(r.allocs), count(r.bytes))
	}
	o.goal("encode of a checked token / plain append", 1.5, jobs[1], jobs[0])
	o.goalNoAllocs("encode of a token, allocations", jobs[2])
	return nil
}

// writeGoals compares the measurements with the goals.
func (o *output) writeGoals() {
	o.head("goal", "at most", "median", "fastest samples", "")
	for _, g := range o.goals {
		verdict := "met"
		if g.measured > g.most+0.005 {
			verdict = "**missed**"
		}
		o.row(g.what, count(g.most), count(g.measured), count(g.best), verdict)
	}
}
