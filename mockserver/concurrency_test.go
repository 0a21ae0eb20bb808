package mockserver_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestWorldsAndRequestsAtOnce makes, uses, resets and deletes worlds while others are used, and wants that none sees
// what another wrote. It is for the race detector.
func TestWorldsAndRequestsAtOnce(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 32 << 10})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() { useOneWorld(t, srv, i) })
	}
	wg.Go(func() {
		for range 30 {
			send(t, "POST", srv.URL+"/__admin/reset", "", nil)
			send(t, "GET", srv.URL+"/__admin/requests?limit=5", "", nil)
			send(t, "GET", srv.URL+"/__admin/worlds", "", nil)
		}
	})
	wg.Wait()
	if n := len(srv.Worlds()); n != 1 {
		t.Errorf("%d worlds are left, want the default one", n)
	}
}

func useOneWorld(t *testing.T, srv *mockserver.Running, i int) {
	name := fmt.Sprintf("w%d", i)
	for round := range 5 {
		made := send(t, "POST", srv.URL+"/__admin/worlds", fmt.Sprintf(`{"name":%q}`, name), nil)
		if made.status != 201 {
			t.Errorf("%s: %d %s", name, made.status, made.raw)
			return
		}
		key := made.body["env"].(map[string]any)["acme"].(map[string]any)["key"].(string)
		h := func() http.Header { return withKey(jsonKey(), key) }
		if got := send(t, "GET", srv.URL+"/acme/notes/shared?mode=", "", h()); got.status != 404 {
			t.Errorf("%s, round %d: sees %s before it wrote", name, round, got.raw)
		}
		send(t, "POST", srv.URL+"/acme/notes", fmt.Sprintf(`{"id":"shared","text":%q}`, name), h())
		if got := send(t, "GET", srv.URL+"/acme/notes/shared?mode=", "", h()); got.body["text"] != name {
			t.Errorf("%s, round %d: reads %s", name, round, got.raw)
		}
		send(t, "POST", srv.URL+"/__admin/worlds/"+name+"/states", `{"name":"a note"}`, nil)
		if got := send(t, "DELETE", srv.URL+"/__admin/worlds/"+name, "", nil); got.status != 204 {
			t.Errorf("%s: delete: %d %s", name, got.status, got.raw)
		}
	}
}

func BenchmarkCreateWorld(b *testing.B) {
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.CreateWorld(b.Context(), mockserver.WorldSetting{}); err != nil {
			b.Fatal(err)
		}
	}
}
