package main

import (
	"testing"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

func TestComparison(t *testing.T) {
	a, b := arrival{1, "content", []byte(`{"content":"a","type":""}`)}, arrival{2, "content", []byte(`{"content":"b","type":""}`)}
	created := arrival{3, "session_created", []byte("{}")}
	for name, c := range map[string]struct {
		arrivals []arrival
		want     summary
	}{
		"as published": {[]arrival{a, b, created}, summary{Published: 3, Received: 3}},
		"lost":         {[]arrival{a, created}, summary{Published: 3, Received: 2, Lost: 1}},
		"doubled":      {[]arrival{a, b, b, created}, summary{Published: 3, Received: 4, Duplicates: 1}},
		"reordered":    {[]arrival{b, a, created}, summary{Published: 3, Received: 3, Reordered: 1}},
		"other data":   {[]arrival{a, {2, "content", []byte(`{"content":"b", "type":""}`)}, created}, summary{Published: 3, Received: 3, Lost: 1, Duplicates: 1}},
		"other name":   {[]arrival{a, {2, "thinking", b.data}, created}, summary{Published: 3, Received: 3, Lost: 1, Duplicates: 1}},
		"other id":     {[]arrival{a, {4, "content", b.data}, created}, summary{Published: 3, Received: 3, Lost: 1, Duplicates: 1}},
		"nothing":      {nil, summary{Published: 3, Lost: 3}},
	} {
		var l comparison
		for id, event := range map[string]gen.Event{"1": &gen.ContentData{Content: "a"}, "2": &gen.ContentData{Content: "b"}} {
			if err := l.acknowledged(id, "content", event); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.acknowledged("3", "session_created", nil); err != nil {
			t.Fatal(err)
		}
		l.check(c.arrivals)
		if got := l.summary(0); got != c.want || got.clean() != (name == "as published") {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// Events that only the stream adds are not compared with the published ones.
func TestArrivals(t *testing.T) {
	gap := "replay_gap"
	for _, said := range []gen.Event{&gen.ConnectedData{}, &gen.HeartbeatData{}, &gen.ErrorData{Type: &gap}} {
		if _, ok := toArrival(mix.Event{ID: "1", Data: said}, nil); ok {
			t.Errorf("%T is held against what was published", said)
		}
	}
	if a, ok := toArrival(mix.Event{ID: "7", Name: "error", Data: &gen.ErrorData{}}, []byte("{}")); !ok || a.id != 7 {
		t.Errorf("an error that was published: %+v, %v", a, ok)
	}
}
