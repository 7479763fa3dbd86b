package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixstream/mixstream/eventlog/pglog"
)

func newMigrate() *cobra.Command {
	var s serve
	cmd := newServeOf(&s) // so that the command reads the configuration of serve
	cmd.Use = "migrate --log postgres://HOST/DATABASE"
	cmd.Short = "Make or update the tables of a log in PostgreSQL"
	cmd.Long = `Makes the schema of a log in a PostgreSQL database, with its tables and functions, or
changes one that an earlier version of this program made. Does nothing if the schema is
as it must be. Everything happens in one transaction. The other commands never do this;
they fail and name this command.

The user needs the right to create a schema in the database. Another user, of the
servers, then needs usage of the schema, and select, insert, update and delete on all of
its tables. A new version may add tables.

The environment of serve, such as MIXSTREAM_LOG, and its file, which --config names,
give the values of these flags, too. A password comes from PGPASSWORD, PGPASSFILE or
PGSERVICE, or from the address.

Exit status: 0 if the schema is as it must be, 2 for wrong usage, 130 if interrupted, 1
otherwise.`
	cmd.Example = `  mixstream migrate --log postgres://owner@db.example.com/shop
  mixstream migrate --config /etc/mixstream.yaml`
	own := []string{"log", "log-schema", "json", configFlag}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(own, f.Name) })
	log := cmd.Flags().Lookup("log")
	log.Usage, log.DefValue = "the database: postgres://HOST/DATABASE", ""
	cmd.Flags().Lookup("json").Usage = "print the result and all messages as JSON"
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) (err error) {
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if f.Hidden {
				err = fmt.Errorf("unknown flag: --%s", f.Name)
			}
		})
		if err == nil {
			s.config, err = configure(cmd.Flags())
		}
		return err
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.config.locate(s.log.migrate(cmd)) }
	return cmd
}

// migrate makes or updates the schema of the log, and prints what it did.
func (f *logFlags) migrate(cmd *cobra.Command) error {
	if !isPostgres(f.log) {
		return asUsage(f.errorf("must be postgres://HOST/DATABASE; the other logs need no migration"))
	}
	f.listen = cmp.Or(f.listen, f.log) // so that it works over a pooler as well
	pool, o, err := f.pool(cmd.Context())
	if err != nil {
		return err
	}
	defer closePool(pool)
	o.Listen = nil // nothing listens
	before, err := f.lookAtSchema(cmd.Context(), pool, o)
	if err == nil && before != nil {
		err = pglog.Migrate(cmd.Context(), pool, o)
	}
	if err != nil {
		return f.errorf("%w", advise(err))
	}
	return printMigration(cmd, o.Schema, before)
}

// lookAtSchema returns which migration the schema needs, or nil if it needs none.
func (f *logFlags) lookAtSchema(ctx context.Context, pool *pgxpool.Pool, o pglog.Options) (*pglog.SchemaError, error) {
	err := pglog.Check(ctx, pool, o)
	if needed, is := errors.AsType[*pglog.SchemaError](err); is {
		return needed, nil
	}
	return nil, err
}

func printMigration(cmd *cobra.Command, schema string, before *pglog.SchemaError) error {
	if wantsJSON(cmd) {
		line, err := json.Marshal(struct {
			Schema  string `json:"schema"`
			Changed bool   `json:"changed"`
		}{schema, before != nil})
		if err != nil {
			return err
		}
		return newPrinter(cmd.OutOrStdout()).json(append(line, '\n'))
	}
	text := "is as it must be: nothing was changed"
	switch {
	case before != nil && before.Have == 0:
		text = fmt.Sprintf("is made, in version %d", before.Want)
	case before != nil:
		text = fmt.Sprintf("is changed from version %d to %d", before.Have, before.Want)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "schema %s %s\n", schema, text)
	return err
}
