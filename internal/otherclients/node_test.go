package otherclients_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/othertool"
)

// packages returns a folder with the program of testdata and its packages, in the versions of
// the lock file. They stay in the user's cache until that file changes.
func packages(t *testing.T) string {
	t.Helper()
	npm := othertool.Path(t, "npm")
	othertool.Path(t, "node")
	sum := sha256.New()
	for _, file := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(cache, "mixstream", "otherclients")
	dir := filepath.Join(cache, hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err != nil {
		if err := os.MkdirAll(cache, 0o755); err != nil {
			t.Fatal(err)
		}
		fresh, err := os.MkdirTemp(cache, "fresh") //nolint:usetesting // renamed later, on the same file system
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(fresh) }()
		copyFiles(t, fresh)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		install := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
		install.Dir = fresh
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
		if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	copyFiles(t, dir) // the program may have changed
	return dir
}

func copyFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// inNode runs the program of testdata with a client.
func inNode(dir, name string) program {
	return func(ctx context.Context, t *testing.T, url string, tell func(said)) {
		cmd := exec.CommandContext(ctx, "node", "read.mjs", name, url, deltaName)
		var stderr strings.Builder
		cmd.Dir, cmd.Stderr, cmd.WaitDelay = dir, &stderr, patience
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Error(err)
			return
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var what said
			if err := json.Unmarshal(lines.Bytes(), &what); err != nil {
				t.Errorf("%s printed %q", name, lines.Bytes())
				continue
			}
			tell(what)
		}
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v\n%s", name, err, &stderr)
		}
	}
}
