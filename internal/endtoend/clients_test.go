package endtoend_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/streamtest"
)

// Clients of other languages follow a session whose connection is cut in the middle of an
// event, again and again. They resume, and get every event once and in order.
func TestOtherClients(t *testing.T) {
	servertest.Slow(t)
	dir := t.TempDir()
	servertest.OK(t, os.CopyFS(dir, os.DirFS("testdata/clients")))
	for _, program := range []string{"npm", "node", "curl", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: install it", err)
		}
	}
	command(t, dir, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts")
	programs, err := fs.Glob(os.DirFS(dir), "*.[ms][jh]*")
	if err != nil || len(programs) != 4 {
		t.Fatalf("the programs %v, %v", programs, err)
	}
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			interpreter := "node"
			if filepath.Ext(program) == ".sh" {
				interpreter = "bash"
			}
			const events, cuts = 60, 6
			srv, address, made := cutting(t, cuts, program != "fetch-event-source.mjs")
			var want strings.Builder
			for i := range events {
				text := fmt.Sprintf("piece %d", i)
				id := servertest.Publish(t, srv, "s1", text)
				if interpreter == "bash" {
					text = fmt.Sprintf(`{"content":"piece %d","type":"content"}`, i)
				}
				fmt.Fprintln(&want, id, text)
			}
			servertest.Must(srv.Publish(context.Background(), "s1", &gen.CompleteData{Type: "complete", Done: true}))(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, interpreter, filepath.Join(dir, program), address)
			var stderr strings.Builder
			cmd.Dir, cmd.Stderr = dir, &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %s", err, &stderr)
			}
			if string(out) != want.String() {
				t.Errorf("got:\n%s", out)
			}
			if n := made(); n != cuts {
				t.Errorf("%d cuts", n)
			}
		})
	}
}

// cutting serves behind a proxy that cuts the connection this many times. If anywhere is
// false, it does not cut between the last line of an event and the blank line behind it.
func cutting(t *testing.T, cuts int, anywhere bool) (srv *mix.Server, address string, made func() int) {
	t.Helper()
	srv = newServer(t, server.WithTiming(server.Timing{Retry: 20 * time.Millisecond}))
	var mu sync.Mutex
	done, wait := 0, 3
	front := serveOn(t, streamtest.NewProxy(serveOn(t, srv), func(_ *http.Request, block []byte) ([]byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		if wait--; done == cuts || wait > 0 {
			return block, false
		}
		done, wait = done+1, 2+rand.IntN(8)
		longest := len(block) - 1
		if !anywhere {
			longest--
		}
		return block[:1+rand.IntN(longest)], true
	}))
	return srv, front.String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return done
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
