package mixstream_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme builds the two programs of the README, and runs the client against
// the server.
func TestReadme(t *testing.T) {
	slow(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindAllSubmatch(readme, -1)
	if len(programs) != 2 {
		t.Fatalf("the README has %d programs, want a server and a client", len(programs))
	}
	address := freeAddress(t)
	var binaries []string
	for i, name := range []string{"server", "client"} {
		source := strings.ReplaceAll(string(programs[i][1]), "127.0.0.1:8080", address)
		binaries = append(binaries, build(t, name, source))
	}

	server := exec.CommandContext(t.Context(), binaries[0])
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	// The client waits by itself until the server listens.
	if out := command(t, ".", binaries[1]); out != "token 0 token 1 token 2 done\n" {
		t.Errorf("the client printed %q", out)
	}
}

// TestReadmeCommands runs the two commands at the top of the README: the server, whose
// page is there, and the publication from curl, which arrives.
func TestReadmeCommands(t *testing.T) {
	slow(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(readme, 2)
	if len(commands) != 2 {
		t.Fatal("the README has not two commands")
	}
	serve, publish := string(commands[0][1]), string(commands[1][1])
	if serve != "go run ./cmd/mixstream serve --demo\n" || !strings.HasPrefix(publish, "curl 'http://127.0.0.1:8080/stream?sessionId=demo' ") {
		t.Fatalf("they are %q and %q", serve, publish)
	}
	binary := filepath.Join(t.TempDir(), "mixstream")
	command(t, ".", "go", "build", "-o", binary, "./cmd/mixstream")
	address := freeAddress(t)
	server := exec.CommandContext(t.Context(), binary, "serve", "--demo", "--listen", address)
	out, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "listening on http://"+address) {
		t.Fatalf("%q, %v", line, err)
	}
	if page := command(t, ".", "curl", "-fsS", "http://"+address+"/"); !strings.Contains(page, "<title>mixstream inspector</title>") {
		t.Errorf("the page is %.200s", page)
	}
	if answer := command(t, ".", "bash", "-c", strings.ReplaceAll(publish, "127.0.0.1:8080", address)); !strings.Contains(answer, `"count":1`) {
		t.Errorf("curl printed %s", answer)
	}
	session := command(t, ".", binary, "tail", "http://"+address, "demo", "--last-event-id", "0", "--until-complete", "--json")
	if !strings.Contains(session, "Hello from curl") {
		t.Errorf("the session is %s", session)
	}
}

// build builds a program as if its source were in this module.
func build(t *testing.T, name, source string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, name+".go")
	write(t, file, source)
	module, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(module, "readme", name, "main.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), string(overlay))
	binary := filepath.Join(dir, name)
	command(t, ".", "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./readme/"+name)
	return binary
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer io.Closer(l).Close()
	return l.Addr().String()
}
