package inspector_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/mixstream/mixstream/internal/othertool"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// browser is a tab of a headless Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser starts a Chromium with nothing in it. The test is left out where there
// is none.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := othertool.Path(t, "chromium", "chromium-browser", "google-chrome")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(patience))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	b := &browser{t: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it waits for the browser to end
		stop()
		stopAllocator()
	})
	b.must(chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // the first action starts the browser
	b.must(chromedp.Listen(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %v", event.ExceptionDetails)
		case *log.EventEntryAdded:
			if event.Entry.Source == "security" {
				t.Errorf("the page did what its policy forbids: %s", event.Entry.Text)
			}
		}
	}))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	b.must(err)
	return b
}

// browse starts a browser with the page of a session.
func browse(t *testing.T, url, session string) *browser {
	t.Helper()
	b := newBrowser(t)
	b.open(url, session)
	return b
}

func (b *browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.must(chromedp.Do(ctx, actions...))
}

// eval evaluates an expression in the page, whose promise it waits for.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// do evaluates statements in the page.
func (b *browser) do(statements string) {
	b.t.Helper()
	eval[bool](b, "(() => { "+statements+"; return true })()")
}

// click clicks on what a selector finds.
func (b *browser) click(selector string) { b.t.Helper(); b.run(chromedp.Click(chromedp.CSS(selector))) }

// until waits for an expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	wait := fmt.Sprintf(`new Promise((done) => {
		const until = performance.now() + %d;
		const look = () => (%s) ? done(true) : performance.now() > until ? done(false) : setTimeout(look, 20);
		look();
	})`, patience.Milliseconds(), expression)
	if !eval[bool](b, wait) {
		b.screenshot("failed-" + b.t.Name())
		b.t.Fatalf("never: %s\nstate: %s\nevents: %s", expression,
			eval[string](b, "document.getElementById('state').textContent"), eval[string](b, "document.getElementById('list').innerText"))
	}
}

// open opens the page of a session.
func (b *browser) open(url, session string) {
	b.t.Helper()
	b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(url+"/#"+session))
}

// count waits until the page has so many events.
func (b *browser) count(n string) {
	b.t.Helper()
	b.until("document.getElementById('count').textContent === '" + n + "'")
}

// state waits for a state of the connection.
func (b *browser) state(state string) {
	b.t.Helper()
	b.until("document.getElementById('state').dataset.state === '" + state + "'")
}

func (b *browser) text(id string) string {
	b.t.Helper()
	return eval[string](b, "document.getElementById('"+id+"').innerText")
}

// key presses a key with the page itself in focus.
func (b *browser) key(keys string) {
	b.t.Helper()
	b.do("document.activeElement.blur()")
	b.run(chromedp.KeyEvent(keys))
}

// screenshot keeps a picture of the page, if MIXSTREAM_SCREENSHOTS names a folder.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("MIXSTREAM_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// theme has the system ask for a theme.
func (b *browser) theme(theme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
	b.must(err)
}

func (b *browser) size(width, height int) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(int64(width), int64(height)))
}

func (b *browser) wantContains(id string, texts ...string) {
	b.t.Helper()
	got := b.text(id)
	for _, text := range texts {
		if !strings.Contains(got, text) {
			b.t.Errorf("#%s has no %q: %s", id, text, got)
		}
	}
}
