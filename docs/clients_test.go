package docs_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/docblock"
	"github.com/mixstream/mixstream/internal/othertool"
	"github.com/mixstream/mixstream/mix"
)

// TestBrowserEventSource runs the page's code for browsers in one.
func TestBrowserEventSource(t *testing.T) {
	path := othertool.Path(t, "chromium", "chromium-browser", "google-chrome")
	srv, err := mix.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/stream", srv)
	ts := httptest.NewServer(mux)
	defer ts.Close()
	if _, err := srv.Publish(t.Context(), "s 1", &gen.ContentData{Type: "content", Content: "Hello"}); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.PublishJSON(t.Context(), "s 1", "error", []byte(`{"type":"stream_error","error":"the agent's own"}`)); err != nil {
		t.Fatal(err)
	}

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	defer stopAllocator()
	ctx, stop := chromedp.NewContext(allocator)
	defer stop()
	defer chromedp.Cancel(ctx) //nolint:errcheck // it waits for the browser to end
	if err := chromedp.Do(ctx, chromedp.Navigate(ts.URL)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// The page's code reports to the functions of an application.
	script := `new Promise((done) => {
		const session = 's 1', lastID = '', told = [];
		const show = (id, data) => told.push(id !== '' && data.content);
		const showError = (data) => { told.push(data.error); stream.close(); done(told.join(', ')); };
		const openAnewAfter = () => done('given up');
		` + docblock.Of(t, "clients.md")[0].Text + `
	})`
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if want := "Hello, the agent's own"; got != want {
		t.Errorf("the page was told %q, want %q", got, want)
	}
}
