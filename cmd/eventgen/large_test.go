package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/oapi"
)

const largeConfig = `package: %s
generate: {models: true, client: true, std-http-server: true}
output-options:
  name-normalizer: ToCamelCaseWithInitialisms
  %s
`

// TestLarge generates the streams of a large document. With MIXSTREAM_SLOW=1 the document has
// its full size, and the test compiles the code of its streams and of the whole.
func TestLarge(t *testing.T) {
	families := 20
	full := os.Getenv("MIXSTREAM_SLOW") != ""
	if full {
		families = 200
	}
	spec := newLargeSpec(families)
	if n := strings.Count(spec, "\n"); full && n < 60_000 {
		t.Errorf("the document has %d lines", n)
	}
	o := newOutside(t, "../..")
	o.write(t, "spec.yaml", spec+unwantedSchemas)
	o.write(t, "whole.yaml", spec)
	const streams = "createAnswer, createChat, createRun"
	codes := map[string]string{}
	for _, tc := range []struct{ pkg, options, spec string }{
		{"answer", "include-operation-ids: [createAnswer]", "spec.yaml"},
		{"streams", "include-operation-ids: [" + streams + "]", "spec.yaml"},
		{"tagged", "include-tags: [Streams]", "spec.yaml"},
		{"others", "exclude-tags: [Things]", "spec.yaml"},
		{"unpruned", "include-operation-ids: [" + streams + "]\n  skip-prune: true", "whole.yaml"},
	} {
		o.write(t, tc.pkg+"/oapi-codegen.yaml", fmt.Sprintf(largeConfig, tc.pkg, tc.options))
		code := o.generateLarge(t, tc.pkg, tc.spec)
		made, err := oapi.ParsePackage(code)
		if err != nil {
			t.Fatal(err)
		}
		checkLargeEvents(t, made, code)
		for name, want := range map[string]bool{
			"Answer": true, "WebhookTime": true, "Client": true, "CallerClient": true,
			"CreateChatEvent": tc.pkg != "answer", "Thing000": tc.pkg == "unpruned", "ListThing000sResponseWrapper": false,
		} {
			if made.Names[name] != want {
				t.Errorf("%s: that it has %s is %t", tc.pkg, name, !want)
			}
		}
		if again := o.generateLarge(t, tc.pkg, tc.spec); again != code {
			t.Errorf("%s: the second run made another file", tc.pkg)
		}
		codes[tc.pkg] = strings.Replace(code, "package "+tc.pkg, "package p", 1)
	}
	if codes["tagged"] != codes["streams"] || codes["others"] != codes["streams"] {
		t.Error("the streams are not the same, chosen by their tag, by that of others and by their names")
	}
	if !full {
		return
	}
	o.generateLarge(t, "whole", "whole.yaml")
	o.write(t, "answer/roundtrip_test.go", fmt.Sprintf(roundTripTest, "answer", largeRoundTrips()))
	if out, err := o.golang(t, "test", "./answer"); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
	if out, err := o.golang(t, "vet", "./..."); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// generateLarge runs the command in a separate process and returns the file. It fails if the
// command needs more than 1 GB.
func (o outside) generateLarge(t *testing.T, folder, spec string) string {
	t.Helper()
	file := filepath.Join(o.dir, folder, "api.gen.go")
	_ = os.Remove(file)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	memoryFile := filepath.Join(t.TempDir(), "memory")
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "EVENTGEN_TEST_ARGS=-o\n"+filepath.Join(o.dir, folder)+"\n"+filepath.Join(o.dir, spec), "EVENTGEN_TEST_MEMORY="+memoryFile)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", folder, err, out)
	}
	text, err := os.ReadFile(memoryFile)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if memory > 1<<30 {
		t.Errorf("%s: it needs %d MB", folder, memory>>20)
	}
	code, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d lines, %d MB", folder, strings.Count(string(code), "\n"), memory>>20)
	return string(code)
}

// largeRoundTrips returns the calls that test an event of each kind.
func largeRoundTrips() string {
	var b strings.Builder
	for _, state := range largeStates {
		fmt.Fprintf(&b, "\troundTrip(t, CreateAnswerStream, \"\", `{\"type\":\"answer.%s\",\"sequence_number\":1,\"answer\":{\"id\":\"a\",\"created_at\":1741290958,\"instructions\":\"Hi\",\"output\":[{\"type\":\"text\",\"text\":\"a\"}]}}`)\n", state)
	}
	for _, tool := range largeTools {
		for _, phase := range largePhases {
			fmt.Fprintf(&b, "\troundTrip(t, CreateAnswerStream, \"\", `{\"type\":\"answer.%s.%s\",\"item_id\":\"i\",\"output_index\":0,\"call_id\":\"c\",\"part\":{\"type\":\"group\",\"parts\":[]}}`)\n", tool, phase)
		}
	}
	return b.String()
}

// writeMemory writes how many bytes the process obtained from the system.
func writeMemory(file string) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if err := os.WriteFile(file, strconv.AppendUint(nil, stats.Sys, 10), 0o600); err != nil {
		panic(err)
	}
}

// checkLargeEvents checks that each event of createAnswer has its own type.
func checkLargeEvents(t *testing.T, made *oapi.Package, code string) {
	t.Helper()
	events := map[string]string{}
	for _, state := range largeStates {
		events["answer."+state] = "Answer_" + state + "_event"
	}
	for _, tool := range largeTools {
		for _, phase := range largePhases {
			events["answer."+tool+"."+phase] = "Answer_" + tool + "_" + phase + "_event"
		}
	}
	if len(events) < 50 {
		t.Fatalf("%d events", len(events))
	}
	_, names, _ := strings.Cut(code, "var eventsOfCreateAnswer =")
	names, _, _ = strings.Cut(names, "NameIn: \"type\"")
	for name, schema := range events {
		goName := codegen.SchemaNameToTypeName(schema)
		if !strings.Contains(names, fmt.Sprintf("\t\t%q,\n", name)) {
			t.Errorf("createAnswer has no event %q", name)
		}
		if _, ok := made.StructType(goName); !ok || !made.Members[goName]["isCreateAnswerEvent"] {
			t.Errorf("%q has no type %s", name, goName)
		}
		fields := made.Fields(goName)
		if !slices.ContainsFunc(fields, func(f oapi.Field) bool { return f.Tag == "type" }) {
			t.Errorf("%s has the fields %v", goName, fields)
		}
	}
	if got := strings.Count(names, "\n\t\t\""); got != len(events) {
		t.Errorf("createAnswer has %d events, want %d", got, len(events))
	}
}

// roundTripTest decodes events, and encodes and checks them unchanged.
const roundTripTest = `package %s

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/mixstream/mixstream/contract"
)

func TestRoundTrip(t *testing.T) {
%s}

func roundTrip[P, E any](t *testing.T, op contract.Operation[P, E], field, data string) {
	t.Helper()
	name := op.Events.NameOf(field, []byte(data))
	if !op.Events.Has(name) {
		t.Errorf("%%s has no event %%q", op.ID, name)
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
	var want, got any
	if err := json.Unmarshal([]byte(data), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%%s %%q %%s: encoded as %%s, %%v", op.ID, name, data, text, err)
	}
	if err := op.Check(name, []byte(data)); err != nil {
		t.Errorf("%%s %%q %%s: %%v", op.ID, name, data, err)
	}
}
`
