// Package pgtest runs a real PostgreSQL for tests, from the programs that are installed. A test
// is skipped if there are none, or fails if MIXSTREAM_REQUIRE_TOOLS is set, as .ci/run does.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to start.
const patience = time.Minute

// Server is a PostgreSQL with a temporary folder. It listens on a socket in that folder, and on
// no address. It survives no crash of the system: it does not sync, unless its settings say so.
type Server struct {
	programs programs
	folder   string
	settings []string

	mu      sync.Mutex
	process *exec.Cmd // nil while the server is down
	ended   chan struct{}
	output  bytes.Buffer
}

// Start starts a server that is stopped with the test. Each setting is NAME=VALUE, as in
// postgresql.conf.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	p := find(t)
	s, err := create(p, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	s.Up(t)
	return s
}

// create makes the folder of a server.
func create(p programs, settings []string) (*Server, error) {
	s, err := newServer(p, settings)
	if err != nil {
		return nil, err
	}
	if err := p.run("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func newServer(p programs, settings []string) (*Server, error) {
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	if err := p.own(folder); err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // other users connect to the socket
		return nil, err
	}
	return &Server{programs: p, folder: folder, settings: settings}, nil
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// Folder returns the folder of the server's socket, which is the host of its URLs.
func (s *Server) Folder() string { return s.folder }

// URL returns the address of a database of the server.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: url.Values{"host": {s.folder}}.Encode()}
	return u.String()
}

// Up starts the server, and waits until it answers.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("pgtest: the server is up")
	}
	args := []string{"-D", s.data(), "-k", s.folder, "-c", "listen_addresses="}
	defaults := []string{"fsync=off", "max_connections=200", "wal_level=replica", "max_wal_senders=4", "shared_buffers=256MB"}
	for _, setting := range slices.Concat(defaults, s.settings) {
		args = append(args, "-c", setting)
	}
	cmd := s.programs.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	s.output.Reset()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended shows in its output
		close(ended)
	}()
	s.process, s.ended = cmd, ended
	return s.await(ended)
}

// await waits until the server answers.
func (s *Server) await(ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			s.process = nil
			return fmt.Errorf("pgtest: the server ended: %s", s.output.String())
		case <-ctx.Done():
			return fmt.Errorf("pgtest: the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop stops the server, which ends all connections. It may be started again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as a crash does. It may be started again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	// As a signal to the server alone would leave its children, which keep the memory of the
	// old server in use, it ends them, too.
	if err := s.end(quit); err != nil {
		t.Fatal(err)
	}
}

// KillPostmaster kills the first process of the server alone, and waits until the others have
// noticed that and ended. Until then they go on: they may commit and answer. It may be started
// again.
func (s *Server) KillPostmaster(t testing.TB) {
	t.Helper()
	if err := s.end(os.Kill); err != nil {
		t.Fatal(err)
	}
}

// KillBackend kills the process of a connection, unless it has ended. The server ends all other
// connections and recovers as after a crash, by itself.
func (s *Server) KillBackend(t testing.TB, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

func (s *Server) end(signal os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Signal(signal)
	<-s.ended
	s.process = nil
	return err
}

// remove ends the server and deletes its folder.
func (s *Server) remove() {
	_ = s.end(os.Interrupt) // it may have ended by itself
	_ = os.RemoveAll(s.folder)
}

var names struct {
	sync.Mutex
	n int
}

// Name returns a name that no other call in this process returns, for a schema or a database.
func Name() string {
	names.Lock()
	defer names.Unlock()
	names.n++
	return "test" + strconv.Itoa(names.n)
}
