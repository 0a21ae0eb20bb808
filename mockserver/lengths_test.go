package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// Requests and replies of any length arrive whole on connections that are used again: short ones, those on the borders of what
// package http1 sends in one piece and of what it has to do with, and longer ones.
func TestMessagesOfAnyLength(t *testing.T) {
	t.Parallel()
	long := withSchema("maxLength: 20", "maxLength: 2000000")
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{long}})
	// Of clients that only read: a connection that had a long request is net/http's, and long replies are to come from both.
	readers := &http.Client{Transport: &http.Transport{}}
	defer readers.CloseIdleConnections()
	for i, n := range lengths() {
		id, text := fmt.Sprintf("n%d", i), strings.Repeat(string('a'+byte(i%26)), n)
		put := send(t, "POST", srv.URL+"/acme/notes", fmt.Sprintf(`{"id":%q,"text":%q}`, id, text), jsonKey())
		got := sendBy(t, readers, "GET", srv.URL+"/acme/notes/"+id+"?mode=", "", demoKey())
		for _, reply := range []answer{put, got} {
			if reply.status != http.StatusOK || reply.body["text"] != text || reply.header.Get("Content-Length") != fmt.Sprint(len(reply.raw)) {
				t.Fatalf("a text of %d bytes: %d, a reply of %d: %.200s", n, reply.status, len(reply.raw), reply.raw)
			}
		}
	}
}

func lengths() []int {
	all := []int{1, 1 << 20, 5, 100_000}
	for _, border := range []int{3600, 7700} {
		for n := border; n < border+600; n += 3 {
			all = append(all, n)
		}
	}
	return all
}
