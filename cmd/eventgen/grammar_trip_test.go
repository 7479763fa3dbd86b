package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestGrammar generates documents of the grammar into one module. The output compiles, and
// each event that the grammar knows is checked, decoded and encoded unchanged. The generated code
// reads and writes what encoding/json does.
func TestGrammar(t *testing.T) {
	slow(t)
	from, count := uint64(1), uint64(6)
	if os.Getenv("MIXSTREAM_SLOW") != "" {
		count = 60
	}
	if text := os.Getenv("MIXSTREAM_GRAMMAR"); text != "" {
		if _, err := fmt.Sscanf(text, "%d-%d", &from, &count); err != nil {
			t.Fatalf("MIXSTREAM_GRAMMAR must be a seed, or the first seed and the one behind the last, as 100-200: %v", err)
		}
		count -= from
	}
	o := newOutside(t, "../..")
	o.writeSameJSON(t)
	dir := t.TempDir()
	var importLines, tests strings.Builder
	generated := map[string]*grammar{}
	for seed := from; seed < from+count; seed++ {
		g := newGrammar(seeded(seed))
		made, failure := tried(dir, g.document, g.asJSON)
		if known.MatchString(failure) {
			continue
		}
		if failure != "" {
			t.Errorf("seed %d:", seed)
			reportFailure(t, g, failure)
			continue
		}
		if made.err != nil {
			continue
		}
		name := "g" + strconv.FormatUint(seed, 10)
		generated[name] = g
		o.write(t, name+"/api.gen.go", string(made.code))
		o.write(t, "same/"+name+"_test.go", sameJSON(t, o, name, 50))
		if calls := g.trips(t, name, made.code); calls != "" {
			fmt.Fprintf(&importLines, "\t%s %q\n", name, "outside/"+name)
			fmt.Fprintf(&tests, "func Test_%s(t *testing.T) {\n%s}\n\n", name, calls)
		}
	}
	if uint64(len(generated)) < count/2 {
		t.Errorf("%d of %d documents are generated", len(generated), count)
	}
	o.write(t, "trips_test.go", fmt.Sprintf(grammarTrips, importLines.String(), tests.String()))
	show := func(out string, names [][]string) {
		shown := map[string]bool{}
		for _, match := range names {
			if g := generated[match[1]]; g != nil && !shown[match[1]] {
				shown[match[1]] = true
				text, _ := g.text()
				t.Logf("%s is\n%s", match[1], text)
			}
		}
		t.Errorf("%s", out)
	}
	if out, err := o.golang(t, "vet", "./..."); err != nil {
		show(out, regexp.MustCompile(`(?m)(g\d+)/api\.gen\.go:`).FindAllStringSubmatch(out, -1))
		return
	}
	if out, err := o.golang(t, "test", "./..."); err != nil {
		show(out, regexp.MustCompile(`--- FAIL: Test(?:SameJSON)?_(g\d+)`).FindAllStringSubmatch(out, -1))
	}
}

// trips returns the calls that test the events of a document.
func (g *grammar) trips(t *testing.T, pkg string, code []byte) string {
	t.Helper()
	if g.mutated {
		return "" // they may be others
	}
	var b strings.Builder
	for _, s := range g.streams {
		operation := regexp.MustCompile(`(?m)^var (\S+) = contract\.Operation\[.*\]\{ID: .*, Method: "` + s.Method + `", Path: ` + regexp.QuoteMeta(strconv.Quote(s.Path)) + `[,}]`)
		match := operation.FindSubmatch(code)
		if match == nil {
			t.Errorf("%s has no operation %s %s", pkg, s.Method, s.Path)
			continue
		}
		for _, e := range s.Events {
			data, err := json.Marshal(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "\troundTrip(t, %s.%s, %q, %q)\n", pkg, match[1], e.Field, data)
		}
	}
	return b.String()
}

const grammarTrips = `package outside

import (
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/contract"
%s)

%s
func roundTrip[P, E any](t *testing.T, op contract.Operation[P, E], field, data string) {
	t.Helper()
	name := op.Events.NameOf(field, []byte(data))
	if !op.Events.Has(name) {
		t.Errorf("%%s has no event %%q of %%s", op.ID, name, data)
		return
	}
	event := op.Decode(name, []byte(data))
	if u := op.Events.AsUnknown(event); u != nil {
		t.Errorf("%%s %%q %%s: unknown: %%v", op.ID, name, data, u.Err)
		return
	}
	again, text, err := op.Encode(event)
	if err != nil || again != name && !(op.Events.AnyName && again == "") {
		t.Errorf("%%s %%q %%s: encoded as %%q: %%v", op.ID, name, data, again, err)
	}
	if want, got := value(t, data), value(t, string(text)); !reflect.DeepEqual(got, want) {
		t.Errorf("%%s %%q %%s: encoded as %%s", op.ID, name, data, text)
	}
	if err := op.Check(name, []byte(data)); err != nil {
		t.Errorf("%%s %%q %%s: %%v", op.ID, name, data, err)
	}
}

// value returns JSON with exact numbers.
func value(t *testing.T, text string) (v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Errorf("%%s: %%v", text, err)
	}
	return exact(v)
}

func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		r, _ := new(big.Rat).SetString(v.String())
		return r.String()
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	}
	return v
}
`

// text returns the document as a file.
func (g *grammar) text() (text []byte, extension string) { return documentText(g.document, g.asJSON) }
