package mockserver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/disk"
)

// keeping starts a server over a folder; stop ends it as an interrupt would.
func keeping(t *testing.T, dir string, setting mockserver.WorldSetting) (srv *mockserver.Running, stop func()) {
	t.Helper()
	srv = start(t, mockserver.Options{Data: dir, World: setting})
	return srv, func() {
		t.Helper()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWorldsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, stop := keeping(t, dir, mockserver.WorldSetting{})
	admin := func() string { return srv.URL + "/__admin/worlds" }
	put(t, srv, "demo-key", "n", "default")
	parent := keyOf(t, send(t, "POST", admin(), `{"name":"parent","clock":"2026-01-15T08:00:00Z","seed":5,"records":{"acme":{"notes":[{"id":"own","text":"x"}]}}}`, nil))
	put(t, srv, parent, "n", "shared")
	child := keyOf(t, send(t, "POST", admin()+"/parent/fork", `{"name":"child"}`, nil))
	put(t, srv, parent, "n", "parent")
	send(t, "POST", admin()+"/parent/snapshots", `{"name":"s"}`, nil)
	put(t, srv, parent, "n", "later")
	send(t, "POST", admin()+"/parent/clock", `{"advance":"1h"}`, nil)
	send(t, "POST", admin()+"/parent/states", `{"name":"a note","params":{"id":"made"}}`, nil)
	send(t, "POST", admin()+"/parent/faults", `{"id":"f","vendor":"acme","operation":"GetNote","nth":7,"effect":{"error":"Broken"}}`, nil)
	gone := keyOf(t, send(t, "POST", admin(), `{"name":"gone"}`, nil))
	send(t, "DELETE", admin()+"/gone", "", nil)
	nonce := withKey(http.Header{"X-Nonce": {"once"}}, parent)
	if got := send(t, "GET", srv.URL+"/acme/notes/n?mode=", "", nonce); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	stop()

	srv, stop = keeping(t, dir, mockserver.WorldSetting{})
	for _, tt := range []struct{ name, key, id, want string }{
		{"Default", "demo-key", "n", "default"},
		{"Demo", "demo-key", "demo", "hello"},
		{"Parent", parent, "n", "later"},
		{"OwnRecords", parent, "own", "x"},
		{"State", parent, "made", "made"},
		{"Child", child, "n", "shared"},
		{"Gone", gone, "demo", "NoKey"},
	} {
		if got := noteText(t, srv, tt.key, tt.id); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/n?mode=", "", nonce); got.body["code"] != "Replayed" {
		t.Errorf("the nonce is forgotten: %s", got.raw)
	}
	if got := send(t, "GET", admin()+"/parent/clock", "", nil); got.body["now"] != "2026-01-15T09:00:00Z" {
		t.Errorf("the clock is %s", got.raw)
	}
	if got := send(t, "GET", admin()+"/parent/faults/f", "", nil); got.status != 200 || got.body["matched"] == 0.0 {
		t.Errorf("the fault rule is %s", got.raw)
	}
	if got := send(t, "POST", admin()+"/parent/snapshots/s/load", "", nil); got.status != 200 || noteText(t, srv, parent, "n") != "parent" {
		t.Errorf("the snapshot: %d, the note is %q", got.status, noteText(t, srv, parent, "n"))
	}
	send(t, "POST", admin()+"/child/reset", "", nil)
	put(t, srv, child, "n", "again")
	stop()

	srv, _ = keeping(t, dir, mockserver.WorldSetting{})
	for key, want := range map[string]string{parent: "parent", child: "again"} {
		if got := noteText(t, srv, key, "n"); got != want {
			t.Errorf("after the second restart: got %q, want %q", got, want)
		}
	}
	send(t, "POST", admin()+"/parent/reset", "", nil)
	if noteText(t, srv, parent, "n") != "NoNote" || noteText(t, srv, parent, "own") != "x" {
		t.Errorf("a reset of a kept world leaves %q and %q", noteText(t, srv, parent, "n"), noteText(t, srv, parent, "own"))
	}
}

// The same calls give the same answers whether the server was stopped between them or not.
func TestChanceGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	made := func(restart bool) (ids []string) {
		dir := t.TempDir()
		for range 3 {
			srv, stop := keeping(t, dir, mockserver.WorldSetting{Seed: 9})
			for range map[bool]int{true: 1, false: 3}[restart] {
				got := send(t, "POST", srv.URL+"/__admin/worlds/default/states", `{"name":"a note"}`, nil)
				ids = append(ids, got.body["id"].(string))
			}
			stop()
			if !restart {
				return ids
			}
		}
		return ids
	}
	if a, b := fmt.Sprint(made(true)), fmt.Sprint(made(false)); a != b {
		t.Errorf("with restarts %s, without %s", a, b)
	}
}

func TestDataFolderRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, stop := keeping(t, dir, mockserver.WorldSetting{Seed: 1})
	try := func(setting mockserver.WorldSetting) error {
		_, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Data: dir, World: setting})
		return err
	}
	if err := try(mockserver.WorldSetting{Seed: 1}); !errors.Is(err, disk.ErrBusy) {
		t.Errorf("a second server on the folder: %v", err)
	}
	stop()
	if err := try(mockserver.WorldSetting{Seed: 2}); !errors.Is(err, mockserver.ErrOtherSetting) {
		t.Errorf("another seed: %v", err)
	}
	records := mockserver.WorldSetting{Seed: 1, Records: map[string]json.RawMessage{"acme": json.RawMessage(`{"notes":[]}`)}}
	if err := try(records); !errors.Is(err, mockserver.ErrOtherSetting) {
		t.Errorf("other records: %v", err)
	}
	srv, _ := keeping(t, dir, mockserver.WorldSetting{Seed: 1})
	if got := noteText(t, srv, "demo-key", "demo"); got != "hello" {
		t.Errorf("got %q", got)
	}
	if err := try(mockserver.WorldSetting{Seed: 1}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("the message does not name the folder: %v", err)
	}
}
