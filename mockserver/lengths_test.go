package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// Requests and replies of any length arrive whole on connections that are used again: those that package http1 has to do with,
// longer ones that net/http has to do with, and those on the border.
func TestMessagesOfAnyLength(t *testing.T) {
	t.Parallel()
	long := withSchema("maxLength: 20", "maxLength: 2000000")
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{long}})
	lengths := []int{1, 1 << 20, 5, 100_000}
	for n := 7700; n < 8300; n += 3 {
		lengths = append(lengths, n)
	}
	for i, n := range lengths {
		id, text := fmt.Sprintf("n%d", i), strings.Repeat(string('a'+byte(i%26)), n)
		put := send(t, "POST", srv.URL+"/acme/notes", fmt.Sprintf(`{"id":%q,"text":%q}`, id, text), jsonKey())
		got := send(t, "GET", srv.URL+"/acme/notes/"+id+"?mode=", "", jsonKey())
		for _, reply := range []answer{put, got} {
			if reply.status != http.StatusOK || reply.body["text"] != text || reply.header.Get("Content-Length") != fmt.Sprint(len(reply.raw)) {
				t.Fatalf("a text of %d bytes: %d, a reply of %d: %.200s", n, reply.status, len(reply.raw), reply.raw)
			}
		}
	}
}
