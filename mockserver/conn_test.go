package mockserver_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// Replies of any length arrive whole on connections that are used again: shorter ones than net/http's buffer, longer ones, and
// those that end just where it does.
func TestRepliesOfAnyLength(t *testing.T) {
	t.Parallel()
	long := withSchema("maxLength: 20", "maxLength: 2000000")
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{long}})
	lengths := []int{1, 1 << 20, 5, 100_000}
	for n := 3600; n < 4200; n += 3 {
		lengths = append(lengths, n)
	}
	for i, n := range lengths {
		text := strings.Repeat(string('a'+byte(i%26)), n)
		got := send(t, "POST", srv.URL+"/acme/notes", fmt.Sprintf(`{"id":"n%d","text":%q}`, i, text), jsonKey())
		if got.status != http.StatusOK || !bytes.Contains([]byte(got.raw), []byte(text)) || got.header.Get("Content-Length") != fmt.Sprint(len(got.raw)) {
			t.Fatalf("a text of %d bytes: %d, a reply of %d: %.200s", n, got.status, len(got.raw), got.raw)
		}
	}
}
