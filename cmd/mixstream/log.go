package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

// Environment variables with the credentials for NATS.
const (
	natsCredsVariable    = "MIXSTREAM_NATS_CREDS" //nolint:gosec // a name, of the path of a credentials file
	natsTokenVariable    = "MIXSTREAM_NATS_TOKEN" //nolint:gosec // a name
	natsUserVariable     = "MIXSTREAM_NATS_USER"
	natsPasswordVariable = "MIXSTREAM_NATS_PASSWORD" //nolint:gosec // a name
)

// logForms are the values of --log.
const logForms = "memory, file:DIR, nats://HOST or postgres://HOST/DATABASE"

// logHelp describes the log in the help of a command.
const logHelp = `The log of the events is one of

  memory         in this process; the events are lost when it ends
  file:DIR       in a folder, which survives the process; only one process can use it
  nats://HOST    on NATS JetStream, shared by any number of processes; also tls://,
                 and several addresses separated by commas
  postgres://HOST/DATABASE
                 in a PostgreSQL database, shared by any number of processes; also
                 postgresql://; mixstream migrate makes its tables

Credentials for NATS come from --log-creds, or from the environment:
MIXSTREAM_NATS_CREDS (the path of a credentials file), MIXSTREAM_NATS_TOKEN, or
MIXSTREAM_NATS_USER and MIXSTREAM_NATS_PASSWORD. If no authority known to the system
signed the server's certificate, --log-ca names the file of the one that did.

The address of a PostgreSQL database takes the parameters of its other clients, such as
sslmode=verify-full and sslrootcert=FILE, and pool_max_conns (default 8). What it omits
comes from the environment: PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE and others. If it
is the address of a connection pooler, set --log-listen to that of the server.`

// logFlags are the flags that select a log.
type logFlags struct {
	name     string // the name of the flag that sets log
	log      string
	creds    string
	ca       string
	stream   string
	prefix   string
	replicas int
	sync     time.Duration
	entries  int
	bytes    int64
	age      time.Duration
	idle     time.Duration
	schema   string
	listen   string

	existing bool // create and change nothing
	visiting bool // servers retain the events: limit only what a flag limits
}

func (f *logFlags) add(flags *pflag.FlagSet, byDefault string) {
	f.name = "log"
	flags.StringVar(&f.log, f.name, byDefault, "the log of the events: "+logForms)
	flags.StringVar(&f.creds, "log-creds", "", "the credentials file for NATS")
	flags.StringVar(&f.ca, "log-ca", "", "a file of certificates, in PEM, one of which must have signed that of the NATS server")
	flags.StringVar(&f.stream, "log-stream", "", "the name of the stream on NATS (default MIXSTREAM)")
	flags.StringVar(&f.prefix, "log-prefix", "", "the prefix of the subjects of the stream (default mixstream)")
	flags.IntVar(&f.replicas, "log-replicas", 0, "how many servers of a NATS cluster store a new stream (default 1)")
	flags.DurationVar(&f.sync, "log-sync", 0, "the interval at which a file: log is written to the disk; a power failure loses the events since then; 0 writes after each event")
	flags.IntVar(&f.entries, "log-entries", 0, "how many events of a session to retain; -1 is no limit (default 10000)")
	flags.Int64Var(&f.bytes, "log-bytes", 0, "how many bytes to retain; -1 is no limit (default 256 MiB in memory with at most 16 MiB of a session, 1 GiB otherwise)")
	flags.DurationVar(&f.age, "log-age", 0, "how long to retain events; negative is no limit (default 1h in memory, 24h otherwise)")
	flags.DurationVar(&f.idle, "log-idle", 0, "how long to keep a session without events and readers, on all servers of the log; 0 is no limit")
	flags.StringVar(&f.schema, "log-schema", "", "the schema of the log in PostgreSQL (default mixstream)")
	flags.StringVar(&f.listen, "log-listen", "", "the address of the PostgreSQL server itself, for notifications, if --log is that of a connection pooler; user, password and database are those of --log by default")
}

// completeLog completes a value of --log.
func completeLog(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"memory\tin this process", "file:\tin a folder", "nats://\ton NATS JetStream", "postgres://\tin a PostgreSQL database"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// checkNoLog refuses flags about a log if --log is not set.
func checkNoLog(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(given *pflag.Flag) {
		if strings.HasPrefix(given.Name, "log-") {
			err = fmt.Errorf("--%s has no effect without --log", given.Name)
		}
	})
	return err
}

// check checks the flags without opening anything.
func (f *logFlags) check() error {
	if isPostgres(f.log) {
		_, _, err := f.postgres()
		return err
	}
	if f.log != "memory" {
		_, err := f.options()
		return err
	}
	if f.creds != "" || f.ca != "" || f.stream != "" || f.prefix != "" || f.replicas != 0 || f.sync != 0 {
		return errors.New("--log memory: --log-creds, --log-ca, --log-stream, --log-prefix, --log-replicas and --log-sync are for other logs")
	}
	return f.checkNotPostgres()
}

