package dataarts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// sink is a ResponseWriter that costs nothing to speak of.
type sink struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return s.body.Write(p) }

// benchWorld is a server whose default world has some approvers, and has made the choices given as pairs of number and
// alternative.
func benchWorld(b *testing.B, count int, choices ...string) *client {
	b.Helper()
	chosen := map[string]string{}
	for i := 0; i < len(choices); i += 2 {
		chosen[choices[i]] = choices[i+1]
	}
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{New}, World: mockserver.WorldSetting{Assumptions: chosen}, Log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		b.Fatal(err)
	}
	w, err := srv.World(mockserver.DefaultWorld)
	if err == nil {
		_, err = w.Apply(context.Background(), "approvers-exist", mockserver.Params{"count": count, "email": "somebody@example.com", "phone_number": "17775558866"})
	}
	if err != nil {
		b.Fatal(err)
	}
	return &client{srv: &mockserver.Running{Server: srv}, world: w, env: environment{AK: demoAK, SK: demoSK, ProjectID: demoProjectID, Workspace: demoWorkspaceID, Token: demoToken}}
}

// handle sends requests in turn, signed beforehand.
func (c *client) handle(b *testing.B, wantStatus int, requests ...*sent) {
	b.Helper()
	for _, s := range requests {
		s.date = c.world.SigningNow().Format(dateLayout)
		s.sign("127.0.0.1")
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := requests[i%len(requests)]
		target := s.path
		if s.query != "" {
			target += "?" + s.query
		}
		req, err := http.NewRequest(s.method, "http://127.0.0.1"+target, bytes.NewReader([]byte(s.body)))
		if err != nil {
			b.Fatal(err)
		}
		req.RequestURI, req.Header = target, s.header
		w := &sink{header: http.Header{}}
		c.srv.Handler().ServeHTTP(w, req)
		if w.status != wantStatus {
			b.Fatalf("status %d: %s", w.status, w.body.Bytes())
		}
	}
}

func BenchmarkList(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		c := benchWorld(b, count)
		for name, query := range map[string]string{"one": "limit=1", "page": "limit=50&offset=50", "exact": "approver_name=approver-77&limit=50",
			"containing": "approver_name=ver-77&limit=50"} {
			b.Run(fmt.Sprintf("%s/%d", name, count), func(b *testing.B) { c.handle(b, 200, c.request("GET", c.users(), query, "")) })
		}
		b.Run(fmt.Sprintf("pages/%d", count), func(b *testing.B) { // all over the list, in an order that follows no other
			var pages []*sent
			for i := range 200 {
				pages = append(pages, c.request("GET", c.users(), fmt.Sprintf("limit=50&offset=%d", i*7919*50%count), ""))
			}
			c.handle(b, 200, pages...)
		})
		b.Run(fmt.Sprintf("token/%d", count), func(b *testing.B) {
			c.handle(b, 200, c.request("GET", c.users(), "limit=1", "").withToken(demoToken))
		})
	}
}

// BenchmarkIdentify reads what names the world of a signed request, and of one with a token.
func BenchmarkIdentify(b *testing.B) {
	c := &client{env: environment{AK: demoAK, SK: demoSK, ProjectID: demoProjectID, Workspace: demoWorkspaceID}}
	signed := c.request("GET", c.users(), "limit=1", "")
	signed.sign("127.0.0.1")
	for name, s := range map[string]*sent{"signature": signed, "token": c.request("GET", c.users(), "limit=1", "").withToken(demoToken)} {
		b.Run(name, func(b *testing.B) {
			r := &mockserver.Request{Method: s.method, URI: s.path + "?" + s.query, RawPath: s.path, RawQuery: s.query, Header: s.header}
			var few [8]mockserver.Claim
			b.ReportAllocs()
			for b.Loop() {
				if len(identify(r, few[:0])) != 2 {
					b.Fatal("want the credential and the project")
				}
			}
		})
	}
}

