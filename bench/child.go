package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// child is this program again, built with GOEXPERIMENT=jsonv2. It measures on request, so that
// its samples alternate with the others.
type child struct {
	cmd *exec.Cmd
	dir string
	in  io.WriteCloser
	enc *json.Encoder
	dec *json.Decoder
}

// request asks a child for a sample of one of its two jobs.
type request struct {
	Stream bool // through the client, or else with the plain parser
	Repeat int
}

type answer struct {
	Sample sample
	Err    string
}

// startChild builds and starts the program. The caller must run in the directory of its
// sources.
func startChild(ctx context.Context) (*child, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	c := &child{dir: dir}
	program := filepath.Join(dir, "bench")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".") //nolint:gosec // this function made the path
	build.Env = append(os.Environ(), "GOEXPERIMENT=jsonv2")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(string(out))), c.stop())
	}
	c.cmd = exec.CommandContext(ctx, program, "-child") //nolint:gosec // this function built it
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.enc, c.dec = json.NewEncoder(c.in), json.NewDecoder(out)
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// stop ends the child, waits for it and removes it.
func (c *child) stop() error {
	var err error
	if c.cmd != nil && c.cmd.Process != nil {
		err = errors.Join(c.in.Close(), c.cmd.Wait())
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// job returns a job that measures in the child.
func (c *child) job(stream bool) *job {
	return &job{sample: func(repeat int) (sample, error) {
		if err := c.enc.Encode(request{Stream: stream, Repeat: repeat}); err != nil {
			return sample{}, fmt.Errorf("child: %w", err)
		}
		var a answer
		if err := c.dec.Decode(&a); err != nil {
			return sample{}, fmt.Errorf("child: %w", err)
		}
		if a.Err != "" {
			return sample{}, fmt.Errorf("child: %s", a.Err)
		}
		return a.Sample, nil
	}}
}

// serveChild runs the child: it measures encoding/json, which the experiment changes.
func serveChild(in io.Reader, out io.Writer) error {
	if !experiment {
		return errors.New("built without GOEXPERIMENT=jsonv2")
	}
	c, d := tokens(typedEvents), standard
	for _, read := range []typedReader{plainTyped, streamTyped} {
		if err := checkTyped(c, d, read); err != nil {
			return err
		}
	}
	jobs := map[bool]*job{false: typedJob(c, d, plainTyped), true: typedJob(c, d, streamTyped)}
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	for {
		var r request
		if err := dec.Decode(&r); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		var a answer
		var err error
		if a.Sample, err = jobs[r.Stream].measure(r.Repeat); err != nil {
			a.Err = err.Error()
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
}
