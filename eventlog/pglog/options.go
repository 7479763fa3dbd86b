package pglog

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Options says where a log is in its database, and how it behaves. Every field has a default.
type Options struct {
	// Schema is the schema of the log's tables and functions; by default mixstream. It is also
	// the name of the channel of its notifications. Nothing else may be in it.
	Schema string

	// Retention says how much the log retains. Give all processes of a log the same.
	Retention Retention

	// RequestTimeout limits each call of the database; by default 5 s.
	RequestTimeout time.Duration
	// AppendTimeout limits how long Create, Append and Delete try; by default 20 s, and at most
	// 5 minutes.
	AppendTimeout time.Duration
	// PollInterval is how often the log looks for entries of which no notification told; by
	// default 1 s. It limits how long a lost notification goes unnoticed. While notifications do
	// not arrive, the log looks every 50 ms, or every PollInterval if that is less.
	PollInterval time.Duration

	// Listen is where the log listens for notifications, if that is not the address of the pool:
	// a connection pooler in transaction mode delivers none. It must lead to the same database.
	Listen *pgx.ConnConfig

	// Logger gets what goes wrong with the database. By default nothing is logged.
	Logger *slog.Logger

	dropNotification func() bool // for tests: reports whether a notification is lost
}

// Retention says how much a log retains. A zero field has its default; a negative field sets no
// limit. The log trims its oldest entries first, but never the newest one.
type Retention struct {
	// Entries is about how many entries of each session, and of each scope, are retained; by
	// default 10,000. Up to an eighth more for each process is retained for a while, or about a
	// quarter more of what is appended by processes without this limit.
	Entries int64
	// Bytes is the size of the whole log: of the names and data, and 120 bytes for each entry; by
	// default 1 GiB. On the disk it is up to two and a half times that, since PostgreSQL frees
	// the room of deleted rows later.
	Bytes int64
	// Age is how long an entry is retained; by default 24 hours. It counts by the clock of the
	// database. If that was ahead when entries came, only the other limits apply until it is there.
	Age time.Duration
	// Idle is how long a session may have neither a new entry nor a reader, in any process that
	// has set it. After that its record and its remaining entries are forgotten, and a position
	// from before is told as a gap if the session is made again. Set it longer than anybody would
	// stay away, longer than eventlog.KeyLife (a key ends with its session), and the same for all
	// processes. By default a session is kept until it is deleted.
	Idle time.Duration
}

// slack is how many entries more than the limit a stream may have before the retention trims it:
// those that two processes add before each of them trims.
func (r *Retention) slack() int64 { return max(r.Entries/4, 2) }

const (
	defaultSchema  = "mixstream"
	defaultEntries = 10_000
	defaultBytes   = 1 << 30
	defaultAge     = 24 * time.Hour
)

// callLife is how long the database knows a call.
const callLife = 10 * time.Minute

var validSchema = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)

// Check returns the error for which Open would refuse the options before it asks the database, or
// nil.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults returns the options with their defaults, or an error for invalid ones.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.Schema, defaultSchema)
	setDefault(&o.Retention.Entries, defaultEntries)
	setDefault(&o.Retention.Bytes, defaultBytes)
	setDefault(&o.Retention.Age, defaultAge)
	setDefault(&o.RequestTimeout, 5*time.Second)
	setDefault(&o.AppendTimeout, 20*time.Second)
	setDefault(&o.PollInterval, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = excerpt.Logger(o.Logger)
	switch {
	case !validSchema.MatchString(o.Schema):
		return o, fmt.Errorf("pglog: schema %s: use letters, digits, - and _ only, 63 at most", excerpt.Quote(o.Schema))
	case o.RequestTimeout < 0 || o.AppendTimeout < 0 || o.PollInterval < 0:
		return o, errors.New("pglog: negative duration")
	case o.AppendTimeout > callLife/2:
		return o, fmt.Errorf("pglog: AppendTimeout must be %v at most", callLife/2)
	case o.Retention.Idle < 0:
		return o, errors.New("pglog: Retention.Idle must not be negative")
	case o.Retention.Age > 0 && o.Retention.Age < eventlog.KeyLife:
		// The same limit as for the log on NATS, so that settings can move from one to the other.
		return o, fmt.Errorf("pglog: Retention.Age is %v; it must be at least %v", o.Retention.Age, eventlog.KeyLife)
	}
	return o, nil
}

func setDefault[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}
