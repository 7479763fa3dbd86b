package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/othertool"
)

// compat runs .ci/compat, and returns what it printed and whether it passed.
func compat(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	for _, tool := range []string{"oasdiff", "apidiff"} {
		othertool.Path(t, tool)
	}
	out, err := exec.CommandContext(t.Context(), "../.ci/compat", args...).CombinedOutput()
	return string(out), err == nil
}

// TestCompatSpec changes a copy of the released spec, and has the copy compared.
func TestCompatSpec(t *testing.T) {
	slow(t)
	base, ok := compat(t, "base")
	if !ok {
		t.Fatal(base)
	}
	released := command(t, "..", "git", "show", strings.TrimSpace(base)+":openapi.yaml")
	const (
		thinking = "    ThinkingData:\n      description: 'The data of `thinking`.'\n      type: object\n      required: "
		fields   = thinking + "[content, type]\n      properties:\n"
		optional = fields + "        assistantMessageId:\n          description: The assistant message that this belongs to.\n          type: string\n"
		text     = optional + "        content:\n          description: The text to append.\n          type: string\n"
		mood     = "        mood:\n          type: string\n"
		kinds    = "enum: [info, warning, error, question"
		member   = "        - $ref: '#/components/schemas/SSEThinkingEvent'\n"
		mapped   = "          thinking: '#/components/schemas/SSEThinkingEvent'\n"
		publish  = "      required: [event, data"
	)
	cases := []struct {
		name    string
		replace []string
		want    string // a part of the complaint; "" passes
	}{
		{"nothing", nil, ""},
		{"a field added", []string{fields, fields + mood}, ""},
		{"an enum value added", []string{kinds, kinds + ", critical"}, ""},
		{"an event removed", []string{member, "", mapped, ""}, "[response-body-one-of-removed]"},
		{"an event's mapping removed", []string{mapped, ""}, "[response-body-discriminator-mapping-deleted]"},
		{"an optional field removed", []string{optional, fields}, "[response-optional-property-removed]"},
		{"a required field removed", []string{text, strings.Replace(optional, "[content, type]", "[type]", 1)}, "[response-required-property-removed]"},
		{"a required field added", []string{fields, thinking + "[content, mood, type]\n      properties:\n" + mood}, "[new-required-request-property]"},
		{"a field becomes required", []string{fields, thinking + "[assistantMessageId, content, type]\n      properties:\n"}, "[request-property-became-required]"},
		{"a field becomes optional", []string{fields, thinking + "[type]\n      properties:\n"}, "[response-property-became-optional]"},
		{"another type", []string{text, strings.TrimSuffix(text, "string\n") + "integer\n"}, "[response-property-type-compatible]"},
		{"a bound set", []string{text, text + "          maxLength: 10\n"}, "[request-property-max-length-set]"},
		{"a pattern added", []string{text, text + "          pattern: '^x'\n"}, "[request-property-pattern-added]"},
		{"a pattern changed", []string{"- pattern: ^[a-zA-Z0-9_]+_", "- pattern: ^[a-z0-9_]+_"}, "[request-property-pattern-changed]"},
		{"an enum value removed", []string{kinds, strings.TrimSuffix(kinds, ", question")}, "[response-property-enum-value-removed]"},
		{"a name of an event removed", []string{"        - thinking\n", ""}, "[request-property-enum-value-removed]"},
		{"a required field of a request added", []string{
			publish + "]\n      additionalProperties: false\n      properties:\n",
			publish + ", mood]\n      additionalProperties: false\n      properties:\n" + mood,
		}, "[new-required-request-property]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			spec := released
			for i := 0; i < len(c.replace); i += 2 {
				if strings.Count(spec, c.replace[i]) != 1 {
					t.Fatalf("the spec has %q %d times", c.replace[i], strings.Count(spec, c.replace[i]))
				}
				spec = strings.Replace(spec, c.replace[i], c.replace[i+1], 1)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "openapi.yaml"), spec)
			write(t, filepath.Join(dir, ".ci/accepted-spec.txt"), "")
			out, ok := compat(t, "spec", dir)
			if ok != (c.want == "") || !strings.Contains(out, c.want) {
				t.Errorf("passed: %t\n%s\nwant %q in it", ok, out, c.want)
			}
		})
	}
}

