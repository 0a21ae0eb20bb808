package sdktest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/wps"
)

// server is the one server of all tests, serverURL where it listens.
var (
	server    *mockserver.Server
	serverURL string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run is TestMain with an exit code. A reply that leaves the documents, or a panic in the server, fails the run even
// where the SDK did not mind.
func run(m *testing.M) int {
	home, err := os.MkdirTemp("", "sdktest-home-")
	if err != nil {
		return failed(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	if err := isolate(home); err != nil {
		return failed(err)
	}
	var bugs atomic.Int64
	server, err = mockserver.New(mockserver.Options{
		Vendors:         []mockserver.Vendor{quickbi.New, wps.New, dataarts.New},
		CheckEveryReply: true,
		OnBug: func(err error) {
			bugs.Add(1)
			fmt.Fprintln(os.Stderr, "bug of the server:", err)
		},
	})
	if err != nil {
		return failed(err)
	}
	addr, err := server.Listen("127.0.0.1:0", nil)
	if err != nil {
		return failed(err)
	}
	serverURL = "http://" + addr.String()
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return failed(fmt.Errorf("shutdown: %w", err))
	}
	if n := bugs.Load(); n > 0 {
		return failed(fmt.Errorf("%d bugs of the server", n))
	}
	return code
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "sdktest:", err)
	return 1
}

// isolate keeps the SDKs from the user's settings: the home folder, where Huawei's SDKs keep a number of the machine
// and both vendors look for credentials, and the environment. The go command keeps its caches, which are below the home
// folder too.
func isolate(home string) error {
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		if err == nil {
			err = os.Setenv(name, strings.TrimSpace(string(out)))
		}
		if err != nil {
			return fmt.Errorf("go env %s: %w", name, err)
		}
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		for _, prefix := range []string{"ALIBABA_CLOUD_", "HUAWEICLOUD_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
			if strings.HasPrefix(name, prefix) {
				if err := os.Unsetenv(name); err != nil {
					return err
				}
			}
		}
	}
	return os.Setenv("HOME", home)
}
