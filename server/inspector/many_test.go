package inspector_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/servertest"
)

// TestManyEvents shows 50,000 events, and logs how long it takes to scroll through
// them and to filter them. There are elements for those only that are seen.
func TestManyEvents(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
	const n = 50_000
	s := newSite(t, "", memory())
	for i := range n {
		var e gen.Event = servertest.Content(fmt.Sprintf("word %d ", i))
		if i%10 == 9 {
			e = &gen.UserMessageCreatedData{Type: "user_message_created", MessageID: "m", Content: fmt.Sprintf("message %d %s", i, strings.Repeat("and more ", i%7))}
		}
		if _, err := s.srv.Publish(context.Background(), "s1", e); err != nil {
			t.Fatal(err)
		}
	}
	b := newBrowser(t)
	b.size(1280, 800)
	b.open(s.url, "s1")
	b.do("window.began = performance.now()")
	b.count("50,001")
	t.Logf("%d events were there after %.0f ms", n, eval[float64](b, "performance.now() - window.began"))
	b.key("j") // one row for each event
	b.until("document.getElementById('list').innerText.includes('word 49998')")
	t.Logf("shown anew, without joining: %.0f ms", eval[float64](b, measure("document.getElementById('join').click(); document.getElementById('join').click()", "true")))

	type scroll struct{ Steps, Median, Max float64 }
	got := eval[scroll](b, `(async () => {
		const list = document.getElementById('list'), times = [];
		const frame = () => new Promise(requestAnimationFrame);
		await frame();
		for (let i = 0; i <= 120; i++) {
			const began = performance.now();
			list.scrollTop = (list.scrollHeight - list.clientHeight) * (i % 40) / 39 + i;
			await frame();
			list.getBoundingClientRect(); // laid out
			times.push(performance.now() - began);
		}
		times.sort((a, b) => a - b);
		return { Steps: times.length, Median: times[times.length >> 1], Max: times[times.length - 1] };
	})()`)
	t.Logf("a scroll to anywhere, frame included: median %.1f ms, longest %.1f ms of %.0f", got.Median, got.Max, got.Steps)
	if rows := eval[int](b, "document.querySelectorAll('#list .row').length"); rows > 100 {
		t.Errorf("there are elements for %d rows", rows)
	}
	for _, filter := range []string{"message", "word 49998", "nothing like that", ""} {
		took := eval[float64](b, measure(fmt.Sprintf("const f = document.getElementById('filter'); f.value = %q; f.dispatchEvent(new Event('input'))", filter),
			map[string]string{
				"message":           "document.querySelector('#space').style.height === '150000px'",
				"word 49998":        "document.querySelector('#space').style.height === '30px'",
				"nothing like that": "document.querySelector('#space').style.height === '0px'",
				"":                  "parseFloat(document.querySelector('#space').style.height) > 1400000",
			}[filter]))
		t.Logf("filtered by %q: %.0f ms, of which 120 ms wait for the end of typing", filter, took)
	}
	b.screenshot("many")

	// It stays usable while much comes.
	go func() {
		for i := range 5000 {
			_, _ = s.srv.Publish(context.Background(), "s1", servertest.Content(fmt.Sprintf("late %d ", i)))
		}
	}()
	b.until("document.getElementById('list').innerText.includes('late 4999')")
	b.count("55,001")
}

// measure evaluates statements, and returns an expression for the milliseconds until
// the condition is true after a frame.
func measure(statements, condition string) string {
	return `(async () => {
		const began = performance.now();
		` + statements + `;
		while (!(` + condition + `)) await new Promise((go) => setTimeout(go, 1));
		return performance.now() - began;
	})()`
}
