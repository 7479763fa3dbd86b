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

// Options says where a log is, and how it behaves. Exactly one of Dir and URL must
// be set; all else has a default.
type Options struct {
	// Dir is the folder of a nats-server that runs in this process, and which no
	// other process uses. It is made if it is not there. The server listens on no
	// address.
	Dir string
	// SyncInterval is how often the embedded server has the system write to the
	// disk. Zero is after each append, so that an entry that was acknowledged
	// survives a power cut. With an interval appends are faster, and a power cut or
	// a crash of the system (not of the process) loses what came within it, although
	// it was acknowledged and perhaps delivered: that is told as a gap.
	SyncInterval time.Duration

	// URL is the address of a NATS server with JetStream, or of several, separated
	// by commas.
	URL string
	// Credentials is the path of a credentials file (a JWT and its key).
	Credentials string
	// Token authenticates where the server asks for a token.
	Token string
	// User and Password authenticate where the server asks for them.
	User, Password string
	// TLS is the configuration for addresses with the scheme tls, and for a server
	// that asks for TLS.
	TLS *tls.Config
	// Connection is added to the options of the connection. Handlers of a connection
	// that is lost, made again or closed, and of its errors, are the log's own.
	Connection []nats.Option

	// Name is the name of the stream; by default MIXSTREAM. The stream of the
	// records is called NAME_SESSIONS.
	Name string
	// Prefix is what all subjects begin with; by default mixstream. Two logs in one
	// account must differ in both.
	Prefix string
	// Existing has Open fail if the streams do not exist, or are not as they must
	// be, rather than make or change them.
	Existing bool
	// Replicas is how many servers of a cluster have each stream, when Open makes it;
	// by default 1. A log that is to survive the loss of a server needs 3.
	Replicas int

	// Retention says how much the stream retains. Its limits are those of a stream
	// that Open makes; those of a stream that exists are changed only by fields that
	// are set.
	Retention Retention

	// RequestTimeout bounds each request to NATS; by default 5 s.
	RequestTimeout time.Duration
	// AppendTimeout is for how long Create, Append and Delete try; by default 20 s.
	// It must be a minute at most, well within the time for which the stream knows a
	// message id.
	AppendTimeout time.Duration
	// CheckInterval is how often what is being read is compared with the stream; by
	// default 10 s. It bounds for how long a lost last message goes unnoticed.
	CheckInterval time.Duration

	// Logger is told of lost connections, and of what the embedded server reports.
	// By default nothing is logged.
	Logger *slog.Logger

	inside           bool                 // Dir is within a folder that is locked already
	above            uint64               // the first sequence of a new stream is above this
	dropLive         func(*nats.Msg) bool // in tests: tells which live messages are lost
	shortAge         bool                 // in tests: lets Retention.Age be less than the life of a key
	beforeForgetting func(session string) // in tests: is called when a session was found idle
	keyLife          time.Duration        // eventlog.KeyLife, but in tests: how long the record of a key lasts
}

// Retention says how much a stream retains. Zero fields have the defaults below; a
// negative field is no limit. What is over a limit is trimmed from the old end.
type Retention struct {
	// Entries is how many entries are retained of each session, and of each scope;
	// by default 10,000.
	Entries int64
	// Bytes is the size of the whole log as the stream counts it, some 200 bytes for
	// each entry beside its data; by default 1 GiB. It must hold more than comes within
	// eventlog.KeyLife: a key whose record is trimmed is forgotten.
	Bytes int64
	// Age is the age of an entry; by default 24 hours. It must be eventlog.KeyLife at
	// least, since the stream trims the records of keys by it as well.
	Age time.Duration
	// Idle is after how long without an entry of its own and without a reader, in any
	// process that has set it, a session is forgotten: its record, and what it still has of
	// entries. A position from before is told as a gap if the session is made again. Set it
	// longer than anybody would stay away, longer than eventlog.KeyLife (a key ends with its
	// session), and the same for all processes. The clocks of the processes
	// and of the NATS server must agree to a quarter of it. By default a session is kept until
	// it is deleted.
	Idle time.Duration
}

const (
	defaultEntries = 10_000
	defaultBytes   = 1 << 30
	defaultAge     = 24 * time.Hour
)

// maxAge is one that no sum of times with it overflows, on this side or in NATS.
const maxAge = 100 * 365 * 24 * time.Hour

// idWindow is how long the stream knows a message id. Where a key stands for one entry,
// nothing else keeps out a second one until its record is there.
const idWindow = eventlog.KeyLife

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Check returns what is wrong with the options, for which Open would fail without
// having opened anything; nil if nothing is.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults returns the options with their defaults, or what is wrong with them.
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
		return o, fmt.Errorf("natslog: name %s: must have letters, digits, - and _ only", excerpt.Quote(o.Name))
	case !validName.MatchString(o.Prefix):
		return o, fmt.Errorf("natslog: prefix %s: must have letters, digits, - and _ only", excerpt.Quote(o.Prefix))
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
