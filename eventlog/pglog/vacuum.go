package pglog

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// vacuumed are the tables of which rows are deleted all the time.
var vacuumed = [...]string{"log", "outbox", "key", "call", "chunk"}

// A table is vacuumed after so many of its rows were deleted, and this share of those that are
// alive: the cost of a vacuum is that of reading the indexes.
const (
	vacuumAfter = 2000
	vacuumShare = 5
)

// unused is what PostgreSQL counts of the tables that are vacuumed, whichever process deletes.
type unused struct {
	dead []int64 // rows that are deleted and not vacuumed
	live []int64
}

// vacuumer makes the room of deleted rows free for new ones. PostgreSQL does that by itself, but
// looks only once a minute.
type vacuumer struct {
	*store
	kept [len(vacuumed)]int64 // rows that the last vacuum had to leave, as an old snapshot sees them
	done [len(vacuumed)]bool  // it was vacuumed since the last look
}

// look vacuums what needs it.
func (v *vacuumer) look(u unused) {
	for i, name := range vacuumed {
		dead, live := u.dead[i], u.live[i]
		if v.done[i] || dead < v.kept[i] {
			v.done[i], v.kept[i] = false, dead
		}
		if dead-v.kept[i] >= vacuumAfter+live/vacuumShare {
			v.vacuum(name)
			v.done[i] = true
		}
	}
}

// vacuum vacuums a table. PostgreSQL refuses, with no more than a notice, unless the user owns it.
func (v *vacuumer) vacuum(name string) {
	ctx, cancel := v.life.within(v.life.ctx, 10*time.Minute)
	defer cancel()
	err := v.use(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "vacuum (skip_locked, truncate off) "+v.schema.quoted()+"."+name, pgx.QueryExecModeExec)
		return err
	})
	if err != nil && !v.life.over() {
		v.options.Logger.Warn("pglog: vacuum", "table", name, "error", err)
	}
}
