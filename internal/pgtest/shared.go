package pgtest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
)

// kept is a server of the whole test binary.
type kept struct {
	once   sync.Once
	server *Server
	err    error
}

var shared, syncing kept

// Main runs the tests of a binary, stops its shared servers, and exits: with a failure also if a
// goroutine is left. The TestMain of a binary with a shared server calls it.
func Main(m *testing.M) {
	status := m.Run()
	for _, k := range []*kept{&shared, &syncing} {
		if k.server != nil {
			k.server.remove()
		}
	}
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// Pool connects to a database, and closes the pool with the test.
func Pool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Shared returns the server of the whole test binary, which the first call starts. The binary's
// TestMain must call [Main].
func Shared(t testing.TB) *Server {
	t.Helper()
	return shared.get(t)
}

// SharedSyncing is Shared for benchmarks: what is committed to its server is on the disk.
func SharedSyncing(t testing.TB) *Server {
	t.Helper()
	return syncing.get(t, "fsync=on")
}

func (k *kept) get(t testing.TB, settings ...string) *Server {
	t.Helper()
	p := find(t)
	k.once.Do(func() {
		if k.server, k.err = create(p, settings); k.err == nil {
			k.err = k.server.start()
		}
	})
	if k.err != nil {
		t.Fatal(k.err)
	}
	return k.server
}