// checkNotPostgres refuses the flags of a log in PostgreSQL for another log.
func (f *logFlags) checkNotPostgres() error {
	if f.schema != "" || f.listen != "" {
		return errors.New("--log-schema and --log-listen are for a log in PostgreSQL")
	}
	return nil
}

// open opens the log. The caller must call closeLog after its last use.
func (f *logFlags) open(ctx context.Context, logger *slog.Logger) (log eventlog.Log, closeLog func() error, err error) {
	switch {
	case isPostgres(f.log):
		l, closeLog, err := f.openPostgres(ctx, logger)
		if err != nil {
			return nil, nil, err
		}
		return l, closeLog, nil
	case f.log != "memory":
		l, closeLog, err := f.openNATS(ctx, logger)
		if err != nil {
			return nil, nil, err
		}
		return l, closeLog, nil
	}
	if err := f.check(); err != nil {
		return nil, nil, asUsage(err)
	}
	if f.idle < 0 {
		return nil, nil, asUsage(fmt.Errorf("--log-idle %v: must not be negative", f.idle))
	}
	retention := eventlog.Retention{Entries: f.entries, TotalBytes: f.bytes, Age: f.age, Idle: f.idle}
	if f.bytes < 0 {
		retention.Bytes = f.bytes // otherwise each session would still have a limit
	}
	return eventlog.NewMemory(retention), func() error { return nil }, nil
}

// openNATS opens a log in a folder or on NATS.
func (f *logFlags) openNATS(ctx context.Context, logger *slog.Logger) (log *natslog.Log, closeLog func() error, err error) {
	o, err := f.options()
	if err != nil {
		return nil, nil, asUsage(err)
	}
	o.Logger = logger
	l, err := natslog.Open(ctx, o)
	if err != nil {
		return nil, nil, f.errorf("%w", err)
	}
	return l, l.Close, nil
}

// errorf returns an error about the log.
func (f *logFlags) errorf(format string, args ...any) error {
	return fmt.Errorf("--%s %s: "+format, append([]any{f.name, excerpt.Quote(f.shown())}, args...)...)
}

// shown returns the log for printing: without the secrets of its addresses.
func (f *logFlags) shown() string {
	switch {
	case strings.HasPrefix(f.log, "file:"):
		return f.log
	case isPostgres(f.log):
		return redact.URL(f.log)
	}
	var shown []string
	for address := range strings.SplitSeq(f.log, ",") {
		shown = append(shown, redact.URL(strings.TrimSpace(address)))
	}
	return strings.Join(shown, ",")
}

// options returns the options of a log in a folder or on NATS, or an error if the flags are wrong.
func (f *logFlags) options() (natslog.Options, error) {
	o := natslog.Options{
		SyncInterval: f.sync,
		Credentials:  f.creds,
		Name:         f.stream,
		Prefix:       f.prefix,
		Replicas:     f.replicas,
		Retention:    natslog.Retention{Entries: int64(f.entries), Bytes: f.bytes, Age: f.age, Idle: f.idle},
		Existing:     f.existing,
	}
	switch dir, isFile := strings.CutPrefix(f.log, "file:"); {
	case isFile && dir != "" && (f.creds != "" || f.ca != "" || f.replicas != 0):
		return o, errors.New("--log-creds, --log-ca and --log-replicas are for a log on NATS, not for file:DIR")
	case isFile && dir != "":
		o.Dir = dir
	case isNATS(f.log) && f.sync != 0:
		return o, errors.New("--log-sync is for file:DIR; NATS servers have their own setting")
	case isNATS(f.log):
		o.URL = f.log
		fromEnvironment(&o)
		if o.Credentials != "" {
			if _, err := os.Stat(o.Credentials); err != nil {
				return o, fmt.Errorf("--log-creds or %s: %w", natsCredsVariable, err)
			}
		}
	default:
		return o, f.errorf("must be %s", logForms)
	}
	if err := f.checkNotPostgres(); err != nil {
		return o, err
	}
	if f.ca != "" {
		roots, err := loadRoots(f.ca)
		if err != nil {
			return o, fmt.Errorf("--log-ca: %w", err)
		}
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	if err := o.Check(); err != nil {
		return o, f.errorf("%w", err)
	}
	return o, nil
}

// loadRoots reads a file of certificates.
func loadRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s contains no certificate in PEM", path)
	}
	return roots, nil
}

// isNATS reports whether all of the addresses are addresses of NATS servers.
func isNATS(addresses string) bool {
	for address := range strings.SplitSeq(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return false
		}
	}
	return true
}

// fromEnvironment sets the credentials that no flag set.
func fromEnvironment(o *natslog.Options) {
	if o.Credentials == "" {
		o.Credentials = os.Getenv(natsCredsVariable)
	}
	o.Token, o.User, o.Password = os.Getenv(natsTokenVariable), os.Getenv(natsUserVariable), os.Getenv(natsPasswordVariable)
}
