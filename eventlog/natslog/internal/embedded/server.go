// Package embedded runs a nats-server in the process, with a store in a folder. It
// finds a store that has lost what it acknowledged, and repairs it.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/internal/logfolder"
)

// maxPayload is the largest message that the server takes: room for the largest event
// that anybody would publish, and for what the log adds to it.
const maxPayload = 8 << 20

// roomSize is how many bytes the disk must have left for the server to be used.
const roomSize = 64 << 10

// Config says where a server keeps its store, and which streams it has.
type Config struct {
	// Dir is the folder. Open makes it if it is missing.
	Dir string
	// Within says that Dir lies within a folder that is locked already. Such a store is
	// neither locked nor checked for damage.
	Within bool
	// SyncInterval is how often the server syncs to the disk; zero is after each append.
	SyncInterval time.Duration
	// Entries and Records name the two streams of the log.
	Entries, Records string
	// Copy copies a log from one folder into a new one, whose ids are above a number, and
	// returns how many entries that were. Repair needs it.
	Copy func(ctx context.Context, from, to string, above uint64) (entries int, err error)
	// Logger gets what the server reports, and what is repaired.
	Logger *slog.Logger
}

// Server is a nats-server in this process. It is stopped and started again where that
// repairs its store; InProcessConn connects to the one that runs. All methods are safe
// for concurrent use, but only one goroutine may call StartWhole.
type Server struct {
	config    Config
	lock      *os.File   // nil with Config.Within
	watermark *watermark // nil with Config.Within

	mu     sync.Mutex // guards the field below
	server *server.Server
}

// Open locks the folder of a server, and starts none yet. The caller must close it.
func Open(c Config) (*Server, error) {
	s := &Server{config: c}
	if c.Within {
		return s, os.MkdirAll(c.Dir, 0o700)
	}
	var err error
	if s.lock, err = logfolder.Lock(c.Dir); err != nil {
		return nil, err
	}
	if s.watermark, err = openWatermark(c.Dir); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// StartWhole stops the server if it runs, repairs the store if it is damaged, and
// starts the server. Damage is a DamageError if the damage is known; with nil,
// StartWhole looks for it.
func (s *Server) StartWhole(ctx context.Context, damage error) error {
	s.stop()
	if damage == nil {
		damage = s.Inspect(ctx)
	}
	if _, is := errors.AsType[DamageError](damage); is {
		damage = s.repair(ctx, damage)
	}
	if damage != nil {
		return damage
	}
	return s.start()
}

// start starts a server, of which none may run.
func (s *Server) start() error {
	c := s.config
	ns, err := server.NewServer(&server.Options{
		ServerName:         "mixstream",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           c.Dir,
		JetStreamMaxMemory: 64 << 20,
		JetStreamMaxStore:  math.MaxInt64,
		MaxPayload:         maxPayload,
		SyncAlways:         c.SyncInterval == 0,
		SyncInterval:       c.SyncInterval,
	})
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	ns.SetLoggerV2(serverLogger{c.Logger}, false, false, false)
	ns.Start()
	if !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return fmt.Errorf("embedded server: cannot use folder %s; see the log for the reason", c.Dir)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = ns
	return nil
}

// stop stops the server if one runs.
func (s *Server) stop() {
	s.mu.Lock()
	ns := s.server
	s.server = nil
	s.mu.Unlock()
	if ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
}

// Close stops the server and unlocks the folder.
func (s *Server) Close() {
	s.stop()
	if s.watermark != nil {
		_ = s.watermark.file.Close() // everything in it is written
	}
	if s.lock != nil {
		_ = s.lock.Close() // which also unlocks it
	}
}

// InProcessConn implements nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return nil, errors.New("the embedded server is being started again")
	}
	return s.server.InProcessConn()
}

// Stores reports whether the server runs and has not given up its store.
func (s *Server) Stores() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server != nil && s.server.JetStreamEnabled()
}

// CheckRoom returns an error if the folder cannot be written to, or the disk is full.
func (s *Server) CheckRoom() error {
	f, err := os.CreateTemp(s.config.Dir, ".check-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, roomSize))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
