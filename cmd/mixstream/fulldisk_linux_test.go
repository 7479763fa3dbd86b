package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/internal/smalldisk"
)

// A server whose disk is full is not ready and accepts no events. It recovers by itself when
// there is space.
func TestServeOnFullDisk(t *testing.T) {
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("takes 15 s; MIXSTREAM_SLOW=1 runs it")
	}
	dir := smalldisk.New(t, "8m")
	p, url := serving(t, "--log", "file:"+filepath.Join(dir, "log"))
	publish := func(event string) int {
		res, err := http.Post(url+"/stream?sessionId=s1", "application/json", strings.NewReader(event))
		if err != nil {
			t.Fatal(err)
		}
		defer http.DefaultClient.CloseIdleConnections()
		defer res.Body.Close()
		return res.StatusCode
	}
	if status := publish(helloEvent); status/100 != 2 {
		t.Fatalf("publish: status %d", status)
	}
	free := smalldisk.Fill(t, dir)
	p.stderr.find(t, "nothing can be appended")
	wantAnswer(t, url+"/readyz", "", http.StatusServiceUnavailable, "appended to")
	if got := scrape(t, url)["mixstream_server_ready"]; total(got, nil) != 0 {
		t.Errorf("the metric says %v", got)
	}
	if status := publish(helloEvent); status != http.StatusServiceUnavailable {
		t.Errorf("publish on a full disk: status %d", status)
	}
	free()
	p.stderr.find(t, "entries can be appended again")
	servertest.Until(t, "the server is ready again", func() bool { return ask(t, url+"/readyz", "").status == http.StatusOK })
	if status := publish(completeEvent); status/100 != 2 {
		t.Errorf("publish once there is space: status %d", status)
	}
	if got := tailed(t, url); strings.Count(got, "Hello") != 1 {
		t.Errorf("got %q", got)
	}
}
