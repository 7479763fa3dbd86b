package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/mixstream/mixstream/internal/othertool"
)

// programs are the installed programs of PostgreSQL, and the user who runs them.
type programs struct {
	folder string
	uid    int // of an unprivileged user; 0: of this process
	gid    int
}

// find finds the programs, or skips the test.
func find(t testing.TB) programs {
	t.Helper()
	var p programs
	// Distributions keep them out of the PATH, by version.
	versions, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(versions); len(versions) > 0 {
		p.folder = filepath.Dir(versions[len(versions)-1])
	} else {
		p.folder = filepath.Dir(othertool.Path(t, "initdb"))
	}
	if os.Geteuid() == 0 {
		if p.uid, p.gid, err = unprivileged(); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// unprivileged returns the user as whom a privileged process runs PostgreSQL, which refuses root.
func unprivileged() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, lookup := user.Lookup(name)
		if err = lookup; err != nil {
			continue
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, err
		}
		gid, err = strconv.Atoi(u.Gid)
		return uid, gid, err
	}
	return 0, 0, err
}

// own gives a folder to the user who runs the programs.
func (p programs) own(folder string) error {
	if p.uid == 0 {
		return nil
	}
	return os.Chown(folder, p.uid, p.gid)
}

// command returns a program that ends with this process.
func (p programs) command(name string, args ...string) *exec.Cmd {
	path := filepath.Join(p.folder, name)
	if p.uid != 0 {
		as := []string{"--reuid=" + strconv.Itoa(p.uid), "--regid=" + strconv.Itoa(p.gid), "--clear-groups", "--pdeathsig=INT", path}
		path, args = "setpriv", append(as, args...)
	}
	cmd := exec.Command(path, args...) //nolint:noctx,gosec // a server outlives the call that starts it; the arguments are the tests' own
	cmd.Dir = "/"
	return cmd
}

// run runs a program to its end.
func (p programs) run(name string, args ...string) error {
	if out, err := p.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: %s: %w: %s", name, err, out)
	}
	return nil
}
