//go:build unix

package endtoend_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/streamtest"
)

// TestReadmeOutside does what the README shows for a spec of one's own, in a module that
// has nothing but that spec. It runs the commands, the server and the client, whose
// connection is cut six times.
func TestReadmeOutside(t *testing.T) {
	blocks := docblock.Of(t, "../README.md")
	spec, programs, commands := sorted(t, blocks)
	if len(programs) != 2 || len(commands) != 4 {
		t.Fatalf("%d programs and %d commands, want a server and a client, and what generates, serves and reads", len(programs), len(commands))
	}
	sameAs(t, spec, "openapi.yaml")
	sameAs(t, programs[0], "main.go")
	sameAs(t, programs[1], "watch/main.go")
	o := newOutside(t)
	address := servertest.FreeAddress(t)
	var cuts atomic.Int64
	o.write("openapi.yaml", spec)
	o.write("main.go", strings.ReplaceAll(programs[0], "127.0.0.1:8080", address))
	o.write("watch/main.go", strings.ReplaceAll(programs[1], "http://127.0.0.1:8080", cuttingProxy(t, "http://"+address, &cuts)))

	o.run("go mod init " + stranger)
	o.replace()
	o.run(commands[0])
	o.run(commands[1])
	o.start(commands[2])
	waitForListener(t, address)
	o.wantLines(commands[3], "placed for 4200", "shipped with DHL")
	if n := cuts.Load(); n != 6 {
		t.Errorf("the stream was cut %d times, want 6", n)
	}
}

// TestYourSpecOutside does what docs/your-spec.md shows, from go mod init on.
func TestYourSpecOutside(t *testing.T) {
	blocks := docblock.Of(t, "your-spec.md")
	spec, programs, commands := sorted(t, blocks)
	output := blocks[len(blocks)-1]
	if len(programs) != 1 || len(commands) != 4 || output.Language != "text" {
		t.Fatalf("%d programs, %d commands and at last %s; want one, four, and what the last command prints", len(programs), len(commands), output.Language)
	}
	sameAs(t, spec, "openapi.yaml")
	sameAs(t, programs[0], "cuts/main.go")
	o := newOutside(t)
	o.write("openapi.yaml", spec)
	o.write("main.go", programs[0])

	o.run(commands[0])
	o.replace()
	o.run(commands[1])
	o.run(commands[2])
	if got := o.run(commands[3]); got != output.Text {
		t.Errorf("it printed\n%swant\n%s", got, output.Text)
	}
	if !strings.Contains(output.Text, "cuts: 6\n") {
		t.Error("the page shows other than six cuts")
	}
}

// stranger is the module of a reader of the pages. ours is the example with the same code.
const (
	stranger = "example.com/orders"
	ours     = "github.com/mixstream/mixstream/examples/orders"
)

// sorted returns the blocks of a page by kind: the spec, the programs, and the commands.
func sorted(t *testing.T, blocks []docblock.Block) (spec string, programs, commands []string) {
	t.Helper()
	for _, b := range blocks {
		switch b.Language {
		case "yaml":
			spec = b.Text
		case "go":
			programs = append(programs, b.Text)
		case "sh":
			for line := range strings.Lines(b.Text) {
				command, _, _ := strings.Cut(line, "  #")
				commands = append(commands, strings.TrimSpace(command))
			}
		}
	}
	return spec, programs, commands
}

// sameAs fails unless a block of a page is the file of the example.
func sameAs(t *testing.T, text, name string) {
	t.Helper()
	data := servertest.Must(os.ReadFile(filepath.Join("../../examples/orders", name)))(t)
	if want := strings.ReplaceAll(string(data), `"`+ours, `"`+stranger); !slices.Equal(imports(text), imports(want)) || body(text) != body(want) {
		t.Errorf("the page has another examples/orders/%s:\n%s", name, text)
	}
}

// imports returns the import lines of a program, sorted: a path may sort elsewhere in
// another module.
func imports(program string) []string {
	var lines []string
	for line := range strings.Lines(program) {
		if strings.HasPrefix(line, "\t\"") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// body returns the other lines of a program.
func body(program string) string {
	var b strings.Builder
	for line := range strings.Lines(program) {
		if !strings.HasPrefix(line, "\t\"") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// cuttingProxy returns the URL of a proxy that cuts the first six connections: five in the
// first event, and one in the second.
func cuttingProxy(t *testing.T, target string, cuts *atomic.Int64) string {
	t.Helper()
	u := servertest.Must(url.Parse(target))(t)
	var blocks atomic.Int64
	proxy := httptest.NewServer(streamtest.NewProxy(u, func(_ *http.Request, block []byte) (forward []byte, cut bool) {
		n := blocks.Add(1)
		if n == 6 || n > 7 {
			return block, false
		}
		cuts.Add(1)
		if n < 6 {
			return block[:n], true
		}
		return block[:len(block)/2], true
	}))
	t.Cleanup(func() {
		proxy.CloseClientConnections()
		proxy.Close()
	})
	return proxy.URL
}

// waitForListener waits until something listens at an address.
func waitForListener(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
