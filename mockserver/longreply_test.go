package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// spacious is a note with so much white space that nobody wants to keep it twice.
type spacious struct{ n *note }

func (s spacious) AppendJSON(b []byte) []byte {
	return fmt.Appendf(b, "{%s\"id\":%q,\"text\":%q}", strings.Repeat(" ", 10_000), s.n.ID, s.n.Text)
}

func roomyAcme(e mockserver.Env) (*mockserver.Plug, error) {
	p, err := acme(e)
	if err == nil {
		p.Success = func(_ *mockserver.Call, v any) any { return spacious{v.(*note)} }
	}
	return p, err
}

// What the journal shows of a long reply is what the client got, whatever other calls have put into the same memory since.
func TestLongRepliesInTheJournal(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{roomyAcme}, CheckEveryReply: true})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 10 {
				id := fmt.Sprintf("n%d%d", i, k)
				body := fmt.Sprintf(`{"id":%q,"text":"number %d of %d"}`, id, k, i)
				header := demoKey()
				header.Set("Content-Type", "application/json")
				send(t, "POST", srv.URL+"/acme/notes", body, header)
				send(t, "GET", srv.URL+"/acme/notes/"+id+"?mode=a", "", demoKey())
			}
		})
	}
	all.Wait()
	entries := requests(t, srv, mockserver.JournalQuery{})
	if len(entries) != 160 {
		t.Fatal(len(entries))
	}
	for _, e := range entries {
		id := strings.TrimSuffix(e.Request.URI[strings.LastIndexByte(e.Request.URI, '/')+1:], "?mode=a")
		if e.Request.Method == http.MethodPost {
			id = e.Request.Body[7:10]
		}
		want := string(spacious{&note{ID: id, Text: fmt.Sprintf("number %c of %c", id[2], id[1])}}.AppendJSON(nil))
		if e.Reply.Body != want || e.Reply.BodyBytes != len(want) || e.Bytes != int64(len(want)) {
			t.Errorf("%s %s: %d bytes sent, %d of %d shown: %s", e.Request.Method, e.Request.URI, e.Bytes, len(e.Reply.Body), e.Reply.BodyBytes,
				e.Reply.Body[max(0, len(e.Reply.Body)-200):])
		}
	}
}

// A fault that cuts a long reply leaves what it cuts to the journal as it went out.
func TestLongReplyCut(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{roomyAcme}, World: mockserver.WorldSetting{
		Faults: []mockserver.FaultRule{{Vendor: "acme", Effect: mockserver.FaultEffect{Malformed: mockserver.MalformedTruncated}}}}})
	whole := string(spacious{&note{ID: "demo", Text: "hello"}}.AppendJSON(nil))
	for range 3 {
		fire(t, "GET", srv.URL+"/acme/notes/demo?mode=a", nil, demoKey())
	}
	found, err := srv.Find(mockserver.JournalQuery{})
	if err != nil || len(found.Entries) != 3 {
		t.Fatal(len(found.Entries), err)
	}
	for _, e := range found.Entries {
		if e.Reply.Body != whole[:len(whole)/2] {
			t.Errorf("%d bytes shown, want %d", len(e.Reply.Body), len(whole)/2)
		}
	}
}
