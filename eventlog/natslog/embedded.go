package natslog

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
)

// maxPayload is what a message may have on an embedded server: the largest event
// that anybody would publish, and the rest.
const maxPayload = 8 << 20

// lockName names the file of a folder that is locked while a process uses it.
const lockName = "lock"

// embedded is a nats-server in this process.
type embedded struct {
	server *server.Server
	lock   *os.File
}

func startEmbedded(o Options) (*embedded, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("natslog: %w", err)
	}
	lock, err := lockFile(filepath.Join(o.Dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("natslog: folder %s is in use by another process: %w", o.Dir, err)
	}
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
		_ = lock.Close() // which also unlocks it
		return nil, fmt.Errorf("natslog: embedded server: %w", err)
	}
	ns.SetLoggerV2(serverLogger{o.Logger}, false, false, false)
	e := &embedded{server: ns, lock: lock}
	ns.Start()
	if !ns.JetStreamEnabled() {
		e.stop()
		return nil, fmt.Errorf("natslog: embedded server: cannot use folder %s; the logger is told why", o.Dir)
	}
	return e, nil
}

func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
	_ = e.lock.Close() // which also unlocks it
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
