package server_test

import (
	"testing"
)

func TestConnectedIsFirst(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	id := publish(t, srv, "s", "one")
	e := open(t, ts, "s").next()
	if want := (event{"connected", id, `{"sessionId":"s"}`, 2000}); e != want {
		t.Errorf("got %+v, want %+v", e, want)
	}
}

func TestFreshStartIsTheEnd(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "before")
	other := publish(t, srv, "other", "elsewhere")
	r := open(t, ts, "s")
	r.want("connected", other)
	r.wantContents(publishN(t, srv, "s", 3)...)
}

func TestResume(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	ids := publishN(t, srv, "s", 2)
	other := publish(t, srv, "other", "elsewhere")
	ids = append(ids, publishN(t, srv, "s", 2)...)
	end := ids[len(ids)-1]
	floor := before(t, ids[0])

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
			r := openURL(t, ts, streamURL(ts, "s")+test.query, test.header...)
			r.want("connected", test.connected)
			r.wantContents(test.rest...)
		})
	}
	// Nothing else came on any of them.
	r := open(t, ts, "s", end)
	r.want("connected", end)
	r.wantContents(publish(t, srv, "s", "next"))
}

// A client that is cut off after connected resumes without loss.
func TestResumeAfterConnectedOnly(t *testing.T) {
	srv := newServer(t)
	ts := serve(t, srv)
	publish(t, srv, "s", "before")
	r := open(t, ts, "s")
	id := r.next().id
	r.close()
	missed := publishN(t, srv, "s", 3)
	r = open(t, ts, "s", id)
	r.want("connected", id)
	r.wantContents(missed...)
}
