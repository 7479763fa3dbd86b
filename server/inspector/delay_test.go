package inspector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/othertool"
)

// The page waits for what Retry-After asks for in each of its forms (RFC 9110, section
// 10.2.3), and never for what is no time or for longer than 5 minutes. Its module runs in
// Node.js here.
func TestPageRetryAfter(t *testing.T) {
	const most = 300_000
	now := time.Date(1994, time.November, 6, 8, 48, 37, 0, time.UTC)
	tests := []struct {
		value any
		want  float64
	}{
		{nil, 0}, {"", 0}, {" ", 0}, {"0", 0}, {"7", 7000}, {" 7 ", 7000}, {"007", 7000},
		{"300", most}, {"301", most}, {"3600", most}, {"2147484", most}, {"4294967297", most},
		{strings.Repeat("9", 400), most}, // Infinity, as a number
		{"Sun, 06 Nov 1994 08:49:37 GMT", 60_000},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 60_000},
		{"Sun Nov  6 08:49:37 1994", 60_000}, // of GMT as well
		{"Sun Nov 06 08:49:37 1994", 60_000},
		{"Sun, 06 Nov 1994 08:47:37 GMT", 0},
		{"Wed, 01 Jan 1000 00:00:00 GMT", 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", most},
		{"Sun, 06 Nov 1994 99:99:99 GMT", 0}, {"Foo, 99 Bar 1994 08:49:37 GMT", 0},
		{"-7", 0}, {"+7", 0}, {"7.5", 0}, {"1e9", 0}, {"0x10", 0}, {"Infinity", 0}, {"NaN", 0}, {"soon", 0},
		{"7, 8", 0}, {"7s", 0}, {"٧", 0}, {"2099", most}, {"2099-01-01", 0}, {"1 Jan 2099", 0},
		{strings.Repeat("x", 1<<16), 0},
	}
	var values []any
	for _, test := range tests {
		values = append(values, test.value)
	}
	list, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	node := othertool.Path(t, "node")
	script := `import { readFileSync } from 'node:fs';
const { retryAfter, backoff } = await import('data:text/javascript,' + encodeURIComponent(readFileSync('page/delay.js', 'utf8')));
const times = JSON.parse(readFileSync(0, 'utf8')).map((value) => retryAfter(value, ` + strconv.FormatInt(now.UnixMilli(), 10) + `));
const delays = [0, 1, 10, 1e3, 1e6, 2 ** 53].map(backoff);
console.log(JSON.stringify({ times, delays }));`
	cmd := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", script)
	cmd.Stdin = strings.NewReader(string(list))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got struct{ Times, Delays []float64 }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	for i, test := range tests {
		if got.Times[i] != test.want {
			t.Errorf("%.60q: %v ms, want %v", test.value, got.Times[i], test.want)
		}
	}
	for _, d := range got.Delays {
		if d < 0 || d > 15_000 {
			t.Errorf("delays: %v", got.Delays)
		}
	}
}

// A page that is asked to come back at a date does not ask again before it, and shows the
// beginning of why.
func TestPageWaitsForDate(t *testing.T) {
	var asked atomic.Int64
	refusing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"error":{"message":"%s"}}`, strings.Repeat("😀", 1<<20))
	})
	ts := servePage(t, gen.StreamEvents, refusing)
	b := browse(t, ts.URL, "s1")
	b.state("reconnecting")
	if text := b.text("state"); !strings.Contains(text, "503: 😀😀") || len(text) > 2000 {
		t.Errorf("the page says %d bytes: %.300s", len(text), text)
	}
	time.Sleep(2 * time.Second)    // in which it asked forty times
	if n := asked.Load(); n != 2 { // the EventSource's, and the one that tells the status
		t.Errorf("asked %d times", n)
	}
}
