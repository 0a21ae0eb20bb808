package quickbi

import (
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestChangesCountAtOnce changes what a caller is let in by, when he is remembered already.
func TestChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	const closedAlready = "Application.RecordClosed"
	for _, tt := range []struct {
		name, collection, change string // no change: the record is deleted
		want                     string
	}{
		{"Disabled", "access_keys", `{"disabled": true}`, "InvalidAccessKeyId.Inactive"},
		{"Secret", "access_keys", `{"secret": "another"}`, "SignatureDoesNotMatch"},
		{"Key", "access_keys", "", "InvalidAccessKeyId.NotFound"},
		{"User", "users", `{"never_logged_on": true}`, "ApiUser.Not.Exists"},
		{"Organization", "organizations", `{"dissolved": true}`, "Invalid.Organization"},
		{"Nothing", "users", `{"name": "another"}`, closedAlready},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newRig(t, mockserver.WorldSetting{})
			key := g.key("administrator")
			c := closed(call{key: key})(g)
			for range 2 {
				if r := g.send(c); r.code != closedAlready {
					t.Fatalf("%d %s", r.status, r.body)
				}
			}
			id := map[string]string{"access_keys": key.ID, "users": key.UserID}[tt.collection]
			if tt.collection == "organizations" {
				g.records("users", func(rec any) {
					if u := rec.(*User); u.ID == key.UserID {
						id = u.OrganizationID
					}
				})
			}
			var err error
			if tt.change != "" {
				_, err = g.world.PatchRecord(t.Context(), "quickbi", tt.collection, id, []byte(tt.change))
			} else {
				_, err = g.world.DeleteRecord(t.Context(), "quickbi", tt.collection, id, true)
			}
			if err != nil {
				t.Fatal(err)
			}
			if r := g.send(c); r.code != tt.want {
				t.Errorf("%d %s, want %s", r.status, r.body, tt.want)
			}
		})
	}
}
