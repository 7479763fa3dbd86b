package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
)

// TestSpecChange follows the README's "Change the spec" in a copy of the module: it adds
// a seventeenth event, a field, an enum value and a second streaming operation. A program
// in a module of its own then uses them all. Nothing but openapi.yaml is edited.
func TestSpecChange(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "generate.go", "tools.go", "spec.go", "gen", "sse", "eventlog", "client", "server", "internal"} {
		if err := copyTree(filepath.Join("..", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	steps := changeSteps(t)
	if len(steps) != 5 || !strings.Contains(steps[0], "openapi.yaml") || !strings.HasPrefix(steps[2], "go generate") {
		t.Fatalf("the README's steps are %q", steps)
	}
	spec, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "openapi.yaml"), evolve(t, string(spec)))
	command(t, dir, "bash", "-c", steps[2])

	program, err := os.ReadFile("testdata/evolve/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	app := application(t, dir, map[string]string{"evolve": string(program)})
	if out := command(t, app, filepath.Join(app, "evolve")); out != "evolved\n" {
		t.Errorf("the program printed %q", out)
	}
}

// changeSteps returns what the README says to do when the spec changes.
func changeSteps(t *testing.T) (steps []string) {
	t.Helper()
	p := readPage(t, "../README.md")
	here := false
	for node := p.root.FirstChild(); node != nil; node = node.NextSibling() {
		if heading, ok := node.(*ast.Heading); ok {
			here = p.plain(heading) == "Change the spec"
		}
		if list, ok := node.(*ast.List); ok && here {
			for item := list.FirstChild(); item != nil; item = item.NextSibling() {
				steps = append(steps, p.plain(item))
			}
		}
	}
	return steps
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