// BenchmarkEncodeRecord encodes an approver that is not kept, as each kind of reply can show his addresses.
func BenchmarkEncodeRecord(b *testing.B) {
	for name, contact := range map[string]way{"mask": asMask, "cipher": asCipher, "plain": asPlain} {
		a, l := someApprover()
		l.manner = &manner{cipher: cipher{tails: [2]int{4, 1}}, contact: contact}
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				buf = l.AppendRecord(buf[:0], a)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

// BenchmarkEncodePage writes pages of 50: the same one again and again, or one after the other of more records than are
// kept encoded.
func BenchmarkEncodePage(b *testing.B) {
	for name, pages := range map[string]int{"hot": 1, "cold": 4000} {
		_, l := someApprover()
		l.manner = &manner{cipher: cipher{tails: [2]int{4, 1}}, contact: asMask}
		all := make([]approverPage, pages)
		for i := range all {
			all[i] = approverPage{total: 50 * pages, look: l, records: make([]*Approver, 50)}
			for j := range all[i].records {
				a, _ := someApprover()
				a.ID = strconv.Itoa(firstID + 50*i + j)
				all[i].records[j] = a
			}
		}
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 64<<10)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				buf = all[i%pages].AppendJSON(buf[:0])
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkRefused(b *testing.B) {
	c := benchWorld(b, 1)
	b.Run("validation", func(b *testing.B) { c.handle(b, 400, c.request("GET", c.users(), "limit=0", "")) })
	b.Run("duplicate", func(b *testing.B) {
		c.handle(b, 400, c.request("POST", c.users(), "", fmt.Sprintf(`{"approver_name":"approver-1","user_id":%q}`, userIDOf("approver-1"))))
	})
	wrong := c.request("GET", c.users(), "", "")
	wrong.sk = "wrong"
	b.Run("signature", func(b *testing.B) { c.handle(b, 401, wrong) })
}

// BenchmarkCreate registers the same member again and again, in a world that does not mind (DA-014).
func BenchmarkCreate(b *testing.B) {
	c := benchWorld(b, 1, "DA-014", "allow")
	c.handle(b, 200, c.request("POST", c.users(), "", documentedExample))
}

func BenchmarkCreateWorld(b *testing.B) {
	c := benchWorld(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.srv.CreateWorld(context.Background(), mockserver.WorldSetting{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApproverMemory reports how much memory a record takes, indexes included.
func BenchmarkApproverMemory(b *testing.B) {
	const count = 200_000
	for b.Loop() {
		before := heap()
		st, err := store.New(domains.Collection(), users.Collection(), projects.Collection(), workspaces.Collection(), approvers.Collection())
		if err == nil {
			err = st.Update(context.Background(), func(tx *store.Tx) error { return fillApprovers(tx, count) })
		}
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/count, "B/approver")
		runtime.KeepAlive(st)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func fillApprovers(tx *store.Tx, count int) error {
	for _, err := range []error{
		domains.Put(tx, &Domain{Key: "d", Name: "d"}), users.Put(tx, &User{Key: "u", Domain: "d", ID: "u", Name: "u"}),
		projects.Put(tx, &Project{Key: "p", ID: "p", Domain: "d", Name: "p"}), workspaces.Put(tx, &Workspace{Key: "w", ID: "w", Project: "p"}),
	} {
		if err != nil {
			return err
		}
	}
	for i := range count {
		n := strconv.Itoa(i)
		a := &Approver{ID: strconv.Itoa(firstID + i), Workspace: "w", Name: "approver-" + n, UserID: userIDOf(n), Email: "somebody-" + n + "@example.com",
			Phone: "1" + strconv.Itoa(7_000_000_000+i), App: defaultApp, Creator: "u", Created: unixTime(i)}
		if err := approvers.Put(tx, a); err != nil {
			return err
		}
	}
	return nil
}

// TestRecordsSurviveJSON holds what a snapshot of a world would write against what it reads.
func TestRecordsSurviveJSON(t *testing.T) {
	t.Parallel()
	in := &Approver{ID: "7", Workspace: "w", Name: "n", UserID: "u", App: defaultApp, Creator: "u", Created: unixTime(wall.Unix()), NoSMS: true}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"create_time":"2024-04-19T09:59:58Z"`; !bytes.Contains(data, []byte(want)) {
		t.Errorf("%s lacks %s", data, want)
	}
	out, err := approvers.Collection().Decode(data)
	if err != nil || *out.(*Approver) != *in {
		t.Errorf("%+v, %v", out, err)
	}
	for _, id := range []string{"", "x", "-1", "007"} {
		if err := checkApprover(&Approver{ID: id, Name: "n", UserID: "u"}); err == nil {
			t.Errorf("the id %q is accepted", id)
		}
	}
}
