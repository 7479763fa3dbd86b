package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// newDatabase makes a database on the shared server, and returns its address.
func newDatabase(t *testing.T) string {
	t.Helper()
	name, server := pgtest.Name(), pgtest.Shared(t)
	sql(t, server.URL("postgres"), "create database "+name)
	return server.URL(name)
}

// sql runs a statement in a database.
func sql(t *testing.T, address, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// expect runs a command to its end, and expects a status and a text.
func expect(t *testing.T, status int, text string, args ...string) {
	t.Helper()
	if got, stdout, stderr := execute(t, "", args...); got != status || !strings.Contains(stdout+stderr, text) {
		t.Errorf("%q: status %d, want %d and %q: %s%s", args, got, status, text, stdout, stderr)
	}
}

// Nothing but migrate makes a schema. The other commands name it.
func TestMigrate(t *testing.T) {
	address := newDatabase(t)
	serve := []string{"serve", "--listen", "127.0.0.1:0", "--log", address}
	check := []string{"check", "--listen", "127.0.0.1:0", "--log", address}
	missing := `the database has no schema "mixstream" of a log: run mixstream migrate`
	expect(t, exitFailure, missing, serve...)
	expect(t, exitFailure, missing, "publish", "--log", address, "s1", "complete", `{"type":"complete","done":true}`)
	expect(t, exitUsage, missing, check...)
	expect(t, exitSuccess, "schema mixstream is made, in version ", "migrate", "--log", address)
	expect(t, exitSuccess, "schema mixstream is as it must be: nothing was changed", "migrate", "--log", address)
	expect(t, exitSuccess, "is reached, and its schema is as it must be", check...)
	config := filepath.Join(writeFiles(t, map[string]string{"c.yaml": "log: " + address + "\nlog-schema: other\nlisten: 127.0.0.1:0\n"}), "c.yaml")
	expect(t, exitSuccess, `{"schema":"other","changed":true}`, "migrate", "--config", config, "--json")
	expect(t, exitSuccess, `{"schema":"other","changed":false}`, "migrate", "--config", config, "--json")

	if err := advise(&pglog.SchemaError{Schema: "s", Have: 1, Want: 2}); !strings.Contains(err.Error(), `schema "s" has version 1, and this program needs 2: run mixstream migrate`) {
		t.Errorf("an earlier schema: %v", err)
	}
	sql(t, address, "update mixstream.version set n = 1000")
	for _, args := range [][]string{serve, {"migrate", "--log", address}} {
		expect(t, exitFailure, `schema "mixstream" has version 1000, and this program knows `, args...)
	}
	expect(t, exitUsage, "use a later version of it", check...)

	expect(t, exitUsage, "must be postgres://HOST/DATABASE; the other logs need no migration", "migrate")
	expect(t, exitUsage, "must be postgres://HOST/DATABASE; the other logs need no migration", "migrate", "--log", "file:x")
	expect(t, exitUsage, "unknown flag: --listen", "migrate", "--log", address, "--listen", "127.0.0.1:0")
}

// A server and a publisher share a database. The publisher trims nothing that the server retains.
func TestServePostgresLog(t *testing.T) {
	address := newDatabase(t)
	log := []string{"--log", address, "--log-schema", "events"}
	expect(t, exitSuccess, "is made", append([]string{"migrate"}, log...)...)
	_, a := serving(t, append(log, "--log-listen", pgtest.Shared(t).URL(""))...)
	status, stdout, stderr := execute(t, helloEvent, append([]string{"publish", "s1"}, log...)...)
	if status != exitSuccess || !strings.HasPrefix(stdout, "1 events published, from ") {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	expect(t, exitSuccess, "", "publish", a, "s1", "complete", `{"type":"complete","done":true}`)
	if got := tailed(t, a); !strings.Contains(got, "Hello") {
		t.Errorf("got %q", got)
	}
}

// overTCP returns the host and port of a loopback address that leads to a server, which refuses TLS
// there.
func overTCP(t *testing.T, server *pgtest.Server) string {
	return forward(t, func() (net.Conn, error) { return net.Dial("unix", filepath.Join(server.Folder(), ".s.PGSQL.5432")) })
}

// forward returns a loopback address, and connects whoever connects to it to what dial returns.
func forward(t *testing.T, dial func() (net.Conn, error)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			back, err := dial()
			if err != nil {
				front.Close()
				continue
			}
			for _, c := range [][2]net.Conn{{front, back}, {back, front}} {
				running.Go(func() {
					_, _ = io.Copy(c[0], c[1])
					c[0].Close()
					c[1].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// What is wrong with the database is told, and the password is not.
func TestPostgresRefuses(t *testing.T) {
	hba := "local all postgres trust\nlocal replication postgres trust\nlocal all all scram-sha-256\n"
	server := pgtest.Start(t, "hba_file="+readable(t, hba))
	sql(t, server.URL("postgres"), "create role alice login password 'hunter2'")
	expect(t, exitSuccess, "is made", "migrate", "--log", server.URL("postgres"))
	replica := server.Replica(t)
	expect(t, exitSuccess, "its schema is as it must be", "check", "--listen", "127.0.0.1:0",
		"--log", "postgres://postgres@/postgres?host="+replica.Folder()+","+server.Folder()) // the second is the primary
	host := overTCP(t, server)
	for _, c := range []struct{ log, want string }{
		{"postgres://alice:wrong@" + host + "/postgres", `password authentication failed for user "alice"`},
		{"postgres://alice:hunter2@" + host + "/shop", `database "shop" does not exist`},
		{"postgres://alice:hunter2@" + host + "/postgres", "permission denied for schema mixstream"},
		{"postgres://alice:hunter2@" + host + "/postgres?sslmode=require", "server refused TLS connection"},
		{"postgres://alice:hunter2@127.0.0.1:1/postgres", "connection refused"},
		{"postgres://alice:hunter2@127.0.0.1:1,127.0.0.1:2/postgres?password=hunter2", "connection refused; "},
		{"postgres://alice:hunter2@/postgres?host=/nowhere", "no such file or directory"},
		{replica.URL("postgres"), "the database is read-only"},
	} {
		for command, want := range map[string]int{"serve": exitFailure, "check": exitUsage, "publish": exitFailure, "migrate": exitFailure} {
			args := []string{command, "--log", c.log}
			switch command {
			case "serve", "check":
				args = append(args, "--listen", "127.0.0.1:0")
			case "publish":
				args = append(args, "s1", "complete", `{"type":"complete","done":true}`)
			}
			status, stdout, stderr := execute(t, "", args...)
			if status != want || !strings.Contains(stdout+stderr, c.want) {
				t.Errorf("%q: status %d, want %d and %q: %s%s", args, status, want, c.want, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, "hunter2") {
				t.Errorf("%q: the password was printed: %s%s", args, stdout, stderr)
			}
		}
	}
}

// readable makes a file with a text that every user can read, and returns its path.
func readable(t *testing.T, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "readable") //nolint:usetesting // other users cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// No command prints a part of a password, however an address is wrong.
func TestPostgresSecrets(t *testing.T) {
	for _, log := range []string{
		"postgres://alice:hunt/er2s@127.0.0.1:1/db", "postgres://alice:hunt@er2s@127.0.0.1:1/db", "postgres://alice:hunter2s",
		"postgres://alice:12/er2s@127.0.0.1:1/db", "postgres://alice@127.0.0.1:1/db?password=hunt&er2s",
		"postgres://alice:hunt%zzer2s@127.0.0.1:1/db", "postgres://alice:hunter2s@127.0.0.1:port/db",
		"postgres://alice:hunt?er#2s@127.0.0.1:1/db", "postgres://alice:hunt er2s@127.0.0.1:1/db", "postgres://alice:hunt\"er2s@127.0.0.1:1/db",
		"postgres://alice:hunter2s@127.0.0.1:1/db?pool_max_conns=hunter2s", "postgres://127.0.0.1:1/db?pass%77ord=hunter2s&user=alice",
		"postgres://127.0.0.1:1/db?target_session_attrs=hunter2s", "postgres://127.0.0.1:1/db?sslmode=hunter2s", "postgres://127.0.0.1:1/db?sslpassword=hunter2s",
		"postgres://127.0.0.1:1/db?application_name=a@hunter2s", "postgresql://alice:hunter2s@[::1/db", "postgres://alice:hunter2s@127.0.0.1:1:2/db",
		"POSTGRES://alice:hunter2s@h/db?password=hunter2s", "host=127.0.0.1 user=alice password=hunter2s", "postgres:/alice:hunter2s@h/db",
		"postgres://alice:" + strings.Repeat("hunter2s", 200) + "@127.0.0.1:1/db",
	} {
		config := filepath.Join(writeFiles(t, map[string]string{"c.yaml": fmt.Sprintf("log: %q\nlisten: 127.0.0.1:0\n", log)}), "c.yaml")
		for _, args := range [][]string{
			{"serve", "--listen", "127.0.0.1:0", "--log", log, "--level", "debug"},
			{"serve", "--listen", "127.0.0.1:0", "--log", log, "--json"},
			{"serve", "--config", config},
			{"serve", "--listen", "127.0.0.1:0", "--log", "postgres://127.0.0.1:1/db", "--log-listen", log},
			{"check", "--config", config},
			{"check", "--config", config, "--json"},
			{"migrate", "--log", log},
			{"migrate", "--config", config, "--json"},
			{"publish", "--log", log, "s1", "complete", `{}`},
			{"publish", "--log", log, "http://127.0.0.1:1", "s1"},
			{"publish", log, "s1", "complete", `{}`},
			{"tail", log, "s1"},
			{"copy", "--from", log, "--log", "file:" + filepath.Join(t.TempDir(), "x")},
			{"serve", "--log", log, "--log-replicas", "3"},
			{log},
			{"serve", "--log-bytes", log},
		} {
			status, stdout, stderr := execute(t, "", args...)
			if status == exitSuccess && args[0] != "check" {
				t.Errorf("%q: status %d", args, status)
			}
			for _, part := range []string{"hunt", "er2s"} {
				if strings.Contains(stdout+stderr, part) {
					t.Errorf("%q: a part of the password was printed: %s%s", args, stdout, stderr)
				}
			}
		}
	}
}

func TestPostgresSettings(t *testing.T) {
	t.Setenv("PGPASSWORD", "secret")
	const address = "postgres://app@a/db"
	config, o, err := (&logFlags{log: address}).postgres()
	if err != nil || config.MaxConns != poolSize || config.ConnConfig.Password != "secret" || o.Schema != "mixstream" ||
		config.ConnConfig.RuntimeParams["application_name"] != "mixstream" || config.ConnConfig.ValidateConnect != nil || o.Retention != (pglog.Retention{}) {
		t.Errorf("got %+v, %+v, %v", config, o, err)
	}
	config, _, err = (&logFlags{log: address + "?pool_max_conns=3&application_name=mine"}).postgres()
	if err != nil || config.MaxConns != 3 || config.ConnConfig.RuntimeParams["application_name"] != "mine" {
		t.Errorf("got %+v, %v", config, err)
	}
	config, _, err = (&logFlags{log: "postgres://app@a,b/db"}).postgres()
	if err != nil || config.ConnConfig.ValidateConnect == nil {
		t.Errorf("of several servers any is used: %v", err)
	}
	_, o, err = (&logFlags{log: address, entries: 5, bytes: 6, age: 7 * time.Hour, idle: 8 * time.Hour}).postgres()
	if want := (pglog.Retention{Entries: 5, Bytes: 6, Age: 7 * time.Hour, Idle: 8 * time.Hour}); err != nil || o.Retention != want {
		t.Errorf("a server limits %+v, %v", o.Retention, err)
	}
	_, o, err = (&logFlags{log: address, visiting: true, entries: 5, idle: time.Hour}).postgres()
	if want := (pglog.Retention{Entries: 5, Bytes: -1, Age: -1, Idle: time.Hour}); err != nil || o.Retention != want {
		t.Errorf("a publisher limits %+v, %v", o.Retention, err)
	}
	_, o, err = (&logFlags{log: address, existing: true, entries: 5, idle: time.Hour}).postgres()
	if want := (pglog.Retention{Entries: -1, Bytes: -1, Age: -1}); err != nil || o.Retention != want {
		t.Errorf("a reader limits %+v, %v", o.Retention, err)
	}
	for listen, want := range map[string]string{
		"postgres://c":                      "app secret c db",
		"postgres://other@c/else":           "other secret c else",
		"postgres://c/?user=u&dbname=d":     "u secret c d",
		"postgresql://other:password@c:99/": "other password c db",
	} {
		config, o, err := (&logFlags{log: address, listen: listen}).postgres()
		if err != nil {
			t.Fatal(err)
		}
		if config.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheDescribe {
			t.Errorf("%s: statements are prepared over a pooler", listen)
		}
		if c := o.Listen; fmt.Sprint(c.User, " ", c.Password, " ", c.Host, " ", c.Database) != want {
			t.Errorf("%s: got %s %s %s %s, want %s", listen, c.User, c.Password, c.Host, c.Database, want)
		}
	}
}
