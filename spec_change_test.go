package mixstream_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// slow leaves a test out unless the slow ones are asked for.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
}

// TestSpecChange copies the module, adds a seventeenth event, a field, an enum
// value and a second streaming operation to its spec, regenerates, and runs a
// program that uses them all. Nothing but openapi.yaml is edited.
func TestSpecChange(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "generate.go", "tools.go", "spec.go", "gen", "sse", "eventlog", "client", "server", "internal"} {
		if err := copyTree(name, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "openapi.yaml"), evolve(t, string(spec)))
	program, err := os.ReadFile("testdata/evolve/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cmd/evolve/main.go"), string(program))

	command(t, dir, "go", "generate", "./...")
	if out := command(t, dir, "go", "run", "./cmd/evolve"); out != "evolved\n" {
		t.Errorf("the program printed %q", out)
	}
}

// evolve adds to the spec what a new version of an API would.
func evolve(t *testing.T, spec string) string {
	t.Helper()
	insert := func(anchor, added string) {
		t.Helper()
		if strings.Count(spec, anchor) != 1 {
			t.Fatalf("the spec has %q %d times", anchor, strings.Count(spec, anchor))
		}
		spec = strings.Replace(spec, anchor, anchor+added, 1)
	}
	insert("        - user_message_created\n", "        - progress_updated\n")
	insert("        - $ref: '#/components/schemas/SSEUserMessageCreatedEvent'\n", "        - $ref: '#/components/schemas/SSEProgressUpdatedEvent'\n")
	insert("          user_message_created: '#/components/schemas/SSEUserMessageCreatedEvent'\n", "          progress_updated: '#/components/schemas/SSEProgressUpdatedEvent'\n")
	insert("          enum: [info, warning, error, question", ", critical")
	insert("    ContentData:\n      description: 'The data of `content`.'\n      type: object\n      required: [content, type]\n      properties:\n",
		"        mood:\n          type: string\n")
	insert("paths:\n", `  /tasks:
    get:
      operationId: streamTasks
      x-go-event-prefix: Task
      responses:
        '200':
          description: The tasks, as they start and finish.
          content:
            text/event-stream:
              schema:
                oneOf:
                  - $ref: '#/components/schemas/TaskStartedEvent'
                  - $ref: '#/components/schemas/TaskFinishedEvent'
                discriminator:
                  propertyName: event
                  mapping:
                    started: '#/components/schemas/TaskStartedEvent'
                    finished: '#/components/schemas/TaskFinishedEvent'
`)
	return spec + `    SSEProgressUpdatedEvent:
      description: The agent knows how far it is.
      allOf:
        - $ref: '#/components/schemas/SSEBaseEvent'
        - type: object
          required: [event, data]
          properties:
            event:
              $ref: '#/components/schemas/EventName'
              const: progress_updated
            data:
              $ref: '#/components/schemas/ProgressUpdatedData'
    ProgressUpdatedData:
      type: object
      required: [percent, stage, type]
      properties:
        percent:
          type: integer
        stage:
          type: string
          enum: [reading, writing]
        type:
          type: string
    TaskEventName:
      type: string
      enum: [started, finished]
    TaskStartedEvent:
      type: object
      required: [event, id, data]
      properties:
        event:
          $ref: '#/components/schemas/TaskEventName'
          const: started
        id:
          type: string
        data:
          $ref: '#/components/schemas/TaskStartedData'
    TaskStartedData:
      type: object
      required: [taskId]
      properties:
        taskId:
          type: string
    TaskFinishedEvent:
      type: object
      required: [event, id, data]
      properties:
        event:
          $ref: '#/components/schemas/TaskEventName'
          const: finished
        id:
          type: string
        data:
          $ref: '#/components/schemas/TaskFinishedData'
    TaskFinishedData:
      type: object
      required: [taskId, result]
      properties:
        taskId:
          type: string
        result:
          type: string
`
}

func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs a command to its end and returns its standard output.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
