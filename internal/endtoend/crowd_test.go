//go:build unix

package endtoend_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
)

// crowdEnv makes the test binary the other process of a crowd. Its value is the address of
// the server.
const crowdEnv = "MIXSTREAM_TEST_CROWD"

const crowdSessions = 100

// crowdSession returns the session of a reader. Each of the first ten readers has a
// session alone.
func crowdSession(i int) string {
	if i >= 10 {
		i = 10 + i%(crowdSessions-10)
	}
	return "session-" + strconv.Itoa(i)
}

// publishToCrowd publishes an event to each of the sessions, and returns their names.
func publishToCrowd(t *testing.T, srv *mix.Server) (sessions []string) {
	t.Helper()
	for i := range crowdSessions {
		sessions = append(sessions, crowdSession(i))
		servertest.Publish(t, srv, crowdSession(i), "")
	}
	return sessions
}

// ownSession returns the session of a reader that shares none.
func ownSession(i int) string { return "session-of-reader-" + strconv.Itoa(i) }

// crowd is many readers in another process, because a process can open only so many files.
type crowd struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Scanner
}

func newCrowd(t *testing.T, address string) *crowd {
	t.Helper()
	self := servertest.Must(os.Executable())(t)
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestCrowd$")
	child.Env = append(os.Environ(), crowdEnv+"="+address)
	child.Stderr = os.Stderr
	in := servertest.Must(child.StdinPipe())(t)
	out := servertest.Must(child.StdoutPipe())(t)
	servertest.OK(t, child.Start())
	t.Cleanup(func() {
		in.Close()
		_ = child.Wait() // its last answer has come
	})
	c := &crowd{t, bufio.NewWriter(in), bufio.NewScanner(out)}
	c.open(10)
	return c
}

// ask makes the other process do something, and returns its answer.
func (c *crowd) ask(format string, args ...any) string {
	c.t.Helper()
	fmt.Fprintf(c.in, format+"\n", args...)
	servertest.OK(c.t, c.in.Flush())
	if !c.out.Scan() {
		c.t.Fatalf("the other process has ended: %v", c.out.Err())
	}
	answer, ok := strings.CutPrefix(c.out.Text(), "ok ")
	if !ok {
		c.t.Fatalf("the other process: %s", c.out.Text())
	}
	return answer
}

func (c *crowd) open(n int) { c.t.Helper(); c.ask("open %d", n) }

func (c *crowd) close() { c.t.Helper(); c.ask("close 0") }

func (c *crowd) beats(every time.Duration) { c.t.Helper(); c.ask("beats %d", every) }

// latency returns the median time from a publish until a waiting reader of the session has
// the event. Both clocks are those of one machine. It takes the least of three medians,
// because the machine may have been busy.
func (c *crowd) latency(srv *mix.Server) (least time.Duration) {
	c.t.Helper()
	for range 3 {
		all := make([]time.Duration, 100)
		for i := range all {
			c.ask("await %d", i%10)
			began := time.Now()
			servertest.Publish(c.t, srv, crowdSession(i%10), "")
			at := servertest.Must(strconv.ParseInt(c.ask("awaited 0"), 10, 64))(c.t)
			all[i] = time.Unix(0, at).Sub(began)
		}
		slices.Sort(all)
		if median := all[len(all)/2]; least == 0 || median < least {
			least = median
		}
	}
	return least
}

// TestCrowd is the other process.
func TestCrowd(t *testing.T) {
	address := os.Getenv(crowdEnv)
	if address == "" {
		t.Skip("it is the other process of another test")
	}
	m := &crowdMember{address: address, awaited: make(chan moment, 1)}
	defer m.close()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		do, arg, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseInt(arg, 10, 64)
		answer := ""
		if err == nil {
			answer, err = m.do(do, n)
		}
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		fmt.Println("ok", answer)
	}
}

type crowdMember struct {
	address string
	conns   []net.Conn
	lines   []*bufio.Reader // of the readers that take a flood
	awaited chan moment
	flooded chan error // the result of the last flood
	each    bool       // each new reader has a session of its own
}

// moment is when an event came, or why it did not come.
type moment struct {
	at  string
	err error
}

