package pglog_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/othertool"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// notes is a logger's output.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) has(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.text.String(), text)
}

// startPooler starts a connection pooler in transaction mode before a server, and returns the
// folder of its socket.
func startPooler(t *testing.T, server *pgtest.Server) (folder string) {
	t.Helper()
	program := othertool.Path(t, "pgbouncer")
	folder, err := os.MkdirTemp("", "pooler") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("[databases]\npostgres = host=%s user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = %s\nlisten_port = 5432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n", server.Folder(), folder)
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if os.Geteuid() == 0 {
		args = []string{"-u", "nobody", file}
	}
	var output bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	until(t, "the pooler answers", func() bool {
		conn, err := pgx.Connect(t.Context(), "postgres://postgres@/postgres?default_query_exec_mode=cache_describe&host="+folder)
		return err == nil && conn.Close(t.Context()) == nil
	})
	return folder
}

// Where notifications do not arrive the log says so, and finds what comes by itself.
func TestNoNotifications(t *testing.T) {
	told := new(notes)
	l, _ := newLog(t, pglog.Options{PollInterval: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(told, nil))}.DropNotifications(func() bool { return true }))
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	until(t, "the log says so", func() bool {
		m.append(own("a"), "1")
		end = r.expect(end, "1")
		return told.has("notifications do not arrive")
	})
}

// A pooler in transaction mode delivers a notification by chance: what comes is found all the same.
func TestPooler(t *testing.T) {
	server := pgtest.Shared(t)
	folder := startPooler(t, server)
	pool := pgtest.Pool(t, "postgres://postgres@/postgres?default_query_exec_mode=cache_describe&host="+folder)
	direct, err := pgx.ParseConfig(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for name, listen := range map[string]*pgx.ConnConfig{"pooler": nil, "direct": direct} {
		t.Run(name, func(t *testing.T) {
			told := new(notes)
			o := migrated(t, pgtest.Pool(t, server.URL("postgres")), pglog.Options{Listen: listen, Logger: slog.New(slog.NewTextHandler(told, nil))})
			writer, reader := tester{t, mustOpen(t, pgtest.Pool(t, server.URL("postgres")), o)}, tester{t, mustOpen(t, pool, o)}
			r := reader.follow(own("a"))
			_, end := r.bounds()
			for _, text := range numbered(1, 8) {
				writer.append(own("a"), text)
				end = r.expect(end, text)
			}
			reader.append(own("a"), "9")
			tx := begin(t, pool)
			if _, err := reader.log.(*pglog.Log).AppendTx(t.Context(), tx, own("a"), texts("10")); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.expect(end, "9", "10")
			if listen != nil && told.has("notifications") {
				t.Errorf("the logger was told %s", told.text.String())
			}
		})
	}
}
