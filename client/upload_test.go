package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/client"
	"github.com/mixstream/mixstream/mix"
)

// slowly answers a publish once it has read the body, a KiB every 20 s. If stop is positive, it
// reads no further than that.
func slowly(stop int) step {
	return func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		body := make([]byte, 1<<10)
		for read := 0; stop == 0 || read < stop; {
			n, err := r.Body.Read(body)
			if read += n; err == io.EOF {
				resp, _ := status(201)(r)
				resp.Body = io.NopCloser(strings.NewReader(`{"firstId":"1","lastId":"5","count":1}`))
				return resp, nil
			}
			select {
			case <-time.After(20 * time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

// The connect timeout does not end an upload that goes on, and ends one that stands still.
func TestSlowUpload(t *testing.T) {
	line := []byte(`{"event":"content","data":"` + strings.Repeat("x", 10<<10) + `"}`)
	synctest.Test(t, func(t *testing.T) {
		publish := func(s step) (client.PublishResult, error) {
			c, err := mix.NewClient("http://fake", client.WithHTTPClient(&http.Client{Transport: fake(s)}), client.WithRetryPolicy(client.RetryPolicy{MaxAttempts: client.NoRetries}))
			if err != nil {
				t.Fatal(err)
			}
			return c.PublishLines(t.Context(), session, line)
		}
		begun := time.Now()
		result, err := publish(slowly(0))
		if took := time.Since(begun); err != nil || result.LastID != "5" || took < 200*time.Second {
			t.Errorf("an upload that goes on, after %v: %+v, %v", took, result, err)
		}
		begun = time.Now()
		_, err = publish(slowly(5 << 10))
		if took := time.Since(begun); !errors.Is(err, client.ErrConnectTimeout) || took > 130*time.Second {
			t.Errorf("an upload that stands still, after %v: %v", took, err)
		}
	})
}
