package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/mockserver"
)

// sample is how many cases are sent over the wire, too.
const sample = 1_500

// TestDifferentialIsHonest sends cases to a server as users have it, with its authentication and its handlers, signed and
// over a socket: what TestDifferential hears from a server without them must be what this one says.
func TestDifferentialIsHonest(t *testing.T) {
	t.Parallel()
	stripped, whole := serverOf(t, bare), serverOf(t, watched)
	address, err := whole.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = whole.Shutdown(t.Context()) })
	subjects := subjectsOf(t, stripped)
	signers := map[string]*wire{}
	for _, s := range subjects {
		signers[s.vendor.name] = wireTo(t, whole, s.vendor, "http://"+address.String())
	}
	heard := map[string]int{}
	total := uint64(sample)
	if raced {
		total /= 5
	}
	for n := range total {
		c := newTrial(subjects, *differentialSeed, n)
		c.lenient = false // the credentials are the default world's
		for name, part := range c.subject.oracle.parts {
			if part.Secret {
				c.header.Del(name) // the signer's
			}
		}
		got, ok := signers[c.subject.vendor.name].send(t, c)
		if !ok || got == placeNoCaller {
			continue
		}
		heard[c.subject.op.ID]++
		if want := ours(stripped.Handler(), c); got != want {
			t.Errorf("case %d: over the wire %s\nwithout it %s\n%s", n, got, want, c)
		}
	}
	t.Logf("compared: %v", heard)
	for _, s := range subjects {
		if heard[s.op.ID] < int(total)/len(subjects)/3 { //nolint:gosec // small
			t.Errorf("%s: only %d cases of %d in all got past authentication", s.op.ID, heard[s.op.ID], total)
		}
	}
}

// wire sends cases to one vendor.
type wire struct {
	base string
	env  *gen.Environment
	sign gen.Signer
	name string
}

func wireTo(t *testing.T, server *mockserver.Server, v vendor, base string) *wire {
	t.Helper()
	world, err := server.World(mockserver.DefaultWorld)
	if err != nil {
		t.Fatal(err)
	}
	all, err := world.Env(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(all[v.name])
	if err != nil {
		t.Fatal(err)
	}
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &wire{base, env, v.schemes[0].sign(env), v.name}
}

// send signs a case as an SDK would and sends it; ok is false where no HTTP client can.
func (w *wire) send(t *testing.T, c *trial) (verdict string, ok bool) {
	t.Helper()
	if id := w.env.Text("project_id"); id != "" && strings.HasPrefix(c.subject.op.Path, "/v2/{project_id}/") {
		c.path = strings.Replace(c.subject.op.Path, "{project_id}", id, 1) // another project's is refused before validation
	}
	u, err := url.Parse(w.base + c.target())
	if err != nil || u.RequestURI() != c.target() {
		return "", false
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, u.String(), bytes.NewReader(c.body))
	if err != nil {
		return "", false
	}
	req.Header = c.header.Clone()
	if c.subject.op.Spec.Security == nil || len(*c.subject.op.Spec.Security) > 0 {
		if err := w.sign(w.name, c.subject.op, req, c.body, time.Now(), rareText(c)); err != nil {
			return "", false
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "invalid header field value") {
			return "", false
		}
		t.Fatalf("%v\n%s", err, c)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	verdict = verdictIn(resp.Header)
	return verdict, !slices.Contains([]string{"", "no verdict"}, verdict)
}

// rareText is a nonce.
func rareText(c *trial) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(alphabets[0], r) {
			return r
		}
		return 'x'
	}, time.Now().String()+c.subject.op.ID)
}
