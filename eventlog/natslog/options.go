package natslog

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Options says where a log is and how it behaves. Exactly one of Dir and URL must be
// set; every other field has a default.
type Options struct {
	// Dir is the folder of a nats-server that runs in this process. No other process
	// may use the folder. Open makes it if it is missing. The server listens on no
	// address.
	Dir string
	// SyncInterval is how often the embedded server syncs to the disk. Zero means after
	// each append, so that an acknowledged entry survives a power cut. With an interval
	// appends are faster. A power cut or a crash of the system (not of the process) then
	// loses what came within it, although it was acknowledged and perhaps delivered;
	// readers are told a gap.
	SyncInterval time.Duration

	// URL is the address of a NATS server with JetStream, or several addresses separated
	// by commas.
	URL string
	// Credentials is the path of a credentials file (a JWT and its key).
	Credentials string
	// Token authenticates to a server that asks for a token.
	Token string
	// User and Password authenticate to a server that asks for them.
	User, Password string
	// TLS configures connections to addresses with the scheme tls, and to servers that
	// ask for TLS.
	TLS *tls.Config
	// Connection adds options to the connection. The log sets the handlers for errors
	// and for a lost, restored or closed connection itself.
	Connection []nats.Option

	// Name names the stream of the entries; by default MIXSTREAM. The stream of the
	// session records is called NAME_SESSIONS.
	Name string
	// Prefix is the first token of all subjects; by default mixstream. Two logs in one
	// account must differ in both Name and Prefix.
	Prefix string
	// Existing makes Open fail, instead of making or changing a stream, if a stream is
	// missing or has the wrong configuration.
	Existing bool
	// Replicas is how many servers of a cluster keep each stream that Open makes; by
	// default 1. A log that must survive the loss of a server needs 3.
	Replicas int

	// Retention says how much the log retains. For a stream that exists, only the
	// fields that are set change its limits.
	Retention Retention

	// RequestTimeout limits each request to NATS; by default 5 s.
	RequestTimeout time.Duration
	// AppendTimeout limits how long Create, Append and Delete try; by default 20 s, and
	// at most a minute, which is well within the time for which the stream knows a
	// message id.
	AppendTimeout time.Duration
	// CheckInterval is how often the log compares what is being read with the stream; by
	// default 10 s. It limits how long a lost last message goes unnoticed.
	CheckInterval time.Duration

	// Logger gets lost connections, and what the embedded server reports. By default
	// nothing is logged.
	Logger *slog.Logger

	within   bool   // Dir lies within a folder that is locked already
	idsAbove uint64 // the first sequence of a new stream is above this

	// Fields below are for tests.
	dropLive         func(*nats.Msg) bool // reports whether a live message is lost
	shortAge         bool                 // allows a Retention.Age below eventlog.KeyLife
	beforeForgetting func(session string) // is called when a session was found idle
	keyLife          time.Duration        // replaces eventlog.KeyLife
}

// Retention says how much a log retains. A zero field has its default; a negative field
// sets no limit. The log trims its oldest entries first.
type Retention struct {
	// Entries is how many entries of each session, and of each scope, are retained; by
	// default 10,000.
	Entries int64
	// Bytes is the size of the whole log as the stream counts it: some 200 bytes for
	// each entry beside its data. The default is 1 GiB. It must hold more than comes
	// within eventlog.KeyLife: a key is forgotten when its record is trimmed.
	Bytes int64
	// Age is how long an entry is retained; by default 24 hours. It must be at least
	// eventlog.KeyLife, since the stream trims the records of keys by it as well.
	Age time.Duration
	// Idle is how long a session may have neither a new entry nor a reader, in any
	// process that has set it. After that its record and its remaining entries are
	// forgotten, and a position from before is told as a gap if the session is made
	// again. Set it longer than anybody would stay away, longer than eventlog.KeyLife (a
	// key ends with its session), and the same for all processes. The clocks of the
	// processes and of the NATS server must agree to within a quarter of it. By default
	// a session is kept until it is deleted.
	Idle time.Duration
}

const (
	defaultEntries = 10_000
	defaultBytes   = 1 << 30
	defaultAge     = 24 * time.Hour
)

// maxAge is an age that no sum of times with it overflows, here or in NATS.
const maxAge = 100 * 365 * 24 * time.Hour

// idWindow is how long the stream knows a message id. Where a key stands for one entry,
// nothing else keeps out a second one until the record of the key is stored.
const idWindow = eventlog.KeyLife

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Check returns the error for which Open would refuse the options before it opens
// anything, or nil.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults returns the options with their defaults, or an error for invalid ones.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.Name, "MIXSTREAM")
	setDefault(&o.Prefix, "mixstream")
	setDefault(&o.Replicas, 1)
	setDefault(&o.RequestTimeout, 5*time.Second)
	setDefault(&o.AppendTimeout, 20*time.Second)
	setDefault(&o.CheckInterval, 10*time.Second)
	setDefault(&o.keyLife, eventlog.KeyLife)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = excerpt.Logger(o.Logger)
	switch {
	case (o.Dir == "") == (o.URL == ""):
		return o, errors.New("natslog: set either Dir or URL")
	case o.URL == "" && (o.Credentials != "" || o.Token != "" || o.User != "" || o.Password != "" || o.TLS != nil || o.Replicas != 1):
		return o, errors.New("natslog: credentials, TLS and replicas are for a URL, not for an embedded server")
	case o.Dir == "" && o.SyncInterval != 0:
		return o, errors.New("natslog: SyncInterval is for an embedded server; a cluster has its own setting")
	case !validName.MatchString(o.Name):
		return o, fmt.Errorf("natslog: name %s: use letters, digits, - and _ only", excerpt.Quote(o.Name))
	case !validName.MatchString(o.Prefix):
		return o, fmt.Errorf("natslog: prefix %s: use letters, digits, - and _ only", excerpt.Quote(o.Prefix))
	case o.SyncInterval < 0 || o.RequestTimeout < 0 || o.AppendTimeout < 0 || o.CheckInterval < 0:
		return o, errors.New("natslog: negative duration")
	case o.tooYoung(o.Retention.Age):
		return o, fmt.Errorf("natslog: Retention.Age is %v; it must be at least %v, for which a key is honoured", o.Retention.Age, eventlog.KeyLife)
	case o.Retention.Idle < 0:
		return o, errors.New("natslog: Retention.Idle must not be negative")
	case o.AppendTimeout > time.Minute:
		return o, errors.New("natslog: AppendTimeout must be a minute at most")
	case o.Replicas < 1 || o.Replicas > 5:
		return o, fmt.Errorf("natslog: %d replicas; from 1 to 5 are possible", o.Replicas)
	}
	return o, nil
}

func setDefault[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// tooYoung reports whether a stream that trims by that age would forget keys too early.
func (o Options) tooYoung(age time.Duration) bool {
	return age > 0 && age < eventlog.KeyLife && !o.shortAge
}
