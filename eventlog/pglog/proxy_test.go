package pglog_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// cut says where a proxy cuts a connection.
type cut int32

const (
	never         cut = iota
	beforeRequest     // the server does not get what the client sends
	beforeAnswer      // the client does not get what the server answers
)

// proxy stands before a server, and can cut connections.
type proxy struct {
	folder string
	next   atomic.Int32 // the cut
}

// socket is the name of a socket of PostgreSQL.
const socket = ".s.PGSQL.5432"

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	folder, err := os.MkdirTemp("", "proxy") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{folder: folder}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", filepath.Join(server, socket))
			if err != nil {
				client.Close()
				continue
			}
			wg.Go(func() { p.pass(to, client, beforeRequest) })
			wg.Go(func() { p.pass(client, to, beforeAnswer) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
		_ = os.RemoveAll(folder)
	})
	return p
}

// pass passes on what comes, until a cut of that kind is next.
func (p *proxy) pass(to, from net.Conn, of cut) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || n > 0 && p.next.CompareAndSwap(int32(of), int32(never)) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) cutOnce(c cut) { p.next.Store(int32(c)) }

// hasCut reports whether the cut was made.
func (p *proxy) hasCut() bool { return p.next.Load() == int32(never) }
