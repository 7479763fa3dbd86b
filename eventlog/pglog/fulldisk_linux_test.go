package pglog_test

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
	"github.com/mixstream/mixstream/internal/smalldisk"
)

// While the disk of the entries is full, appends fail at once, and readers go on. Once there is
// room, the log goes on by itself.
func TestFullDisk(t *testing.T) {
	disk := smalldisk.New(t, "4m")
	server := pgtest.Start(t)
	if u, err := user.Lookup("postgres"); err == nil && os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(disk, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	for parent := disk; parent != "/tmp" && parent != "/"; parent = parent[:strings.LastIndexByte(parent, '/')] {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	for _, sql := range []string{"create tablespace small location '" + disk + "'", "alter table " + o.Schema + ".log set tablespace small"} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	l := mustOpen(t, pool, o)
	m := tester{t, l}
	r := m.follow(own("a"))
	_, start := r.bounds()
	m.append(own("a"), "1")
	free := smalldisk.Fill(t, disk)
	var filled []string
	until(t, "the disk is full", func() bool {
		text := strings.Repeat("x", 2000) + strconv.Itoa(len(filled))
		began := time.Now()
		err := l.Append(t.Context(), own("a"), nil, texts(text))
		switch {
		case err == nil:
			filled = append(filled, text)
		case !errors.Is(err, pglog.ErrFull) || !errors.Is(err, eventlog.ErrUnavailable):
			t.Fatalf("Append: %v, after %v", err, time.Since(began))
		}
		return err != nil
	})
	wantUnavailable(t, "Writable", l.Writable(t.Context()), pglog.ErrFull)
	end := r.expect(start, append([]string{"1"}, filled...)...)
	free()
	until(t, "entries can be appended again", func() bool { return l.Writable(t.Context()) == nil })
	m.append(own("a"), "last")
	r.expect(end, "last")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	pool.Close()
	server.Stop(t) // which has files open on the disk
}
