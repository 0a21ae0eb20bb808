package wps_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestKeptPagesFollowChanges changes a page that has been asked for so often that it is kept.
func TestKeptPagesFollowChanges(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, tt := range map[string]struct {
		change func(c *client) error
		status int
		want   string
	}{
		"added": {func(c *client) error {
			c.state("wps-definition-added", mockserver.Params{"name": "brand new"})
			return nil
		}, 200, `"brand new"`},
		"deleted": {func(c *client) error { c.state("wps-definitions", mockserver.Params{"count": 0}); return nil }, 200, `"items":[]`},
		"broken":  {func(c *client) error { c.state("wps-internal-error", nil); return nil }, 500, `"code":`},
		"renamed": {func(c *client) error {
			p := c.pageOf("", 5)
			_, err := c.world.PatchRecord(t.Context(), "wps", "approval_defines", p.ids()[0], []byte(`{"name": "renamed"}`))
			return err
		}, 200, `"renamed"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, srv)
			before := c.send(c.list("cursor=&page=5")).body
			for range 3 {
				if got := c.send(c.list("cursor=&page=5")).body; got != before {
					t.Fatalf("got  %s\nwant %s", got, before)
				}
			}
			if err := tt.change(c); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if got := c.send(c.list("cursor=&page=5")); got.status != tt.status || !strings.Contains(got.body, tt.want) {
					t.Errorf("%d %s, want %d and %s", got.status, got.body, tt.status, tt.want)
				}
			}
		})
	}
}

// TestKeptPagesAreTheirQuerys: pages of other queries and of worlds with other views, asked for in turn.
func TestKeptPagesAreTheirQuerys(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	worlds := []*client{newClient(t, srv), newClient(t, srv, "WPS-014=oldest-first"), newClient(t, srv, "WPS-019=omit"), newClient(t, srv, "WPS-015=admin")}
	queries := []string{"cursor=&page=3", "cursor=&page=4", "cursor=" + worlds[0].pageOf("", 3).NextCursor + "&page=3"}
	first := map[string]int{}
	for round := range 4 {
		for i, c := range worlds {
			for j, q := range queries {
				a := c.send(c.list(q))
				at, known := first[a.body]
				if a.status != http.StatusOK || known != (round > 0) || known && at != i*len(queries)+j {
					t.Errorf("round %d, world %d, %q: %d %s", round, i, q, a.status, a.body)
				}
				if !known {
					first[a.body] = i*len(queries) + j
				}
			}
		}
	}
}
