package server_test

import (
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/internal/servertest"
)

// Another body under a key is refused, and nothing of it is published.
func TestKeyOfAnotherBody(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	if got := post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, 5), rand.New(rand.NewPCG(1, 1)))); got.status != 201 {
		t.Fatal(got)
	}
	for name, body := range map[string]string{
		"as long":           contentLines(10, 15),
		"longer":            contentLines(10, 20),
		"shorter":           contentLines(10, 12),
		"the same and more": contentLines(0, 6),
		"the beginning":     contentLines(0, 4),
		"another end":       contentLines(0, 4) + contentLines(10, 11),
		"another beginning": contentLines(10, 11) + contentLines(1, 5),
		"a bad line in it":  contentLines(0, 2) + "nonsense\n" + contentLines(3, 5),
	} {
		for _, chunked := range []bool{false, true} {
			in := io.Reader(strings.NewReader(body))
			if chunked {
				in = pieces(body, rand.New(rand.NewPCG(1, 2)))
			}
			if got := post(t, ts, "s", ndjsonType, "key", in); got.status != 422 || got.Error.Type != "validation_error" || got.Line != nil {
				t.Errorf("%s, chunked %v: got %v", name, chunked, got)
			}
		}
	}
	post(t, ts, "one", jsonType, "key", strings.NewReader(contentLine("a")))
	if got := post(t, ts, "one", jsonType, "key", strings.NewReader(contentLine("b"))); got.status != 422 {
		t.Error(got)
	}
	wantTexts(t, ts, "s", texts(0, 5)...)
	wantTexts(t, ts, "one", "a")
}

// Of bodies that come at once under one key, one is published whole, and the others
// are refused.
func TestKeyOfRacingBodies(t *testing.T) {
	const bodies, common = 6, 20
	for seed := range uint64(8) {
		ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
		answers := make([]publication, bodies)
		var senders sync.WaitGroup
		own := func(i int) (from, to int) { return 1000 * (i + 1), 1000*(i+1) + 30*i }
		for i := range answers {
			senders.Go(func() {
				from, to := own(i)
				answers[i] = post(t, ts, "s", ndjsonType, "key", pieces(contentLines(0, common)+contentLines(from, to), rand.New(rand.NewPCG(seed, uint64(i)))))
			})
		}
		senders.Wait()
		winner := -1
		for i, got := range answers {
			switch {
			case got.status == 201 && winner < 0:
				winner = i
			case got.status != 422:
				t.Errorf("seed %d: got %v", seed, got)
			}
		}
		if winner < 0 {
			t.Fatalf("seed %d: every body is refused", seed)
		}
		wantTexts(t, ts, "s", append(texts(0, common), texts(own(winner))...)...)
	}
}

// A key that comes back with a body that is too short for what it was used for.
func TestPublishKeyReused(t *testing.T) {
	ts := servertest.Serve(t, servertest.NewServer(t, everyonePublishes))
	in, out := io.Pipe()
	answer := make(chan publication, 1)
	go func() { answer <- post(t, ts, "s", ndjsonType, "key", in) }()
	io.WriteString(out, contentLines(0, 5)) // one write, one batch
	out.Close()
	if got := <-answer; got.status != 201 {
		t.Fatal(got)
	}
	if got := post(t, ts, "s", ndjsonType, "key", strings.NewReader(contentLines(0, 2))); got.String() != "422 validation_error line 0, 0 published: the Idempotency-Key was used for another body" {
		t.Error(got)
	}
}
