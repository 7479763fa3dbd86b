package server

import "testing"

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		resume     string
		floor, end uint64
		want       start
	}{
		{"", 10, 20, start{connected: 20, position: 20}},
		{"0", 10, 20, start{connected: 10, position: 10}},
		{"10", 10, 20, start{connected: 10, position: 10}},
		{"20", 10, 20, start{connected: 20, position: 20}},
		{"9", 10, 20, start{connected: 9, position: 10, gap: true}},
		{"21", 10, 20, start{connected: 1, position: 10, gap: true}},
		{"x", 10, 20, start{connected: 1, position: 10, gap: true}},
		{"010", 10, 20, start{connected: 1, position: 10, gap: true}},
		// What connected carries where nothing else can makes a gap in any log.
		{"x", 1, 20, start{connected: 1, position: 1, gap: true}},
		{"1", 1, 20, start{connected: 1, position: 1, gap: true}},
		{"1", 0, 20, start{connected: 1, position: 0, gap: true}},
	} {
		if got := resolve(test.resume, test.floor, test.end); got != test.want {
			t.Errorf("resolve(%q, %d, %d) = %+v, want %+v", test.resume, test.floor, test.end, got, test.want)
		}
	}
}
