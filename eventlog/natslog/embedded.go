package natslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// maxPayload is what a message may have on an embedded server: the largest event
// that anybody would publish, and the rest.
const maxPayload = 8 << 20

// lockName names the file of a folder that is locked while a process uses it.
const lockName = "lock"

// embedded is a nats-server in this process, which is stopped and started again where
// that is what mends its store. The log's connection finds the one that runs.
type embedded struct {
	options Options
	lock    *os.File // nil, as is what follows: of a folder within one that is locked
	highest *highest

	mu     sync.Mutex
	server *server.Server // nil while none runs
}

// lockDir makes the folder of an embedded server, and locks it.
func lockDir(o Options) (*embedded, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("natslog: %w", err)
	}
	e := &embedded{options: o}
	if o.inside {
		return e, nil
	}
	lock, err := lockFile(filepath.Join(o.Dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("natslog: folder %s is in use by another process: %w", o.Dir, err)
	}
	e.lock = lock
	if e.highest, err = openHighest(o.Dir); err != nil {
		e.close()
		return nil, fmt.Errorf("natslog: %w", err)
	}
	return e, nil
}

// startWhole stops the server if it runs, and starts one on a whole store. It mends a damaged
// one first: damage is what is known to be damaged, or nil to look for it.
func (e *embedded) startWhole(ctx context.Context, damage error) error {
	e.halt()
	if damage == nil {
		damage = e.damage(ctx)
	}
	if _, is := errors.AsType[damageError](damage); is {
		damage = e.mend(ctx, damage)
	}
	if damage != nil {
		return damage
	}
	return e.start()
}

// start starts a server, of which none may run.
func (e *embedded) start() error {
	o := e.options
	opts := &server.Options{
		ServerName:         "mixstream",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           o.Dir,
		JetStreamMaxMemory: 64 << 20,
		JetStreamMaxStore:  math.MaxInt64,
		MaxPayload:         maxPayload,
		SyncAlways:         o.SyncInterval == 0,
		SyncInterval:       o.SyncInterval,
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("natslog: embedded server: %w", err)
	}
	ns.SetLoggerV2(serverLogger{o.Logger}, false, false, false)
	ns.Start()
	if !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return fmt.Errorf("natslog: embedded server: cannot use folder %s; the logger is told why", o.Dir)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = ns
	return nil
}

// halt stops the server, if one runs.
func (e *embedded) halt() {
	e.mu.Lock()
	ns := e.server
	e.server = nil
	e.mu.Unlock()
	if ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
}

// close stops the server, and unlocks the folder.
func (e *embedded) close() {
	e.halt()
	if e.highest != nil {
		_ = e.highest.file.Close() // what it has is written
	}
	if e.lock != nil {
		_ = e.lock.Close() // which also unlocks it
	}
}

// InProcessConn implements nats.InProcessConnProvider.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil {
		return nil, errors.New("the embedded server is being started again")
	}
	return e.server.InProcessConn()
}

// stores reports whether the server runs, and has not given up its store.
func (e *embedded) stores() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server != nil && e.server.JetStreamEnabled()
}

// serverLogger hands on what the embedded server reports.
type serverLogger struct{ *slog.Logger }

func (l serverLogger) Noticef(format string, v ...any) { l.Logger.Debug(serverMessage(format, v)) }
func (l serverLogger) Warnf(format string, v ...any)   { l.Warn(serverMessage(format, v)) }
func (l serverLogger) Errorf(format string, v ...any)  { l.Error(serverMessage(format, v)) }
func (l serverLogger) Fatalf(format string, v ...any)  { l.Error(serverMessage(format, v)) }
func (l serverLogger) Debugf(string, ...any)           {}
func (l serverLogger) Tracef(string, ...any)           {}

func serverMessage(format string, v []any) string {
	return "natslog: embedded server: " + fmt.Sprintf(format, v...)
}
