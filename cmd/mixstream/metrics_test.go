package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/mixstream/mixstream/internal/servertest"
)

// documented is a metric in docs/observability.md.
type documented struct{ name, kind, unit string }

// prometheus returns the metric's name in Prometheus.
func (d documented) prometheus() string {
	name := strings.ReplaceAll(d.name, ".", "_")
	switch d.unit {
	case "s":
		name += "_seconds"
	case "By":
		name += "_bytes"
	}
	if d.kind == "Counter" {
		name += "_total"
	}
	return name
}

var metricRow = regexp.MustCompile("(?m)^\\| `(mixstream\\.[a-z.]+)` \\| (\\w+) \\| `([^`]+)` \\|")

// documentedMetrics reads the table of docs/observability.md.
func documentedMetrics(t *testing.T) (all []documented) {
	t.Helper()
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metricRow.FindAllStringSubmatch(string(page), -1) {
		all = append(all, documented{m[1], m[2], m[3]})
	}
	if len(all) == 0 {
		t.Fatal("no metric in the table")
	}
	return all
}

// scrape returns the metrics of /metrics, by name.
func scrape(t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(ask(t, url+"/metrics", "").body))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// total returns the sum of a metric over the series with these labels; for a histogram, the
// number of measurements.
func total(family *dto.MetricFamily, labels map[string]string) (sum float64) {
	for _, m := range family.GetMetric() {
		with := make(map[string]string)
		for _, l := range m.GetLabel() {
			with[l.GetName()] = l.GetValue()
		}
		matches := true
		for name, value := range labels {
			matches = matches && with[name] == value
		}
		if matches {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// /metrics serves every documented metric under its name for Prometheus. The metrics counted
// publications, a refused and a failed one, streams that were opened, resumed, refused and
// left, a gap, and a slow reader.
func TestMetricsUnderLoad(t *testing.T) {
	const readers, events, batch, retained = 20, 300, 30, 50
	p, url := serving(t, "--log-entries", fmt.Sprint(retained), "--strict-sessions", "--max-streams-per-session", fmt.Sprint(readers))
	feed := func(session string, n int) {
		for i := range n {
			fmt.Fprintf(p.stdin, `{"session":%q,"event":"content","data":{"type":"content","content":"%d"}}`+"\n", session, i)
		}
	}
	feed("s", 1)
	servertest.Until(t, "the session is there", func() bool { return total(scrape(t, url)["mixstream_publish_events_total"], nil) == 1 })

	var streams []*bufio.Reader
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var bodies []io.Closer
	for range readers {
		res := follow(ctx, t, url, "s", "")
		bodies = append(bodies, res.Body)
		streams = append(streams, bufio.NewReader(res.Body))
	}
	wantAnswer(t, url+"/stream?sessionId=s", "", http.StatusTooManyRequests, "")
	wantAnswer(t, url+"/stream?sessionId=nobody", "", http.StatusNotFound, "")
	for range events / batch { // few enough that no reader falls behind the retained events
		feed("s", batch)
		for _, s := range streams {
			readUntil(t, s, fmt.Sprintf(`"content":"%d"`, batch-1))
		}
	}
	fmt.Fprintln(p.stdin, `{"session":"s","event":"content","data":{"type":"content","content":5}}`)
	p.stderr.find(t, "data/content: must be of type string")
	servertest.Until(t, "the writes are counted", func() bool {
		return total(scrape(t, url)["mixstream_delivery_events_total"], nil) == readers*events
	})
	now := scrape(t, url)
	wantTotal(t, now, "mixstream_stream_active", nil, readers)
	leave()
	for _, b := range bodies {
		b.Close()
	}
	servertest.Until(t, "the readers have left", func() bool { return total(scrape(t, url)["mixstream_stream_active"], nil) == 0 })

	// This stream resumes after events that are no longer retained, and gets a gap.
	ctx, leave = context.WithCancel(t.Context())
	defer leave()
	res := follow(ctx, t, url, "s", "2")
	defer res.Body.Close()
	readUntil(t, bufio.NewReader(res.Body), "replay_gap")
	leave()
	servertest.Until(t, "the replay is counted", func() bool {
		f := scrape(t, url)
		return total(f["mixstream_replay_events"], nil) == 1 && total(f["mixstream_stream_active"], nil) == 0
	})

	now = scrape(t, url)
	for _, d := range documentedMetrics(t) {
		family := now[d.prometheus()]
		if family == nil {
			t.Errorf("%s is documented, and %s is not scraped", d.name, d.prometheus())
			continue
		}
		want := map[string]dto.MetricType{"Counter": dto.MetricType_COUNTER, "UpDownCounter": dto.MetricType_GAUGE, "Gauge": dto.MetricType_GAUGE, "Histogram": dto.MetricType_HISTOGRAM}[d.kind]
		if family.GetType() != want {
			t.Errorf("%s is a %v, want a %v", d.prometheus(), family.GetType(), want)
		}
		if total(family, nil) == 0 && d.name != "mixstream.stream.active" {
			t.Errorf("%s has not moved", d.prometheus())
		}
	}
	names := make(map[string]bool)
	for _, d := range documentedMetrics(t) {
		names[d.prometheus()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if strings.HasPrefix(name, "mixstream_") && !names[name] {
			t.Errorf("%s is scraped, and not documented", name)
		}
	}
	wantTotal(t, now, "mixstream_stream_opened_total", map[string]string{"mixstream_stream_resumed": "false"}, readers)
	wantTotal(t, now, "mixstream_stream_opened_total", map[string]string{"mixstream_stream_resumed": "true"}, 1)
	wantTotal(t, now, "mixstream_stream_duration_seconds", map[string]string{"mixstream_stream_end_reason": "client_left"}, readers+1)
	wantTotal(t, now, "mixstream_stream_refused_total", map[string]string{"http_response_status_code": "429"}, 1)
	wantTotal(t, now, "mixstream_stream_refused_total", map[string]string{"http_response_status_code": "404"}, 1)
	wantTotal(t, now, "mixstream_stream_gaps_total", nil, 1)
	wantTotal(t, now, "mixstream_publish_events_total", map[string]string{"mixstream_event_name": "content"}, events+1)
	wantTotal(t, now, "mixstream_publish_duration_seconds", map[string]string{"error_type": ""}, events+1)
	wantTotal(t, now, "mixstream_publish_duration_seconds", map[string]string{"error_type": "invalid_event"}, 1)
}

// A reader that stops reading is counted when its write times out.
func TestMetricsOfSlowReader(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
	p, url := serving(t)
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /stream?sessionId=s HTTP/1.1\r\nHost: %s\r\n\r\n", u.Host)
	readUntil(t, bufio.NewReader(conn), "connected")
	text := strings.Repeat("x", 512<<10)
	go func() {
		for range 40 {
			fmt.Fprintf(p.stdin, `{"session":"s","event":"content","data":{"type":"content","content":%q}}`+"\n", text)
		}
	}()
	servertest.Until(t, "the slow reader is dropped", func() bool {
		return total(scrape(t, url)["mixstream_stream_duration_seconds"], map[string]string{"mixstream_stream_end_reason": "slow_reader"}) == 1
	})
}

func wantTotal(t *testing.T, scraped map[string]*dto.MetricFamily, name string, labels map[string]string, want float64) {
	t.Helper()
	if got := total(scraped[name], labels); got != want {
		t.Errorf("%s%v is %v, want %v", name, labels, got, want)
	}
}

// follow opens a stream, after an id if one is given.
func follow(ctx context.Context, t *testing.T, url, session, lastEventID string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/stream?sessionId="+session, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	return res
}

// readUntil reads lines until one contains the text.
func readUntil(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("no %q: %v", text, err)
		}
	}
}
