package mockserver_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/disk"
)

// A reset that another world's credentials forbid changes nothing, on disk neither.
func TestRefusedResetLeavesTheFileAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, stop := keeping(t, dir, mockserver.WorldSetting{})
	admin := srv.URL + "/__admin/worlds"
	key := keyOf(t, send(t, "POST", admin, `{"name":"p"}`, nil))
	put(t, srv, key, "n", "mine")
	keyOf(t, send(t, "POST", admin, `{"name":"q"}`, nil))
	send(t, "DELETE", admin+"/p/keys/"+key, "", nil)
	if got := send(t, "POST", admin+"/q/keys", `{"key":"`+key+`"}`, nil); got.status != 201 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", admin+"/p/reset", "", nil); got.status != 409 {
		t.Fatalf("got %d %s, want a refusal: the key is another world's", got.status, got.raw)
	}
	stop()
	srv, _ = keeping(t, dir, mockserver.WorldSetting{})
	if got := noteText(t, srv, key, "demo"); got != "hello" {
		t.Errorf("got %q", got)
	}
	if got := send(t, "GET", srv.URL+"/__admin/worlds/p/notes/n", "", nil); got.body["text"] != "mine" {
		t.Errorf("the world whose reset was refused has %s", got.raw)
	}
}

// Worlds come and go under load: nobody sees more than that a world is gone, and its name and keys are free again.
func TestWorldsGoUnderLoad(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"InMemory": "", "OnDisk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, mockserver.Options{Data: dir})
			var done atomic.Bool
			var writers sync.WaitGroup
			for i := range 4 {
				writers.Go(func() {
					for n := 0; !done.Load(); n++ {
						h := jsonKey()
						h.Set("X-Countersign-World", "w")
						got := send(t, "POST", srv.URL+"/__admin/worlds/w/keys", fmt.Sprintf(`{"key":"k%d-%d"}`, i, n%3), nil)
						if got.status >= 500 {
							t.Errorf("got %d %s", got.status, got.raw)
						}
						send(t, "DELETE", srv.URL+fmt.Sprintf("/__admin/worlds/w/keys/k%d-%d", i, n%3), "", nil)
					}
				})
			}
			for range 25 {
				if got := send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w"}`, nil); got.status != 201 {
					t.Errorf("got %d %s", got.status, got.raw)
				}
				if got := send(t, "DELETE", srv.URL+"/__admin/worlds/w", "", nil); got.status != 204 {
					t.Errorf("got %d %s", got.status, got.raw)
				}
			}
			done.Store(true)
			writers.Wait()
			health := send(t, "GET", srv.URL+"/__admin/health", "", nil)
			if health.body["panics"] != 0.0 || health.body["bugs"] != 0.0 || health.body["worlds"] != 1.0 {
				t.Errorf("got %s", health.raw)
			}
			for i := range 4 {
				for n := range 3 {
					if got := send(t, "POST", srv.URL+"/__admin/worlds/default/keys", fmt.Sprintf(`{"key":"k%d-%d"}`, i, n), nil); got.status != 201 {
						t.Errorf("a key of worlds that are gone is not free: %d %s", got.status, got.raw)
					}
				}
			}
		})
	}
}

// Worlds that end by themselves free their names on disk, too, however many ask at once.
func TestNamesAreFreeOnceWorldsAreOver(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	srv := start(t, mockserver.Options{Data: t.TempDir(), Wall: func() time.Time { return time.Unix(1_800_000_000, now.Load()) }})
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for range 10 {
				got := send(t, "POST", srv.URL+"/__admin/worlds", fmt.Sprintf(`{"name":"w%d","ttl":"1ms"}`, i%2), nil)
				if got.status != 201 && got.status != 409 {
					t.Errorf("got %d %s", got.status, got.raw)
				}
				now.Add(int64(time.Second))
			}
		})
	}
	wg.Wait()
}

func TestJournalEndsWithTheWorld(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	key := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w"}`, nil))
	noteText(t, srv, key, "demo")
	send(t, "DELETE", srv.URL+"/__admin/worlds/w", "", nil)
	keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w"}`, nil))
	if got := send(t, "POST", srv.URL+"/__admin/requests/verify", `{"world":"w","exactly":0}`, nil); got.status != http.StatusAccepted {
		t.Errorf("a new world has another's requests: %d %s", got.status, got.raw)
	}
}

// The end of time is an error message, not the end of the process.
func TestTheEndOfTime(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{Data: t.TempDir()})
	keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"late","clock":"9999-12-31T23:59:59Z+"}`, nil))
	at := srv.URL + "/__admin/worlds/late"
	if got := send(t, "POST", at+"/transitions", `{"collection":"notes","record":"demo","delete":true,"after":"30s"}`, nil); got.status != 400 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", at+"/clock", `{"signing_clock":"world"}`, nil); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", at+"/clock", "", nil); got.body["now"] != "9999-12-31T23:59:59Z" {
		t.Errorf("got %s", got.raw)
	}
}

func TestLifeRefuses(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	worlds := srv.URL + "/__admin/worlds"
	if got := send(t, "POST", worlds, `{"ttl":"-1s"}`, nil); got.status != 400 {
		t.Errorf("a negative ttl: %d %s", got.status, got.raw)
	}
	out := send(t, "GET", worlds+"/default/export", "", nil)
	if got := send(t, "POST", worlds+"/import?name=x", out.raw+"more", nil); got.status != 400 {
		t.Errorf("something behind an export: %d %s", got.status, got.raw)
	}
	for i := range 1000 {
		if got := send(t, "POST", worlds+"/default/snapshots", fmt.Sprintf(`{"name":"s%d"}`, i), nil); got.status != 201 {
			t.Fatalf("snapshot %d: %d %s", i, got.status, got.raw)
		}
	}
	if got := send(t, "POST", worlds+"/default/snapshots", `{"name":"one-more"}`, nil); got.status != 400 || !strings.Contains(got.raw, "1000") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", worlds+"/default/snapshots", `{"name":"s7"}`, nil); got.status != 201 {
		t.Errorf("one that is there: %d %s", got.status, got.raw)
	}
}

// A file that lost its end says so instead of ending the program.
func TestTruncatedFile(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	_, stop := keeping(t, whole, mockserver.WorldSetting{})
	stop()
	content, err := os.ReadFile(filepath.Join(whole, disk.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{20_000, 9_000, 4_096, 100} {
		dir := t.TempDir() // each its own: what could not be opened may stay locked until the process ends
		if err := os.WriteFile(filepath.Join(dir, disk.FileName), content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Data: dir})
		if err == nil {
			t.Errorf("%d bytes of it were taken for the whole", size)
			_ = srv.Shutdown(t.Context())
			continue
		}
		if !strings.Contains(err.Error(), dir) || errors.Is(err, disk.ErrBusy) {
			t.Errorf("%d bytes: the message does not name the folder: %v", size, err)
		}
	}
}

// Forks of a world that nobody writes to share what is below it, so that the thousandth is as near to the ground as the first.
func TestManyForksStayFlat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, stop := keeping(t, dir, mockserver.WorldSetting{})
	for range 40 {
		if _, err := srv.ForkWorld(t.Context(), mockserver.DefaultWorld, ""); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	k, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	names, err := k.Worlds()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		kept, err := k.Load(name)
		if err != nil || len(kept.Layers) > 6 {
			t.Errorf("%s stands on %d layers, %v", name, len(kept.Layers), err)
		}
	}
}
