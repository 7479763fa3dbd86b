package docs_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/mix"
)

// slow leaves a test out unless the slow ones are asked for.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("MIXSTREAM_SLOW") == "" {
		t.Skip("slow: run with MIXSTREAM_SLOW=1")
	}
}

// blockTime is how long one block may run.
const blockTime = 5 * time.Minute

// TestCommands runs the commands of every page in their order, and compares what the
// pages say that they print.
func TestCommands(t *testing.T) {
	slow(t)
	bin := t.TempDir()
	install(t, bin)
	for _, p := range pages(t) {
		t.Run(filepath.Base(p.path), func(t *testing.T) {
			term := newTerminal(t, bin)
			var printed string
			for i, b := range p.blocks {
				if _, ok := b.directive("output"); ok {
					if !prints(printed, b.text) {
						t.Errorf("%s: it printed\n%s", b, printed)
					}
				}
				if runs(b) {
					prelude := ""
					if i+1 < len(p.blocks) {
						if _, ok := p.blocks[i+1].directive("output"); ok {
							prelude = "export REFUSED=\n"
						}
					}
					printed = term.run(t, b, prelude)
					term.wantPublished(t, b)
				}
			}
		})
	}
}

// runs tells whether TestCommands runs a block.
func runs(b block) bool {
	for _, other := range []string{"from", "tested by", "not run"} {
		if _, ok := b.directive(other); ok {
			return false
		}
	}
	return b.language == "sh"
}

const someEvents = `{"event":"content","data":{"type":"content","content":"Hello"}}
{"event":"complete","data":{"type":"complete","done":true}}
`