// TestCompatAccepted accepts a break of the spec, with its reason and without, and what is
// no break.
func TestCompatAccepted(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	spec, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "openapi.yaml"), strings.Replace(string(spec), ", question]", "]", 1))
	list := filepath.Join(dir, ".ci/accepted-spec.txt")
	write(t, list, "")
	out, ok := compat(t, "spec", dir)
	if ok {
		t.Fatalf("passed:\n%s", out)
	}
	complaints, _, _ := strings.Cut(out, "compat: ")

	write(t, list, complaints)
	if out, ok := compat(t, "spec", dir); ok || !strings.Contains(out, "line 1: no reason") {
		t.Errorf("without a reason: passed: %t\n%s", ok, out)
	}
	write(t, list, "# "+strings.ReplaceAll(complaints, "\n", "\n# "))
	if out, ok := compat(t, "spec", dir); ok {
		t.Errorf("a comment accepted it:\n%s", out)
	}
	accepted := "# Nobody was asked a question.\n" + complaints
	write(t, list, accepted)
	if out, ok := compat(t, "spec", dir); !ok {
		t.Errorf("accepted with its reason:\n%s", out)
	}
	write(t, list, accepted+"# This was released.\nGET /stream removed it\n")
	if out, ok := compat(t, "spec", dir); ok || !strings.Contains(out, "no break; delete it: GET /stream removed it\n") {
		t.Errorf("with a line that is no break: passed: %t\n%s", ok, out)
	}
}

// TestCompatAPI adds to the exported API of a copy, removes from it, and accepts that.
func TestCompatAPI(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "sse"), os.DirFS("../sse")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module github.com/mixstream/mixstream\n\ngo 1.26.0\n")
	list := filepath.Join(dir, ".ci/accepted-api.txt")
	write(t, list, "")
	file := filepath.Join(dir, "sse/append.go")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(source), "func AppendComment(", "func AppendRemark(", 1))
	out, ok := compat(t, "api", dir)
	if ok || !strings.Contains(out, "- ./sse.AppendComment: removed\n") || strings.Contains(out, "AppendRemark") {
		t.Errorf("passed: %t, want what was removed, and not what was added\n%s", ok, out)
	}
	// The copy has no other package, so much is removed.
	breaks, _, _ := strings.Cut(out, "compat: ")
	write(t, list, "# It is called AppendRemark now.\n"+breaks)
	if out, ok := compat(t, "api", dir); !ok {
		t.Errorf("accepted with its reason:\n%s", out)
	}
}

// TestCompatShallow asks for the last release in a clone that does not have it, then in
// one with a tag.
func TestCompatShallow(t *testing.T) {
	slow(t)
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, ".ci"), os.DirFS("../.ci")); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		return command(t, dir, "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	}
	base := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, ".ci/compat"), "base")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := base(); err == nil || !strings.Contains(out, "no git repository") {
		t.Errorf("without a repository: %v\n%s", err, out)
	}
	git("init", "-q")
	if out, err := base(); err == nil || !strings.Contains(out, "is not in this clone; fetch it") {
		t.Errorf("in another repository: %v\n%s", err, out)
	}
	git("fetch", "-q", "--depth", "1", "file://"+here, "HEAD")
	git("reset", "-q", "FETCH_HEAD")
	if out, err := base(); err == nil || !strings.Contains(out, "this clone is shallow: git fetch --unshallow --tags") {
		t.Errorf("in a shallow clone: %v\n%s", err, out)
	}
	git("tag", "v0.1.0")
	want := git("rev-parse", "HEAD")
	git("commit", "-q", "--allow-empty", "-m", "later")
	if out, err := base(); err != nil || out != want {
		t.Errorf("with a tag: %q, %v, want %q", out, err, want)
	}
}
