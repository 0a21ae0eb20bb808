package dataarts

import (
	"strconv"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestKeptPagesFollowChanges changes what a page shows when it has been asked for so often that it is kept.
func TestKeptPagesFollowChanges(t *testing.T) {
	t.Parallel()
	const other = "0833a573fe80d5401f6dc010a775569b"
	for _, tt := range []struct {
		name, collection, id, change string // no change: the record is deleted
		want                         string // in the page afterwards; empty: it stays as it was
		gone                         bool   // rather not in it
	}{
		{"ApproverRenamed", "approvers", "1", `{"approver_name": "Renamed"}`, `"approver_name":"Renamed"`, false},
		{"ApproverDeleted", "approvers", "1", "", `"approver_name":"First"`, true},
		{"CreatorRenamed", "users", demoUser, `{"name": "Another"}`, `"create_by":"Another"`, false},
		{"MemberRenamed", "users", "member", `{"name": "Elsewhere"}`, `"user_name":"Elsewhere"`, false},
		{"ProjectRegion", "projects", demoProject, `{"region": "cn-south-1"}`, `cn-south-1`, false},
		{"Role", "members", memberID(demoWorkspace, demoUser), `{"role": "r00004"}`, "", false},
		{"Elsewhere", "domains", demoDomain, `{"name": "renamed"}`, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-006": "name", "DA-008": "member"}})
			put := func(collection, record string) {
				t.Helper()
				if _, _, err := c.world.PutRecord(t.Context(), "dataarts", collection, []byte(record)); err != nil {
					t.Fatal(err)
				}
			}
			put("users", `{"key":"member","id":"`+other+`","name":"Someone","domain":"`+demoDomain+`"}`)
			put("approvers", `{"id":"1","workspace":"`+demoWorkspace+`","approver_name":"First","user_id":"`+other+
				`","app_name":"a","creator":"`+demoUser+`","create_time":"2024-01-01T00:00:00Z"}`)
			ask := func() string { return c.send(c.request("GET", c.users(), "limit=100", "")).body }
			before := ask()
			for range 3 {
				if got := ask(); got != before {
					t.Fatalf("got  %s\nwant %s", got, before)
				}
			}
			var err error
			if tt.change != "" {
				_, err = c.world.PatchRecord(t.Context(), "dataarts", tt.collection, tt.id, []byte(tt.change))
			} else {
				_, err = c.world.DeleteRecord(t.Context(), "dataarts", tt.collection, tt.id, true)
			}
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				got := ask()
				switch {
				case tt.want == "" && got != before:
					t.Errorf("got  %s\nwant %s", got, before)
				case strings.Contains(got, tt.want) == tt.gone:
					t.Errorf("%q: %s", tt.want, got)
				}
			}
		})
	}
}

// TestKeptPagesAreTheirQuerys: pages of other queries and of worlds that show records otherwise, asked for in turn.
func TestKeptPagesAreTheirQuerys(t *testing.T) {
	t.Parallel()
	srv := server(t)
	queries := []string{"", "limit=1", "limit=1&offset=1", "limit=2&offset=1", "approver_name=a", "limit=1&approver_name=a", "approver_name=b"}
	worlds := []*client{}
	for _, switches := range []map[string]string{{}, {"DA-012": "exact"}, {"DA-013": "newest-first"}, {"DA-004": "mask"}, {"DA-028": "seconds"}} {
		c := open(t, srv, mockserver.WorldSetting{Assumptions: switches})
		for n, name := range []string{"a", "ab", "b"} {
			_, _, err := c.world.PutRecord(t.Context(), "dataarts", "approvers", []byte(`{"id":"`+strconv.Itoa(90000+n)+`","workspace":"`+demoWorkspace+
				`","approver_name":"`+name+`","user_id":"`+demoUserID+name+`","email":"a@example.com","app_name":"p","creator":"`+demoUser+
				`","create_time":"2024-01-01T00:00:00Z"}`))
			if err != nil {
				t.Fatal(err)
			}
		}
		worlds = append(worlds, c)
	}
	first := map[string]string{}
	for round := range 4 {
		for i, c := range worlds {
			for _, q := range queries {
				key := strings.Repeat("w", i) + q
				body := c.send(c.request("GET", c.users(), q, "")).body
				if round == 0 {
					first[key] = body
				} else if body != first[key] {
					t.Errorf("world %d, %q: got\n%s\nat first\n%s", i, q, body, first[key])
				}
			}
		}
	}
	for key, want := range map[string]bool{"approver_name=a": true, "wapprover_name=a": false, "limit=1": false} {
		if strings.Contains(first[key], `"ab"`) != want {
			t.Errorf("%s: %s", key, first[key])
		}
	}
}