func (m *crowdMember) do(what string, n int64) (answer string, err error) {
	switch what {
	case "open":
		return "", m.open(int(n))
	case "each":
		m.each = true
	case "await":
		go func() {
			at, err := m.read(m.conns[n], "event: content\n")
			m.awaited <- moment{at, err}
		}()
	case "awaited":
		got := <-m.awaited
		return got.at, got.err
	case "beats":
		return "", m.beats(time.Duration(n))
	case "flood":
		m.flood(len(m.conns), int(n))
	case "half":
		m.flood(len(m.conns)/2, int(n))
	case "done":
		return "", <-m.flooded
	case "close":
		m.close()
	}
	return "", nil
}

func (m *crowdMember) open(n int) error {
	for range n {
		conn, err := net.Dial("tcp", m.address)
		if err != nil {
			return err
		}
		session := crowdSession(len(m.conns))
		if m.each {
			session = ownSession(len(m.conns))
		}
		if _, err := fmt.Fprintf(conn, "GET /stream?sessionId=%s HTTP/1.1\r\nHost: x\r\n\r\n", session); err != nil {
			return err
		}
		m.conns = append(m.conns, conn)
		if _, err := m.read(conn, "event: connected\n"); err != nil {
			return err
		}
	}
	return nil
}

// read reads until an event comes, and returns the time.
func (m *crowdMember) read(conn net.Conn, mark string) (at string, err error) {
	_ = conn.SetReadDeadline(time.Now().Add(servertest.Patience))
	var got []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return "", err
		}
		at = strconv.FormatInt(time.Now().UnixNano(), 10)
		got = append(got, buf[:n]...)
		if i := bytes.Index(got, []byte(mark)); i >= 0 && bytes.HasSuffix(got, []byte("\n\n\r\n")) {
			return at, nil
		}
	}
}

// beats waits until every stream has had two heartbeats. Each must come within an interval
// of the one before, with some slack for a busy machine.
func (m *crowdMember) beats(every time.Duration) error {
	var all sync.WaitGroup
	failed := make(chan error, len(m.conns))
	slack := max(every/4, time.Second)
	for i, conn := range m.conns {
		all.Go(func() {
			buf := make([]byte, 1<<10)
			for beat := range 2 {
				_ = conn.SetReadDeadline(time.Now().Add(every + slack))
				for {
					n, err := conn.Read(buf)
					if err != nil {
						failed <- fmt.Errorf("heartbeat %d of stream %d: %w", beat+1, i, err)
						return
					}
					if bytes.Contains(buf[:n], []byte("event: heartbeat\n")) {
						break
					}
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// flood makes the first readers read this many events each.
func (m *crowdMember) flood(readers, events int) {
	for _, conn := range m.conns[len(m.lines):] {
		m.lines = append(m.lines, bufio.NewReaderSize(conn, 1<<10))
	}
	errs := make(chan error, readers)
	for i := range readers {
		_ = m.conns[i].SetReadDeadline(time.Now().Add(3 * servertest.Patience))
		go func() { errs <- readFlood(m.lines[i], events) }()
	}
	m.flooded = make(chan error, 1)
	go func() {
		var failed error
		for range readers {
			failed = errors.Join(failed, <-errs)
		}
		m.flooded <- failed
	}()
}

func (m *crowdMember) close() {
	for _, conn := range m.conns {
		conn.Close()
	}
	m.conns, m.lines = nil, nil
}

// inFlood returns the beginning of the content of an event of a flood. Floods differ in
// size.
func inFlood(n, events int) string { return fmt.Sprintf("%d of %d ", n, events) }

// readFlood reads a flood, and returns an error unless all its events come once and in
// order.
func readFlood(lines *bufio.Reader, events int) error {
	name, number, last := "", false, uint64(0)
	for n := 0; n < events; {
		line, err := lines.ReadSlice('\n')
		field, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), ": ")
		switch {
		case field == "event":
			name, number = value, false
		case field == "data":
			number = strings.Contains(value, `"`+inFlood(n, events))
		case field == "id" && name != "heartbeat":
			id := servertest.Position(value)
			if name != "content" || !number || id <= last {
				return fmt.Errorf("event %d of %d is %s %s, after %d", n, events, name, value, last)
			}
			last = id
			n++
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the beginning of the line is enough
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return err
		}
	}
	return nil
}
