package endtoend_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/othertool"
	"github.com/mixstream/mixstream/internal/servertest"
)

// proxyProgram is a proxy that docs/proxies.md shows how to set up.
type proxyProgram struct {
	name, language string // language is that of the page's block

	// configuration returns a complete configuration with the page's block. It listens,
	// passes requests on to the target, keeps its files in a folder, and compresses
	// everything that it may compress.
	configuration func(block, dir, listen, target string) string

	args func(dir, file string) []string // runs in the foreground
}

var proxyPrograms = []proxyProgram{
	{"nginx", "nginx", nginxConfiguration, func(dir, file string) []string {
		return []string{"-p", dir, "-e", "stderr", "-c", file}
	}},
	{"caddy", "caddyfile", caddyConfiguration, func(_, file string) []string {
		return []string{"run", "--adapter", "caddyfile", "--config", file}
	}},
}

func nginxConfiguration(block, dir, listen, target string) string {
	return fmt.Sprintf(`
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr error;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
    gzip on;
    gzip_types *;
    upstream app { server %[2]s; keepalive 8; }
    server {
        listen %[3]s;
        %[4]s
    }
}
`, dir, target, listen, block)
}

func caddyConfiguration(block, _, listen, target string) string {
	return strings.NewReplacer(
		"grace_period 5s", "grace_period 200ms\n\tadmin off", // the test needs no admin interface
		"example.com", "http://"+listen,
		"127.0.0.1:8080", target,
	).Replace(block)
}

// runningProxy is a proxy in front of a server.
type runningProxy struct {
	proxyProgram
	path, addr string
	dir, file  string
	cmd        *exec.Cmd
	ended      chan struct{}
	output     bytes.Buffer // complete when ended is closed
}

// startProxy runs a proxy until the test ends.
func startProxy(t *testing.T, program proxyProgram, block, target string) *runningProxy {
	t.Helper()
	path := othertool.Path(t, program.name)
	for range 5 {
		p := &runningProxy{proxyProgram: program, path: path, addr: servertest.FreeAddress(t), dir: t.TempDir()}
		p.file = filepath.Join(p.dir, "configuration")
		servertest.OK(t, os.WriteFile(p.file, []byte(program.configuration(block, p.dir, p.addr, target)), 0o600))
		t.Cleanup(p.kill)
		if p.start(t) {
			return p
		}
	}
	t.Fatalf("%s does not start", program.name)
	return nil
}

// start returns true when the proxy listens, and false if another program has taken its
// address.
func (p *runningProxy) start(t *testing.T) bool {
	t.Helper()
	p.output.Reset()
	p.cmd = exec.Command(p.path, p.args(p.dir, p.file)...)
	p.cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir, "XDG_DATA_HOME="+p.dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	servertest.OK(t, p.cmd.Start())
	ended := make(chan struct{})
	p.ended = ended
	go func() {
		defer close(ended)
		_ = p.cmd.Wait() // output says why
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(servertest.Patience); time.Now().Before(deadline); {
		select {
		case <-ended:
			if bytes.Contains(p.output.Bytes(), []byte("bind")) {
				return false
			}
			t.Fatalf("%s has ended: %s", p.name, p.output.Bytes())
		case <-tick.C:
		}
		if conn, err := net.Dial("tcp", p.addr); err == nil {
			conn.Close()
			return true
		}
	}
	t.Fatalf("%s does not listen", p.name)
	return false
}

// stop ends the proxy as its service would.
func (p *runningProxy) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(servertest.Patience):
		t.Fatalf("%s does not end", p.name)
	}
}

func (p *runningProxy) kill() {
	if p.ended != nil {
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
