package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// TestAddressThatIsNone uses addresses that no repetition mends. Each is an error at once,
// without another attempt.
func TestAddressThatIsNone(t *testing.T) {
	for _, base := range []string{
		"http://127.0.0.1:99999", "http://127.0.0.1:0", "http://:80", "http://a..b", "http://" + strings.Repeat("x", 64), "ftp://host", "http://",
	} {
		if _, err := mix.NewClient(base); err == nil {
			t.Errorf("%s: no error", base)
		}
	}
	for _, base := range []string{"http://host.example.", "http://[::1]:8080", "https://xn--bcher-kva.example:443", "http://a_b:65535"} {
		if _, err := mix.NewClient(base); err != nil {
			t.Error(err)
		}
	}
	// A source sees its address only in the error of an attempt, as a client sees that of a redirect.
	retried := client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { t.Errorf("another attempt after %v", r.Err) }})
	for _, url := range []string{"http://127.0.0.1:99999", "ftp://host", "http:", "http://%zz", "http://host:port"} {
		source := client.NewSource(t.Context(), "", func(ctx context.Context, _ string) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return nil, err
			}
			return http.DefaultClient.Do(r)
		}, retried)
		if _, err := source.Next(); err == nil {
			t.Errorf("%s: no error", url)
		}
		source.Close()
	}
	ts := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:99999/", http.StatusTemporaryRedirect))
	t.Cleanup(ts.Close)
	c, err := mix.NewClient(ts.URL, retried)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.StreamEvents(t.Context(), "s", nil); err == nil {
		t.Error("a redirect to nowhere: no error")
	}
	if _, err := c.Publish(t.Context(), "s", &gen.ContentData{}); err == nil || errors.Is(err, client.ErrGaveUp) {
		t.Errorf("publish: %v", err)
	}
}

// TestErrorsHideSecrets puts user information into each URL that an error can show.
func TestErrorsHideSecrets(t *testing.T) {
	for _, base := range []string{
		"http://user:hunter2@host:port", "http://user:hun/ter2@host", "ftp://user:hunter2@host", "user:hunter2@host", "http://hunter2@host/?token=hunter2",
		"http://user:hunter2@127.0.0.1:99999",
	} {
		if _, err := mix.NewClient(base); err == nil || strings.Contains(err.Error(), "ter2") {
			t.Errorf("new: %v", err)
		}
	}
	locations := []string{"ftp://user:hunter2@host/", "http://hunter2@127.0.0.1:99999/", "http://user:hunter2@host:port/", "http://user:hun/ter2@host/"}
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i, location := range locations {
			if strings.HasPrefix(r.URL.Path, "/"+string(rune('a'+i))) {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusTemporaryRedirect)
				return
			}
		}
		if strings.HasPrefix(r.URL.Path, "/end") {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(ts.Close)
	for _, path := range []string{"", "/end", "/a", "/b", "/c", "/d"} {
		for _, user := range []string{"user:hunter2@", "hunter2@"} {
			base := strings.Replace(ts.URL, "://", "://"+user, 1) + path
			c, err := mix.NewClient(base, client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}),
				client.WithHooks(client.Hooks{Retrying: func(r client.Retry) { t.Errorf("retry: %v", r.Err) }}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.StreamEvents(t.Context(), "s", nil)
			_, publishErr := c.Publish(t.Context(), "s", &gen.ContentData{})
			for _, err := range []error{err, publishErr} {
				if err == nil || strings.Contains(err.Error(), "ter2") {
					t.Errorf("%s: %v", base, err)
				}
			}
		}
	}
}
