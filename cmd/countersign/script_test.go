package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"countersign": main})
}

// TestScripts runs one short script a behaviour. With $UPDATE_SCRIPTS set, what they compare is rewritten.
func TestScripts(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("each command is a process that reads the documents anew; the server's concurrency is tested where it is written, and scripts/test runs the scripts without the race detector")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Values[heldKey{}] = &held{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"ready":    ready,
			"stranger": stranger,
			"makecert": makeCert,
			"fetch":    fetchURL,
			"inflight": inFlight,
			"finish":   finish,
			"closed":   closed,
			"noise":    noise,
			"mode":     mode,
			"appears":  appears,
		},
	})
}

// exits CODE COMMAND...: the command ends with this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if want := args[0]; want != strconv.Itoa(code) {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// patience bounds how long a script waits for something to happen.
const patience = 20 * time.Second

// until asks again and again, a moment apart, until it hears yes.
func until(ts *testscript.TestScript, what string, yes func() bool) {
	late := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !yes() {
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// ready FILE: waits for the ready file and sets $URL and $HOST from its first line, $TLS_URL and $TLS_HOST from its second.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready FILE")
	}
	var text []byte
	until(ts, args[0]+" is there", func() bool {
		var err error
		text, err = os.ReadFile(ts.MkAbs(args[0]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%v", err)
		}
		return err == nil
	})
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		prefix := []string{"", "TLS_"}[min(i, 1)]
		url, admin := strings.CutPrefix(line, "admin ")
		if admin {
			prefix = "ADMIN_"
		}
		_, host, _ := strings.Cut(url, "://")
		ts.Setenv(prefix+"URL", url)
		ts.Setenv(prefix+"HOST", host)
	}
}

// appears GLOB: waits for a file.
func appears(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, args[0]+" is there", func() bool {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		return len(found) > 0
	})
}

// stranger: an HTTP server that is not countersign listens on $STRANGER.
func stranger(ts *testscript.TestScript, _ bool, _ []string) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }))
	ts.Defer(srv.Close)
	ts.Setenv("STRANGER", srv.Listener.Addr().String())
}

// makecert CERT KEY: writes a certificate for 127.0.0.1 that signs itself, and its key.
func makeCert(ts *testscript.TestScript, _ bool, args []string) {
	ca, err := openAuthority(filepath.Join(ts.Getenv("WORK"), "made"), time.Now)
	ts.Check(err)
	leaf, err := ca.issue([]string{"127.0.0.1"})
	ts.Check(err)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	ts.Check(err)
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}), ca.pem()...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), chain, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
}

// fetch [-ca FILE] [-connect HOST:PORT] URL: prints the body. It trusts nothing but the CA given; with ! it must fail.
func fetchURL(ts *testscript.TestScript, neg bool, args []string) {
	pool, connect := x509.NewCertPool(), ""
	for len(args) > 1 {
		switch args[0] {
		case "-ca":
			if !pool.AppendCertsFromPEM([]byte(ts.ReadFile(args[1]))) {
				ts.Fatalf("%s holds no certificate", args[1])
			}
		case "-connect":
			connect = args[1]
		}
		args = args[2:]
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	if connect != "" {
		transport.DialContext = func(_ context.Context, network, _ string) (net.Conn, error) { return net.Dial(network, connect) }
	}
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get(args[0])
	if neg {
		if err == nil {
			ts.Fatalf("GET %s: status %d, want a failure", args[0], resp.StatusCode)
		}
		ts.Logf("%v", err)
		return
	}
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}

// held is a request of which half was sent.
type held struct {
	conn net.Conn
	in   *bufio.Reader
}

type heldKey struct{}

// inflight HOST:PORT: sends half a request and returns when the server reads the other half.
func inFlight(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := net.Dial("tcp", args[0])
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	ts.Check(conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "POST /v3/auth/tokens HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", args[0])
	ts.Check(err)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	ts.Check(err)
	if !strings.Contains(line, "100") {
		ts.Fatalf("got %q, want 100 Continue", line)
	}
	_, err = in.ReadString('\n')
	ts.Check(err)
	*ts.Value(heldKey{}).(*held) = held{conn, in}
}

// finish: sends the other half and prints the status of the reply, which must be whole.
func finish(ts *testscript.TestScript, _ bool, _ []string) {
	h := ts.Value(heldKey{}).(*held)
	if h.conn == nil {
		ts.Fatalf("no request is in flight")
	}
	_, err := io.WriteString(h.conn, "{}")
	ts.Check(err)
	resp, err := http.ReadResponse(h.in, nil)
	ts.Check(err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), resp.StatusCode, body.String())
}

// closed HOST:PORT: waits until nobody listens there.
func closed(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, "nobody listens on "+args[0], func() bool {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// noise N URL: fetches the URL as often and throws away what it gets.
func noise(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		resp, err := (&http.Client{Timeout: patience}).Get(args[1])
		ts.Check(err)
		_, err = io.Copy(io.Discard, resp.Body)
		ts.Check(err)
		ts.Check(resp.Body.Close())
	}
}

// mode OCTAL FILE: the file has these permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}
