package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestRepliesAreSampled: of a kind of reply that is wrong, a world checks the first, and then every 1024th of its calls.
func TestRepliesAreSampled(t *testing.T) {
	t.Parallel()
	var bugs []uint64
	calls := uint64(0)
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, OnBug: func(error) { bugs = append(bugs, calls) }})
	if err != nil {
		t.Fatal(err)
	}
	other, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.PutRecord(t.Context(), "acme", "keys", []byte(`{"key":"other-key"}`)); err != nil {
		t.Fatal(err)
	}
	call := func(key, id string) {
		calls++
		req := httptest.NewRequest(http.MethodGet, "/acme/notes/"+id+"?mode=", http.NoBody)
		req.Header.Set("X-Key", key)
		w := &sink{header: http.Header{}}
		if srv.Handler().ServeHTTP(w, req); w.status != http.StatusOK {
			t.Fatalf("status %d", w.status)
		}
	}
	expect := func(want ...uint64) {
		t.Helper()
		if len(bugs) != len(want) {
			t.Fatalf("bugs at calls %d, want %d", bugs, want)
		}
		for i := range want {
			if bugs[i] != want[i] {
				t.Fatalf("bugs at calls %d, want %d", bugs, want)
			}
		}
	}
	call("demo-key", "leaves")
	expect(1) // the first of its kind
	for calls < 2100 {
		call("demo-key", "leaves")
	}
	expect(1, 1024, 2048)
	call("other-key", "leaves")
	call("other-key", "leaves")
	expect(1, 1024, 2048, 2101) // the first in another world
}
