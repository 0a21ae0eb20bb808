package dataarts

import (
	"context"
	"strings"
	"testing"
)

// TestChangesCountAtOnce changes what a caller is let in by, when he is remembered already.
func TestChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, tt := range []struct {
		name, collection, id, change string // no change: the record is deleted
		status                       int
		want                         string
	}{
		{"User", "users", demoUser, `{"disabled": true}`, 401, "is disabled"},
		{"Secret", "access_keys", demoAK, `{"sk": "another"}`, 401, "verify aksk signature fail"},
		{"Key", "access_keys", demoAK, "", 401, "not exist"},
		{"Project", "projects", demoProject, `{"disabled": true}`, 403, "APIGW.0310"},
		{"ProjectID", "projects", demoProject, `{"id": "another"}`, 403, "is not the account's"},
		{"Workspace", "workspaces", demoWorkspace, `{"id": "another"}`, 400, "has no workspace"},
		{"Member", "members", memberID(demoWorkspace, demoUser), "", 403, "is not a member"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := inDefaultWorld(t)
			for range 2 {
				c.send(c.request("GET", c.users(), "", "")).want(t, 200)
			}
			var err error
			if tt.change != "" {
				_, err = c.world.PatchRecord(ctx, "dataarts", tt.collection, tt.id, []byte(tt.change))
			} else {
				_, err = c.world.DeleteRecord(ctx, "dataarts", tt.collection, tt.id, true)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.send(c.request("GET", c.users(), "", "")); got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("%d %s, want %d %s", got.status, got.body, tt.status, tt.want)
			}
		})
	}
}
