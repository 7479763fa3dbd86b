package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mixstream/mixstream/internal/docblock"
)

var (
	metricName  = regexp.MustCompile(`\b(?:mixstream|go|process)_[a-z_]+[\[{ ]`)
	metricPart  = regexp.MustCompile(`_(bucket|count|sum)$`)
	metricLabel = regexp.MustCompile(`([a-z_]+)=~?"`)
)

// The rules use metrics and labels that exist. Prometheus's own tool checks that each alert
// fires when it should, and not otherwise.
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
	shown := docblock.Of(t, "operating.md")[0].Text
	if err := yaml.Unmarshal([]byte(shown), &rules); err != nil || len(rules.Groups) != 1 {
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
	tests, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	series := string(tests)
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
		fires, rests := strings.Contains(series, "alertname: "+r.Alert+"\n"), strings.Contains(series, "alertname: "+r.Alert+"}\n")
		if !fires || !rests {
			t.Errorf("testdata/alerts.yaml has %s fire: %t, and not fire: %t", r.Alert, fires, rests)
		}
	}

	dir := writeFiles(t, map[string]string{"rules.yaml": shown, "alerts.yaml": series})
	if out, err := tool(t, "promtool", "check", "rules", "--lint-fatal", filepath.Join(dir, "rules.yaml")); err != nil {
		t.Errorf("promtool check: %v\n%s", err, out)
	}
	if out, err := tool(t, "promtool", "test", "rules", filepath.Join(dir, "alerts.yaml")); err != nil {
		t.Errorf("promtool test: %v\n%s", err, out)
	}
}
