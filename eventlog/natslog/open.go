package natslog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/redact"
)

// Log is an eventlog.Log on NATS JetStream. All methods are safe for concurrent use.
type Log struct {
	options  Options
	subjects subjects
	embedded *embedded // nil: connected
	nc       *nats.Conn
	js       jetstream.JetStream
	batches  chan struct{} // a place for each atomic batch under way

	age          time.Duration // of the stream's entries; 0 is no limit
	retention    Retention     // of the stream's entries, as it is
	cacheEntries int           // how many entries a feed holds at most

	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	closing   sync.Once
	closed    chan struct{} // by the connection
	lost      atomic.Bool   // the connection
	stale     atomic.Bool   // the last check has failed
	checkNow  chan struct{}
	doubts    chan struct{} // whether entries can be appended
	suspicion suspicion
	blocked   atomic.Pointer[error] // why none can be; nil: they can, as far as is known
	live      chan *nats.Msg        // what the stream republishes
	bounds    shared[bounds]

	identity atomic.Pointer[identity]
	pinned   atomic.Bool                  // the identity is written down
	used     atomic.Bool                  // something was asked of the log
	trusted  atomic.Bool                  // whatever the streams are, since they are copied
	strange  atomic.Pointer[strangeError] // why the streams are not those of the log; nil: they are
	start    atomic.Uint64                // the position before the first entry that the log ever had
	high     atomic.Uint64                // the highest sequence that was stored, as far as is known
	sure     atomic.Uint64                // one that the stream of the log is known to have had
	behind   atomic.Int64                 // since when the stream ends before that, in Unix nanoseconds; 0: it does not
	epoch    atomic.Uint64                // counts the streams that were adopted

	mu      sync.Mutex // guards what follows
	feeds   map[string]*feed
	writers map[string]*writer
	young   []*feed // opened since the last check
}

var _ eventlog.Log = (*Log)(nil)

// Open opens a log, embedded or connected as the options say, and makes its streams
// if they are not there. The context bounds the opening only. The caller closes the
// log.
func Open(ctx context.Context, o Options) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Log{
		options:  o,
		subjects: subjects{o.Name, o.Prefix},
		batches:  make(chan struct{}, maxBatches),
		closed:   make(chan struct{}),
		checkNow: make(chan struct{}, 1),
		doubts:   make(chan struct{}, 1),
		live:     make(chan *nats.Msg, 1<<14),
		feeds:    make(map[string]*feed),
		writers:  make(map[string]*writer),
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.bounds.get = l.askKnownBounds
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	if l.options.Dir != "" {
		if l.embedded, err = lockDir(l.options); err != nil {
			return err
		}
		if err := l.embedded.startWhole(ctx, nil); err != nil {
			return err
		}
	}
	if l.nc, err = l.connect(ctx); err != nil {
		return fmt.Errorf("natslog: connect: %w", redact.Error(err))
	}
	if l.js, err = jetstream.New(l.nc); err != nil {
		return fmt.Errorf("natslog: %w", err)
	}
	mended := false // here: what is still damaged then would be mended for ever
	for tries := 1; ; tries++ {
		// A cluster that has just started has no leader for its streams yet.
		try, cancel := context.WithTimeout(ctx, l.options.RequestTimeout)
		entries, err := l.ensureStreams(try, l.js)
		if err == nil && l.embedded != nil {
			err = l.lostMessages(try)
		}
		if err == nil {
			err = l.opened(try, entries)
		}
		cancel()
		if _, is := errors.AsType[damageError](err); is && !mended {
			if err := l.embedded.startWhole(ctx, err); err != nil {
				return err
			}
			mended = true
			continue
		}
		if err == nil {
			break
		}
		if l.embedded != nil && tries >= 10 {
			return fmt.Errorf("natslog: folder %s: %w", l.options.Dir, err) // it is no cluster
		}
		if !transient(err) || ctx.Err() != nil || !sleep(ctx, 200*time.Millisecond) {
			return err
		}
	}
	l.wg.Go(l.deliver)
	l.wg.Go(l.check)
	l.wg.Go(l.tend)
	l.wg.Go(l.bury)
	if l.options.Retention.Idle > 0 {
		l.wg.Go(l.idle)
	}
	return nil
}

// connect connects to NATS. A connection that is lost is made again for ever; what
// is published meanwhile fails at once, instead of being sent who knows when.
func (l *Log) connect(ctx context.Context) (*nats.Conn, error) {
	o := l.options
	opts := []nats.Option{
		nats.Name("mixstream " + o.Name),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may be good again
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(2 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(o.RequestTimeout), // for which a socket that takes nothing holds up all
		nats.Timeout(o.RequestTimeout),
	}
	url := o.URL
	if l.embedded != nil {
		url = ""
		opts = append(opts, nats.InProcessServer(l.embedded))
	}
	if o.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.Credentials))
	}
	if o.Token != "" {
		opts = append(opts, nats.Token(o.Token))
	}
	if o.User != "" || o.Password != "" {
		opts = append(opts, nats.UserInfo(o.User, o.Password))
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS))
	}
	if deadline, ok := ctx.Deadline(); ok {
		opts = append(opts, nats.Timeout(min(o.RequestTimeout, max(time.Until(deadline), time.Millisecond))))
	}
	opts = append(opts, o.Connection...)
	return nats.Connect(url, append(opts,
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			l.lost.Store(true)
			if l.ctx.Err() == nil {
				o.Logger.Warn("natslog: connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			l.lost.Store(false)
			o.Logger.Info("natslog: connected again", "server", nc.ConnectedAddr())
			l.checkSoon()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Logger.Warn("natslog: connection", "error", err)
			l.checkSoon()
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(l.closed) }),
	)...)
}

// Close ends the connection and, if it is embedded, the server. Readers and calls
// under way fail. It may be called more than once.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.mu.Lock()
		l.cancel()
		l.mu.Unlock()
		if l.nc != nil {
			l.nc.Close()
			<-l.closed
		}
		l.wg.Wait()
		if l.embedded != nil {
			l.embedded.close()
		}
	})
	return nil
}

// spawn starts a goroutine that Close waits for, unless the log is closed.
func (l *Log) spawn(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.wg.Go(f)
	return true
}

// sleep waits, and tells whether the context has lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
