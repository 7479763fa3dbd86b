package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/internal/othertool"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The probes request existing paths, and the grace period is longer than the shutdown.
func TestOperatingProbes(t *testing.T) {
	type probe struct {
		HTTPGet struct{ Path string } `yaml:"httpGet"`
	}
	var pod struct {
		Grace      int `yaml:"terminationGracePeriodSeconds"`
		Containers []struct {
			Args      []string
			Liveness  probe `yaml:"livenessProbe"`
			Readiness probe `yaml:"readinessProbe"`
			Lifecycle struct {
				PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
			}
		}
	}
	if err := yaml.Unmarshal([]byte(docblock.Of(t, "operating.md")[0].Text), &pod); err != nil || len(pod.Containers) != 1 {
		t.Fatalf("%d containers, %v", len(pod.Containers), err)
	}
	c := pod.Containers[0]
	if least := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + shutdownTimeout(t); time.Duration(pod.Grace)*time.Second <= least {
		t.Errorf("a grace period of %d s, want more than %v", pod.Grace, least)
	}
	wantFlags(t, c.Args)
	_, url := serving(t)
	for _, path := range []string{c.Liveness.HTTPGet.Path, c.Readiness.HTTPGet.Path} {
		wantAnswer(t, url+path, "", 200, "ok")
	}
}

// shutdownTimeout returns the default of --shutdown-timeout.
func shutdownTimeout(t *testing.T) time.Duration {
	t.Helper()
	d, err := newServe().Flags().GetDuration("shutdown-timeout")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wantFlags expects a command line that serve accepts.
func wantFlags(t *testing.T, args []string) {
	t.Helper()
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("got %q, want serve", args)
	}
	if err := newServe().ParseFlags(args[1:]); err != nil {
		t.Error(err)
	}
}

// The unit runs a command line that serve accepts, and leaves it time to shut down. systemd
// finds no error in the unit.
func TestOperatingUnit(t *testing.T) {
	unit := docblock.Of(t, "operating.md")[0].Text
	settings := make(map[string]string)
	for line := range strings.Lines(unit) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			settings[name] = value
		}
	}
	command := strings.Fields(settings["ExecStart"])
	wantFlags(t, command[1:])
	if stop, err := time.ParseDuration(settings["TimeoutStopSec"] + "s"); err != nil || stop <= shutdownTimeout(t) {
		t.Errorf("TimeoutStopSec is %v, %v, want more than %v", stop, err, shutdownTimeout(t))
	}

	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"mixstream.service": strings.Replace(unit, command[0], here, 1)}) // the path of an existing program
	if out, err := tool(t, "systemd-analyze", "verify", filepath.Join(dir, "mixstream.service")); err != nil || out != "" {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

// tool runs a third-party program, and returns its output.
func tool(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), othertool.Path(t, name), args...).CombinedOutput()
	return string(out), err
}

// With the privileges of the page, a server runs on a schema that another user has made. systemd
// finds no error in the unit with the page's addition, and the flags are right.
func TestOperatingPostgres(t *testing.T) {
	blocks := docblock.Of(t, "operating.md")
	if len(blocks) != 3 {
		t.Fatalf("%d blocks, want the migration, the privileges, and the unit", len(blocks))
	}
	address := newDatabase(t)
	if command := "mixstream migrate --log postgres://owner@db.example.com/shop\n"; blocks[0].Text != command {
		t.Errorf("the page runs %s", blocks[0].Text)
	}
	expect(t, exitSuccess, "is made", "migrate", "--log", address)
	user := pgtest.Name()
	sql(t, address, "create role "+user+" login; "+strings.ReplaceAll(blocks[1].Text, "to app;", "to "+user+";")+"create table mixstream.later (n int)")
	log := strings.Replace(address, "postgres@", user+"@", 1)
	expect(t, exitSuccess, "its schema is as it must be", "check", "--listen", "127.0.0.1:0", "--log", log)
	_, url := serving(t, "--log", log)
	expect(t, exitSuccess, "", "publish", url, "s1", "complete", `{"type":"complete","done":true}`)

	_, commandLine, _ := strings.Cut(blocks[2].Text, "ExecStart=\nExecStart=")
	command := strings.Fields(commandLine)
	wantFlags(t, command[1:])
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{
		"mixstream.service":                 "[Service]\nExecStart=/nowhere\n",
		"mixstream.service.d/postgres.conf": strings.Replace(blocks[2].Text, command[0], here, 1),
	})
	if out, err := tool(t, "systemd-analyze", "verify", filepath.Join(dir, "mixstream.service")); err != nil || out != "" {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
