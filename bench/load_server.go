package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"syscall"
	"time"

	"github.com/mixstream/mixstream/gen"
)

// order is a request of the program to a server.
type order struct {
	Do string // one of the names below

	Setup   loadSetup     // open
	Events  int           // publish: to each session
	Every   time.Duration // publish: the time between two events; 0: none
	Pin     bool          // publish: use one thread, and report its CPU time
	Profile string        // profile: a file; empty: end the profile
}

const (
	doOpen    = "open"    // makes the server and listens
	doHello   = "hello"   // publishes an uncounted event to each session
	doPublish = "publish" // publishes to each session in turn
	doUsage   = "usage"   // reports the CPU time
	doMemory  = "memory"  // reports the memory after garbage collection
	doProfile = "profile" // begins or ends a CPU profile
)

// usage is the report of a server.
type usage struct {
	Err     string
	Address string        // open
	CPU     time.Duration // of the process so far, on every order
	Publish time.Duration // publish: its duration; if pinned, the CPU time of its thread
	Memory  int64         // memory: resident bytes
}

// serveLoad runs a server process: it executes orders until there are no more.
func serveLoad(key string, in io.Reader, out io.Writer) error {
	subject, err := loadSubjectOf(key)
	if err != nil {
		return err
	}
	h := &loadHost{subject: subject}
	defer h.close()
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	for {
		var o order
		if err := dec.Decode(&o); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		u, err := h.follow(o)
		if err != nil {
			u.Err = err.Error()
		}
		if u.CPU == 0 {
			u.CPU = cpuOf(syscall.RUSAGE_SELF)
		}
		if err := enc.Encode(u); err != nil {
			return err
		}
	}
}

// loadHost runs one server.
type loadHost struct {
	subject  *loadSubject
	server   loadServer
	http     *http.Server
	sessions []string
	next     int // the sequence number of the next event
	profile  *os.File
}

func (h *loadHost) follow(o order) (usage, error) {
	switch o.Do {
	case doOpen:
		address, err := h.open(o.Setup)
		return usage{Address: address}, err
	case doHello:
		for _, s := range h.sessions {
			if err := h.server.publish(s, loadHello()); err != nil {
				return usage{}, err
			}
		}
		return usage{}, nil
	case doPublish:
		return h.publish(o)
	case doUsage:
		return usage{}, nil // every report contains the CPU time
	case doMemory:
		n, err := resident()
		return usage{Memory: n}, err
	case doProfile:
		return usage{}, h.profileTo(o.Profile)
	}
	return usage{}, fmt.Errorf("no order %q", o.Do)
}

func (h *loadHost) open(s loadSetup) (address string, err error) {
	if h.server, err = h.subject.make(s); err != nil {
		return "", err
	}
	for i := range s.Sessions {
		h.sessions = append(h.sessions, sessionName(i))
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	h.http = &http.Server{Handler: h.server, ReadHeaderTimeout: time.Minute}
	go h.http.Serve(l) //nolint:errcheck // ends with the process, or after close
	return l.Addr().String(), nil
}

func (h *loadHost) close() {
	if h.http != nil {
		h.http.Close() //nolint:errcheck // the process ends
	}
}

// publish publishes the next events, each to all sessions.
func (h *loadHost) publish(o order) (usage, error) {
	events := make([]*gen.ContentData, o.Events)
	for i := range events {
		events[i] = loadEvent(h.next + i)
	}
	h.next += o.Events
	var pace <-chan time.Time
	if o.Every > 0 {
		t := time.NewTicker(o.Every)
		defer t.Stop()
		pace = t.C
	}
	began := time.Now()
	took := func() time.Duration { return time.Since(began) }
	// A part of the elapsed time goes to readers that run in between, so the CPU time of one
	// thread is more exact. But if publishing uses a channel to another goroutine, a pinned
	// goroutine waits for a thread each time.
	if o.Pin {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before := cpuOf(rusageThread)
		took = func() time.Duration { return cpuOf(rusageThread) - before }
	}
	for _, e := range events {
		if pace != nil {
			<-pace
		}
		for _, s := range h.sessions {
			if err := h.server.publish(s, e); err != nil {
				return usage{}, err
			}
		}
	}
	return usage{Publish: took()}, nil
}

// profileTo begins a CPU profile, or ends it if file is empty.
func (h *loadHost) profileTo(file string) error {
	if file == "" {
		if h.profile == nil {
			return nil
		}
		pprof.StopCPUProfile()
		defer func() { h.profile = nil }()
		return h.profile.Close()
	}
	var err error
	if h.profile, err = os.Create(file); err != nil { //nolint:gosec // the requested file
		return err
	}
	return pprof.StartCPUProfile(h.profile)
}

// rusageThread is RUSAGE_THREAD of Linux, which package syscall lacks.
const rusageThread = 1

// cpuOf returns the CPU time that the process or the thread used.
func cpuOf(who int) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// resident returns the resident bytes of the process after garbage collection.
func resident() (int64, error) {
	runtime.GC() // the second run frees the content of pools
	runtime.GC()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kb, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc/self/status")
}
