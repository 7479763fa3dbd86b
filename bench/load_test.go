package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain also runs the program that startLoad starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-serve" || os.Args[1] == "-read") {
		main()
		return
	}
	os.Exit(m.Run())
}

// Every floor and this project deliver every byte, over sockets.
func TestLoadSubjectsDeliverEveryEvent(t *testing.T) {
	for _, s := range delivering() {
		if s.peer {
			continue // the tables show its errors
		}
		t.Run(s.key, func(t *testing.T) {
			if err := s.checkLoad(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// served returns the events with these sequence numbers, one chunk for each.
func served(sequence ...int) (chunks []string) {
	for _, seq := range sequence {
		chunks = append(chunks, fmt.Sprintf("event: content\ndata: %s\nid: %d\n\n", loadData(loadEvent(seq)), 1000+seq))
	}
	return chunks
}

// answered makes an HTTP answer of chunks, without its end.
func answered(chunks []string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for _, c := range chunks {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(c), c)
	}
	return b.String()
}

// feedBy feeds a reader in pieces.
func feedBy(r *loadReader, answer string, size int) error {
	for answer != "" {
		n := min(size, len(answer))
		if err := r.feed([]byte(answer[:n])); err != nil {
			return err
		}
		answer = answer[n:]
	}
	return nil
}

func TestLoadReader(t *testing.T) {
	hello := fmt.Sprintf("data: %s\n\n", loadData(loadHello()))
	for name, chunks := range map[string][]string{
		"an event a chunk": append([]string{hello}, served(0, 1, 2, 3, 4)...),
		"one chunk":        {hello + strings.Join(served(0, 1, 2, 3, 4), "")},
		"torn events":      strings.SplitAfter(hello+strings.Join(served(0, 1, 2, 3, 4), ""), "0"),
	} {
		for _, size := range []int{1, 2, 7, 100, 1 << 20} {
			r := &loadReader{keep: true}
			if err := feedBy(r, answered(chunks), size); err != nil || r.next != 5 || !r.greeted {
				t.Errorf("%s, in pieces of %d: %d events, greeted: %t, %v", name, size, r.next, r.greeted, err)
			}
			if err := r.check(); err != nil {
				t.Errorf("%s, in pieces of %d: %v", name, size, err)
			}
		}
	}
}

// A reader finds lost, doubled and reordered events while it counts, and all other errors when
// it compares.
func TestLoadReaderFindsMistakes(t *testing.T) {
	whole := answered(served(0, 1, 2))
	for name, answer := range map[string]string{
		"an event lost":                  answered(served(0, 2)),
		"the first lost":                 answered(served(1, 2)),
		"an event doubled":               answered(served(0, 1, 1)),
		"two events the other way round": answered(served(0, 2, 1)),
		"the end":                        whole + "0\r\n\r\n",
		"another status":                 strings.Replace(whole, "200", "503", 1),
	} {
		for _, size := range []int{1, 1 << 20} {
			if err := feedBy(new(loadReader), answer, size); err == nil {
				t.Errorf("%s, in pieces of %d: nothing found", name, size)
			}
		}
	}
	for name, answer := range map[string]string{
		"a byte changed":      strings.Replace(whole, "xxx", "xyx", 1),
		"another name":        strings.Replace(whole, "event: content", "event: contend", 1),
		"an event not ended":  whole[:len(whole)-len("\n\r\n")],
		"an event torn apart": answered(append(served(0), "data: #00000001\n\n")),
	} {
		r := &loadReader{keep: true}
		if err := feedBy(r, answer, 1<<20); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r.check() == nil {
			t.Errorf("%s: nothing found", name)
		}
	}
}

// A load fails if a reader gets too few events, and if it gets too many.
func TestLoadFailsWhenEventsAreLost(t *testing.T) {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Join(served(0, 1, 2), ""))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(ts.Close)
	for events, want := range map[int]string{3: "", 4: "has 3 of 4 events", 2: "3 events of 2"} {
		c := new(loadClient)
		if _, err := c.fulfil(task{Do: doConnect, Address: ts.Listener.Addr().String(), Sessions: 1, Readers: 5, Events: events}); err != nil {
			t.Fatal(err)
		}
		within := patience
		if events > 3 {
			within = 200 * time.Millisecond // for events that do not arrive
		}
		_, err := c.fulfil(task{Do: doAwait, Within: within})
		c.leave()
		if got := fmt.Sprint(err); !strings.Contains(got, want) || (err == nil) != (want == "") {
			t.Errorf("%d events expected: %v, want %q", events, err, want)
		}
	}
}

// A loss of this project or a floor ends the program; a loss of a peer ends its part.
func TestLossEndsTheMeasurement(t *testing.T) {
	for _, peer := range []bool{false, true} {
		g := &loadGroup{name: "test"}
		c := &contender{loadSubject: &loadSubject{name: "subject", peer: peer}, samples: make([]loadSample, 1)}
		err := g.fail(c, errStreamEnded)
		if (err != nil) == peer || (c.wrong != nil) != peer || peer && len(c.samples) > 0 {
			t.Errorf("peer: %t: error %v, noted %v, %d samples", peer, err, c.wrong, len(c.samples))
		}
	}
}
