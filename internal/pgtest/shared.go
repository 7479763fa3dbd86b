package pgtest

import (
	"sync"
	"testing"
)

// kept is a server of the whole test binary.
type kept struct {
	once   sync.Once
	server *Server
	err    error
}

var shared, syncing kept

// Shared returns the server of the whole test binary, which the first call starts. The binary's
// TestMain must call StopShared.
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

// StopShared ends what Shared and SharedSyncing have started, if anything.
func StopShared() {
	for _, k := range []*kept{&shared, &syncing} {
		if k.server != nil {
			k.server.remove()
		}
	}
}
