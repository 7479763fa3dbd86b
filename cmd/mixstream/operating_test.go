package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/internal/docblock"
)

// The probes ask for what is served, and the grace period has room for the shutdown.
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

// wantFlags expects a command line that serve takes.
func wantFlags(t *testing.T, args []string) {
	t.Helper()
	if len(args) == 0 || args[0] != "serve" {
		t.Fatalf("got %q, want serve", args)
	}
	if err := newServe().ParseFlags(args[1:]); err != nil {
		t.Error(err)
	}
}

// The unit runs a command line that serve takes, and lets it shut down.
func TestOperatingUnit(t *testing.T) {
	settings := make(map[string]string)
	for line := range strings.Lines(docblock.Of(t, "operating.md")[0].Text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			settings[name] = value
		}
	}
	wantFlags(t, strings.Fields(settings["ExecStart"])[1:])
	if stop, err := time.ParseDuration(settings["TimeoutStopSec"] + "s"); err != nil || stop <= shutdownTimeout(t) {
		t.Errorf("TimeoutStopSec is %v, %v, want more than %v", stop, err, shutdownTimeout(t))
	}
}

var (
	metricName  = regexp.MustCompile(`\b(?:mixstream|go|process)_[a-z_]+[\[{ ]`)
	metricPart  = regexp.MustCompile(`_(bucket|count|sum)$`)
	metricLabel = regexp.MustCompile(`([a-z_]+)=~?"`)
)

// The rules are rules, of metrics and labels that there are.
func TestOperatingAlerts(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(docblock.Of(t, "operating.md")[0].Text), &rules); err != nil || len(rules.Groups) == 0 {
		t.Fatalf("%d groups, %v", len(rules.Groups), err)
	}
	_, url := serving(t)
	var known []string
	for name := range scrape(t, url) {
		known = append(known, name)
	}
	for _, d := range documentedMetrics(t) {
		known = append(known, d.prometheus()) // TestMetricsUnderLoad scrapes them
	}
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	attributes := strings.ReplaceAll(string(page), ".", "_")
	for _, r := range rules.Groups[0].Rules {
		if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
			t.Errorf("%+v has no name, severity or summary", r)
		}
		names := metricName.FindAllString(r.Expr, -1)
		if len(names) == 0 && !strings.HasPrefix(r.Expr, "up{") {
			t.Errorf("%s is about no metric: %s", r.Alert, r.Expr)
		}
		for _, name := range names {
			name = metricPart.ReplaceAllString(name[:len(name)-1], "")
			if !slices.Contains(known, name) {
				t.Errorf("%s is about %s, which there is not", r.Alert, name)
			}
		}
		for _, label := range metricLabel.FindAllStringSubmatch(r.Expr, -1) {
			if label[1] != "job" && !strings.Contains(attributes, "`"+label[1]+"`") {
				t.Errorf("%s is about the label %s, which there is not", r.Alert, label[1])
			}
		}
	}
}
