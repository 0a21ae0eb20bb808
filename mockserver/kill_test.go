package mockserver_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// killRounds is how often a server under load is killed; CI does fewer than the two hundred that were promised.
var killRounds = flag.Int("kill-rounds", 12, "how often to kill a server under load")

// childDir names the folder in which this test program, run again, keeps its worlds.
const childDir = "COUNTERSIGN_TEST_KILL_DIR"

// limitFiles makes files stop growing at a size, where the machine can do that.
var limitFiles = func() error { return nil }

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := limitFiles(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(serveUntilKilled(dir))
	}
	if timeout := os.Getenv(childTimeouts); timeout != "" {
		os.Exit(serveFigures(timeout))
	}
	os.Exit(m.Run())
}

// serveUntilKilled is the child: it prints its address and waits for the end.
func serveUntilKilled(dir string) int {
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Data: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		if addr, listenErr := srv.Listen("127.0.0.1:0", nil); listenErr == nil {
			fmt.Println("http://" + addr.String())
			_, _ = io.Copy(io.Discard, os.Stdin) // until the parent goes
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// child is a server in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
}

func spawn(t *testing.T, dir string, env ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("the server did not start: %v", err)
	}
	return &child{cmd, strings.TrimSpace(line)}
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// answered are the notes and nonces that a killed server had said yes to.
type answered struct {
	mu     sync.Mutex
	notes  map[string]string
	nonces []string
}

const killWriters = 4

// load writes notes, each with a nonce, until the server is gone. Every writer has notes of its own, so that the last
// text that was answered is what must be there, or the one that was on its way.
func (a *answered) load(ctx context.Context, url string, round int, onTheWay []string) {
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id, text := fmt.Sprintf("w%dn%d", w, n%5), fmt.Sprintf("r%dn%d", round, n)
				nonce := fmt.Sprintf("%s-%d", text, w)
				onTheWay[w] = id + " " + text
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+"/acme/notes", strings.NewReader(`{"id":"`+id+`","text":"`+text+`"}`))
				req.Header = withKey(jsonKey(), "demo-key")
				req.Header.Set("X-Nonce", nonce)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					return
				}
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK || err != nil {
					return
				}
				a.mu.Lock()
				a.notes[id] = text
				a.nonces = append(a.nonces, nonce)
				a.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// Whenever the process dies, what it has answered is there afterwards, and nothing is half there.
func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dir := t.TempDir()
	a := &answered{notes: map[string]string{}}
	chance := rand.New(rand.NewPCG(1, 1))
	onTheWay := make([]string, killWriters)
	for round := range *killRounds {
		c := spawn(t, dir)
		a.check(t, c.url, round, onTheWay)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		done := make(chan struct{})
		go func() {
			a.load(ctx, c.url, round, onTheWay)
			close(done)
		}()
		for enough := a.count() + 5 + chance.IntN(60); a.count() < enough && ctx.Err() == nil; {
			time.Sleep(time.Millisecond) // real work of another process: there is no clock to move
		}
		c.kill()
		cancel()
		<-done
	}
	c := spawn(t, dir)
	defer c.kill()
	a.check(t, c.url, *killRounds, onTheWay)
	if len(a.nonces) < 5**killRounds {
		t.Errorf("only %d calls were answered", len(a.nonces))
	}
	t.Logf("%d calls were answered over %d kills", len(a.nonces), *killRounds)
}

func (a *answered) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.nonces)
}

// check looks at every note that was answered and at the last nonces.
func (a *answered) check(t *testing.T, url string, round int, onTheWay []string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, want := range a.notes {
		got := send(t, "GET", url+"/acme/notes/"+id+"?mode=", "", demoKey())
		text, _ := got.body["text"].(string)
		if text == want {
			continue
		}
		found := false
		for _, other := range onTheWay { // its answer was cut off
			found = found || other == id+" "+text
		}
		if !found {
			t.Fatalf("round %d: note %s is %q, want %q", round, id, text, want)
		}
		a.notes[id] = text
	}
	for _, nonce := range a.nonces[max(0, len(a.nonces)-5):] {
		h := demoKey()
		h.Set("X-Nonce", nonce)
		if got := send(t, "GET", url+"/acme/notes/demo?mode=", "", h); got.body["code"] != "Replayed" {
			t.Fatalf("round %d: the nonce %s is forgotten: %s", round, nonce, got.raw)
		}
	}
}
