package otherclients_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// inBrowser returns the EventSource of a Chromium.
func inBrowser(path string) program {
	return func(ctx context.Context, t *testing.T, stream string, tell func(said)) {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute))
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		defer stopAllocator()
		tab, stop := chromedp.NewContext(allocator)
		defer stop()
		defer chromedp.Cancel(tab) //nolint:errcheck // waits for the browser to end
		page, err := url.Parse(stream)
		if err == nil {
			page.Path = "/"
			err = chromedp.Do(tab, chromedp.Navigate(page.String()))
		}
		if err == nil {
			_, err = chromedp.Run(tab, chromedp.Evaluate[bool](`(() => {
				globalThis.told = [];
				const stream = new EventSource('`+stream+`');
				const show = (e) => told.push({ Kind: 'event', Name: e.type, ID: e.lastEventId, Data: e.data });
				for (const type of ['`+deltaName+`', 'message']) stream.addEventListener(type, show);
				stream.onerror = () => told.push({ Kind: stream.readyState === EventSource.CLOSED ? 'end' : 'error' });
				return true;
			})()`))
		}
		if err != nil {
			t.Error(err)
			return
		}
		running, cancel := context.WithCancel(tab)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		for {
			all, err := chromedp.Run(running, chromedp.Evaluate[[]said](`new Promise((done) => {
				const look = () => told.length > 0 ? done(told.splice(0)) : setTimeout(look, 5);
				look();
			})`, chromedp.EvalAwaitPromise))
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			for _, what := range all {
				tell(what)
				if what.Kind == "end" {
					return
				}
			}
		}
	}
}
