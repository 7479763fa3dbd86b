package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/mixstream/mixstream/internal/servertest"
)

// natsNode is a nats-server in a process of its own.
type natsNode struct {
	Name, Dir   string
	Port, Route int
	Routes      []string

	cmd *exec.Cmd
}

func (n *natsNode) start(t *testing.T) {
	t.Helper()
	config := servertest.Must(json.Marshal(n))(t)
	n.cmd = exec.Command(os.Args[0], "-test.run=^TestNATSProcess$", "-test.timeout=5m")
	n.cmd.Env = append(os.Environ(), nodeVariable+"="+string(config))
	n.cmd.Stderr = os.Stderr
	servertest.OK(t, n.cmd.Start())
}

// kill kills the process with SIGKILL.
func (n *natsNode) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may have ended
	_ = n.cmd.Wait()         // killed, so that it fails
	n.cmd = nil
}

const nodeVariable = "MIXSTREAM_TEST_NATS_NODE" // the node as JSON

// TestNATSProcess is a nats-server that is killed.
func TestNATSProcess(t *testing.T) {
	config := os.Getenv(nodeVariable)
	if config == "" {
		t.Skip("TestCluster runs it")
	}
	var n natsNode
	servertest.OK(t, json.Unmarshal([]byte(config), &n))
	o := &natsserver.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: n.Dir,
		Cluster: natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: n.Route},
	}
	for _, r := range n.Routes {
		u := servertest.Must(url.Parse(r))(t)
		o.Routes = append(o.Routes, u)
	}
	s := servertest.Must(natsserver.NewServer(o))(t)
	s.Start()
	s.WaitForShutdown()
}

// natsNodes is a cluster.
type natsNodes []*natsNode

func (nodes natsNodes) urls() string {
	var urls []string
	for _, n := range nodes {
		urls = append(urls, "nats://127.0.0.1:"+strconv.Itoa(n.Port))
	}
	return strings.Join(urls, ",")
}

// with calls f until it returns true.
func (nodes natsNodes) with(t *testing.T, f func(context.Context, jetstream.JetStream) bool) {
	t.Helper()
	nc := servertest.Must(nats.Connect(nodes.urls(), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond)))(t)
	defer nc.Close()
	js := servertest.Must(jetstream.New(nc))(t)
	servertest.Until(t, "the cluster answers", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return f(ctx, js)
	})
}

// settle waits until each server has all of the streams.
func (nodes natsNodes) settle(t *testing.T) {
	t.Helper()
	for _, stream := range []string{"MIXSTREAM", "MIXSTREAM_SESSIONS"} {
		nodes.with(t, func(ctx context.Context, js jetstream.JetStream) bool {
			s, err := js.Stream(ctx, stream)
			if err != nil || s.CachedInfo().Cluster == nil || s.CachedInfo().Cluster.Leader == "" {
				return false
			}
			for _, r := range s.CachedInfo().Cluster.Replicas {
				if !r.Current || r.Offline {
					return false
				}
			}
			return len(s.CachedInfo().Cluster.Replicas) == 2
		})
	}
}

// leaderFirst returns the servers. The first one leads the stream.
func (nodes natsNodes) leaderFirst(t *testing.T) natsNodes {
	t.Helper()
	leader := ""
	nodes.with(t, func(ctx context.Context, js jetstream.JetStream) bool {
		s, err := js.Stream(ctx, "MIXSTREAM")
		if err == nil && s.CachedInfo().Cluster != nil {
			leader = s.CachedInfo().Cluster.Leader
		}
		return leader != ""
	})
	var first, others natsNodes
	for _, n := range nodes {
		if n.Name == leader {
			first = append(first, n)
		} else {
			others = append(others, n)
		}
	}
	return append(first, others...)
}

// startCluster starts three nats-servers, which end with the test.
func startCluster(t *testing.T) natsNodes {
	t.Helper()
	dir := t.TempDir()
	nodes := make(natsNodes, 3)
	ports := freePorts(t, 2*len(nodes))
	var routes []string
	for i := range nodes {
		name := fmt.Sprint("n", i)
		nodes[i] = &natsNode{Name: name, Dir: filepath.Join(dir, name), Port: ports[2*i], Route: ports[2*i+1]}
		routes = append(routes, "nats://127.0.0.1:"+strconv.Itoa(nodes[i].Route))
	}
	for _, n := range nodes {
		n.Routes = routes
		n.start(t)
		t.Cleanup(n.kill)
	}
	nodes.with(t, func(ctx context.Context, js jetstream.JetStream) bool {
		_, err := js.AccountInfo(ctx)
		return err == nil
	})
	return nodes
}

// freePorts returns ports at which nothing listens.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports, listeners := make([]int, n), make([]net.Listener, n)
	for i := range ports {
		l := servertest.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
		ports[i], listeners[i] = l.Addr().(*net.TCPAddr).Port, l
	}
	for _, l := range listeners { // only when all ports are different
		l.Close()
	}
	return ports
}