// install makes the programs that the pages' commands use.
func install(t *testing.T, bin string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/mixstream")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatalf("%v: install it", err)
	}
	for name, script := range map[string]string{
		"agent": "cat <<'END'\n" + someEvents + "END\n",
		// What a server refuses has failed, unless the page shows the refusal.
		"curl": "exec " + curl + " ${REFUSED---fail} \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// A terminal is where the commands of one page are run.
type terminal struct {
	dir, root string
	env       []string
	addresses map[string]string // those of the page, and those of the test
	servers   map[string]func() // how to end what listens on an address of the page
	nats      string
}

func newTerminal(t *testing.T, bin string) *terminal {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{dir: t.TempDir(), root: root, addresses: map[string]string{}, servers: map[string]func(){}}
	term.env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	term.env = slices.DeleteFunc(term.env, func(v string) bool { return strings.HasPrefix(v, "MIXSTREAM_SLOW=") })
	write(t, filepath.Join(term.dir, "events.ndjson"), someEvents)
	t.Cleanup(func() {
		for _, end := range term.servers {
			end()
		}
	})
	return term
}

var (
	loopback    = regexp.MustCompile(`(127\.0\.0\.1|localhost|0\.0\.0\.0):([1-9]\d*)`) // where the test listens on one
	natsURL     = regexp.MustCompile(`nats://[\w.:-]+(,nats://[\w.:-]+)*`)
	goCommand   = regexp.MustCompile(`(?m)(^|\s)(go (run|test|build|generate|vet)|cd bench)\b`)
	serveOnly   = regexp.MustCompile(`^(agent \| )?mixstream serve\b[^\n|;&]*$`)
	commentLine = regexp.MustCompile(`(?m)(^|\s+)#.*$`)
	listenFlag  = regexp.MustCompile(`--listen[= ](\S+)`)
)

// substitute puts the test's addresses and folders for those of the page.
func (term *terminal) substitute(t *testing.T, text string) string {
	t.Helper()
	text = strings.ReplaceAll(text, "go run ./cmd/mixstream", "mixstream")
	text = strings.NewReplacer("/var/lib/mixstream", filepath.Join(term.dir, "lib"), "/backup/mixstream", filepath.Join(term.dir, "backup")).Replace(text)
	text = loopback.ReplaceAllStringFunc(text, func(address string) string {
		_, port, _ := strings.Cut(address, ":")
		return term.address(t, port)
	})
	return natsURL.ReplaceAllStringFunc(text, func(string) string {
		if term.nats == "" {
			term.nats = startNATS(t)
		}
		return term.nats
	})
}

// address is a free address that stands for a port of the page.
func (term *terminal) address(t *testing.T, port string) string {
	t.Helper()
	if term.addresses[port] == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		term.addresses[port] = l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return term.addresses[port]
}

func startNATS(t *testing.T) string {
	t.Helper()
	srv, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(time.Minute) {
		t.Fatal("NATS does not start")
	}
	return srv.ClientURL()
}

// run runs a block, and returns what it printed. A server goes on in the background.
func (term *terminal) run(t *testing.T, b block, prelude string) string {
	t.Helper()
	text, dir := b.text, term.dir
	pairs, err := b.replacements()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "timeout" {
			prelude += endless(pairs[i+1], "mixstream", "curl")
			continue
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	text = strings.ReplaceAll(text, "go run ./cmd/mixstream", "mixstream")
	if goCommand.MatchString(text) {
		dir = term.root
	}
	command := strings.TrimSpace(commentLine.ReplaceAllString(strings.ReplaceAll(text, "\\\n", " "), ""))
	if serveOnly.MatchString(command) {
		return term.serve(t, b, command)
	}
	for _, address := range loopback.FindAllStringSubmatch(text, -1) {
		if len(term.servers) == 0 && address[2] == "8080" {
			term.serve(t, b, "mixstream serve --demo")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), blockTime)
	defer cancel()
	if strings.Contains(text, "file:/backup/mixstream") { // what is restored must be there
		prelude += fmt.Sprintf("agent | mixstream publish --log file:%s demo\n", filepath.Join(term.dir, "backup"))
	}
	var out bytes.Buffer
	cmd := term.bash(ctx, prelude+term.substitute(t, text))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s", b, err, &out)
	}
	return out.String()
}

// published finds what a block publishes by curl: the session, and the event.
var published = regexp.MustCompile(`curl '[^']*/stream\?sessionId=([\w-]+)'(?s:.*?) -d '\{"event":"(\w+)","data":(.*)\}'`)

// wantPublished expects what a block publishes by curl to be in its session.
func (term *terminal) wantPublished(t *testing.T, b block) {
	t.Helper()
	match := published.FindStringSubmatch(b.text)
	if match == nil {
		return
	}
	want := gen.StreamEvents.Decode(match[2], []byte(match[3]))
	c, err := mix.NewClient("http://" + term.address(t, "8080"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	everything := "0"
	stream, err := c.StreamEvents(ctx, match[1], &everything)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	defer stream.Close()
	for stream.Next() {
		if reflect.DeepEqual(stream.Event().Data, want) {
			return
		}
	}
	t.Errorf("%s: %s is not in the session %s: %v", b, match[3], match[1], stream.Err())
}

// endless has commands end after a time, as a user would end them.
func endless(after string, commands ...string) string {
	var s strings.Builder
	for _, name := range commands {
		fmt.Fprintf(&s, "%s() { timeout %s %s \"$@\" || [[ $? == 124 ]]; }\n", name, after, name)
	}
	return s.String()
}

// bash makes a command that ends with all that it has started.
func (term *terminal) bash(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text)
	cmd.Dir, cmd.Env = term.dir, term.env
	endAsGroup(cmd)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// serve starts a server, in place of the one that listened where it does, and returns
// what it said until it listened.
func (term *terminal) serve(t *testing.T, b block, command string) string {
	t.Helper()
	if !listenFlag.MatchString(command) {
		command = strings.Replace(command, "mixstream serve", "mixstream serve --listen 127.0.0.1:8080", 1)
	}
	address := listenFlag.FindStringSubmatch(command)[1]
	if end := term.servers[address]; end != nil {
		end()
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := term.bash(ctx, term.substitute(t, command))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	term.servers[address] = func() {
		delete(term.servers, address)
		cancel()
		<-ended
	}
	said := make(chan string, 1)
	go func() {
		defer close(ended)
		var lines strings.Builder
		out := bufio.NewReader(stderr)
		for {
			line, err := out.ReadString('\n')
			lines.WriteString(line)
			if err != nil || strings.Contains(line, "listening on") {
				said <- lines.String()
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}()
	select {
	case lines := <-said:
		if !strings.Contains(lines, "listening on") {
			t.Errorf("%s: %s ended: %s", b, command, lines)
		}
		return lines
	case <-time.After(blockTime):
		t.Fatalf("%s: %s does not listen", b, command)
		return ""
	}
}

var digits = regexp.MustCompile(`\d+`)

// prints tells whether an output has the lines of a block in their order. "..." stands
// for anything, and a number for any number.
func prints(output, block string) bool {
	from := 0
	lines := strings.Split(digits.ReplaceAllString(output, "0"), "\n")
	for want := range strings.Lines(strings.TrimSpace(block)) {
		want = digits.ReplaceAllString(strings.TrimSpace(want), "0")
		if want == "..." || want == "" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`, ".*") + "$")
		at := slices.IndexFunc(lines[from:], func(line string) bool { return pattern.MatchString(strings.TrimSpace(line)) })
		if at < 0 {
			return false
		}
		from += at + 1
	}
	return true
}

// TestPrints has outputs that are what a page says, and others.
func TestPrints(t *testing.T) {
	const output = "first 12 of 30\nsecond: a thing (17)\n{\"id\":\"1763\"}\n"
	for block, want := range map[string]bool{
		"first 1 of 3\n":                        true,
		"first 12 of 30\n...\n{\"id\":\"1\"}\n": true,
		"second: ... (1)\n":                     true,
		"second: a thing\n":                     false,
		"second: a thing (17)\nfirst 12 of 30":  false,
		"third\n":                               false,
	} {
		if got := prints(output, block); got != want {
			t.Errorf("%q: %v", block, got)
		}
	}
}
