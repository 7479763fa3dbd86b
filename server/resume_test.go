package server_test

import (
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

func TestConnectedIsFirst(t *testing.T) { servertest.BothModes(t, testConnectedIsFirst) }

func testConnectedIsFirst(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	id := servertest.Publish(t, srv, "s", "one")
	e := servertest.Open(t, ts, "s").Next()
	if want := (servertest.Event{Name: "connected", ID: id, Data: `{"sessionId":"s"}`, Retry: 2000}); e != want {
		t.Errorf("got %+v, want %+v", e, want)
	}
}

func TestFreshStartIsTheEnd(t *testing.T) { servertest.BothModes(t, testFreshStartIsTheEnd) }

func testFreshStartIsTheEnd(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	servertest.Publish(t, srv, "s", "before")
	other := servertest.Publish(t, srv, "other", "elsewhere")
	r := servertest.Open(t, ts, "s")
	r.Want("connected", other)
	r.WantContents(servertest.PublishN(t, srv, "s", 3)...)
}

func TestResume(t *testing.T) { servertest.BothModes(t, testResume) }

func testResume(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	ids := servertest.PublishN(t, srv, "s", 2)
	other := servertest.Publish(t, srv, "other", "elsewhere")
	ids = append(ids, servertest.PublishN(t, srv, "s", 2)...)
	end := ids[len(ids)-1]
	floor := servertest.Before(t, ids[0])

	tests := map[string]struct {
		query     string
		header    []string
		connected string
		rest      []string
	}{
		"header":               {"", []string{ids[0]}, ids[0], ids[1:]},
		"header, at the end":   {"", []string{end}, end, nil},
		"header, at the floor": {"", []string{floor}, floor, ids},
		"another session's id": {"", []string{other}, other, ids[2:]},
		"zero":                 {"", []string{"0"}, floor, ids},
		"query":                {"&lastEventId=" + ids[1], nil, ids[1], ids[2:]},
		"query zero":           {"&lastEventId=0", nil, floor, ids},
		"header wins":          {"&lastEventId=" + ids[0], []string{ids[2]}, ids[2], ids[3:]},
		"empty header, query":  {"&lastEventId=" + ids[2], []string{""}, ids[2], ids[3:]},
		"empty header":         {"", []string{""}, end, nil},
		"empty query":          {"&lastEventId=", nil, end, nil},
		"header, empty query":  {"&lastEventId=", []string{ids[2]}, ids[2], ids[3:]},
		"malformed query":      {"&lastEventId=nonsense", []string{ids[2]}, ids[2], ids[3:]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := servertest.OpenURL(t, ts, servertest.StreamURL(ts, "s")+test.query, test.header...)
			r.Want("connected", test.connected)
			r.WantContents(test.rest...)
		})
	}
	// Nothing else came on any of them.
	r := servertest.Open(t, ts, "s", end)
	r.Want("connected", end)
	r.WantContents(servertest.Publish(t, srv, "s", "next"))
}

// A client that is cut off after connected resumes without loss.
func TestResumeAfterConnectedOnly(t *testing.T) {
	servertest.BothModes(t, testResumeAfterConnectedOnly)
}

func testResumeAfterConnectedOnly(t *testing.T, mode servertest.Mode) {
	srv, ts := mode.Start(t)
	servertest.Publish(t, srv, "s", "before")
	r := servertest.Open(t, ts, "s")
	id := r.Next().ID
	r.Close()
	missed := servertest.PublishN(t, srv, "s", 3)
	r = servertest.Open(t, ts, "s", id)
	r.Want("connected", id)
	r.WantContents(missed...)
}
