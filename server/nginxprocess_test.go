package server_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// nginxLocation is what docs/proxies.md recommends.
const nginxLocation = `
location /stream {
    proxy_pass http://app;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_read_timeout 60s;
}
`

// nginxConf is what stands around it: one process in the foreground, with all its
// files in one directory, and compression of whatever it may compress.
const nginxConf = `
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
`

// nginx runs nginx in front of a server until the test ends, and returns its URL.
// Where it is not installed the test is left out, unless MIXSTREAM_REQUIRE_NGINX is
// set.
func nginx(t *testing.T, ts *httptest.Server) string {
	t.Helper()
	if atScale(0, 1) == 0 {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // which is not in every user's path
	}
	switch {
	case err == nil:
	case os.Getenv("MIXSTREAM_REQUIRE_NGINX") != "":
		t.Fatal("nginx is not installed, and MIXSTREAM_REQUIRE_NGINX is set")
	default:
		t.Skip("nginx is not installed: install the package nginx, or nginx-light, to run this")
	}
	for range 5 {
		if addr := startNginx(t, path, ts.Listener.Addr().String()); addr != "" {
			return "http://" + addr
		}
	}
	t.Fatal("nginx does not start")
	return ""
}

// startNginx returns the address on which nginx listens, or nothing if another
// program was faster to take it.
func startNginx(t *testing.T, path, target string) (addr string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = free.Addr().String()
	free.Close()

	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, target, addr, nginxLocation), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(path, "-p", dir, "-e", "stderr", "-c", conf)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it says is in output
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})

	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-ended:
			if bytes.Contains(output.Bytes(), []byte("bind()")) {
				return ""
			}
			t.Fatalf("nginx has ended: %s", output.Bytes())
		case <-tick.C:
		}
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr
		}
	}
	t.Fatal("nginx does not listen")
	return ""
}
