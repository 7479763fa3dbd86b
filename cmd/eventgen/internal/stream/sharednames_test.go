package stream

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/mixstream/mixstream/cmd/eventgen/internal/document"
	"github.com/mixstream/mixstream/cmd/eventgen/internal/source"
)

// sharedList has two events that share one list of names, which the discriminator divides.
const sharedList = `openapi: 3.1.0
info: {title: Shared, version: '1'}
paths:
  /stream:
    get:
      operationId: watch
      responses:
        '200':
          description: The stream.
          content:
            text/event-stream:
              schema:
                oneOf: [{$ref: '#/components/schemas/Made'}, {$ref: '#/components/schemas/Gone'}]
                discriminator: {propertyName: event, mapping: {made: Made, gone: Gone}}
components:
  schemas:
    Base:
      type: object
      required: [event]
      properties: {event: {type: string, enum: [made, gone]}, id: {type: string}}
    Made:
      allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {data: {type: object}}}]
    Gone:
      allOf: [{$ref: '#/components/schemas/Base'}, {type: object, properties: {data: {type: object}}}]
`

// TestSharedList reads which event has which name of a list that all share.
func TestSharedList(t *testing.T) {
	const mapping, list = "mapping: {made: Made, gone: Gone}", "enum: [made, gone]"
	for name, tc := range map[string]struct {
		edit []string
		want string
		warn string
	}{
		"each is mapped":             {nil, "Made: made; Gone: gone", ""},
		"several names of one":       {[]string{list, "enum: [made, again, gone]", mapping, "mapping: {made: Made, again: Made, gone: Gone}"}, "Made: again; Made: made; Gone: gone", ""},
		"one is mapped":              {[]string{mapping, "mapping: {made: Made}"}, "Made: made; Gone: gone", ""},
		"the schemas have the names": {[]string{", " + mapping, "", list, "enum: [Made, Gone]"}, "Made: Made; Gone: Gone", ""},
		"a name that no event has":   {[]string{list, "enum: [made, gone, never]"}, "Made: made; Gone: gone", ""},
		"a name that the list has not": {[]string{list, "enum: [made, other]"}, "Made: made; Gone: gone",
			`Gone: the discriminator of watch maps "gone" to this schema, but the enum of its property "event" lacks that name`},
		"payloads": {[]string{list, "enum: [made, gone]}, size: {type: integer", "{data: {type: object}}", "{name: {type: string}}"}, "Made: made; Gone: gone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec := filepath.Join(t.TempDir(), "spec.yaml")
			if err := os.WriteFile(spec, []byte(strings.NewReplacer(tc.edit...).Replace(sharedList)), 0o600); err != nil {
				t.Fatal(err)
			}
			doc, err := document.Load(spec, codegen.Configuration{})
			if err != nil {
				t.Fatal(err)
			}
			var p source.Problems
			streams := Read(doc, nil, &p)
			if err := p.Err(); err != nil {
				t.Fatal(err)
			}
			var events []string
			for _, e := range streams[0].Events {
				events = append(events, e.Where.Name+": "+strings.Join(e.Names, ", "))
			}
			if got := strings.Join(events, "; "); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if got := strings.Join(source.Lines(p.Warnings), "\n"); tc.warn == "" && got != "" || !strings.HasSuffix(got, tc.warn) {
				t.Errorf("it warns %q, want %q", got, tc.warn)
			}
		})
	}
}
