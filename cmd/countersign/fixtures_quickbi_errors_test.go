package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	quickbiclient "github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/fixtures/gen"
	quickbigen "github.com/countersign/countersign/fixtures/gen/quickbi"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// Every generated error reply is the server's: status, Content-Type, fields in order, and the texts around what differs.
// The server's examples belong to requests of no format, so they are in XML.
func TestQuickbiFailuresAreTheServers(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	count := 0
	for _, op := range g.gen.Spec.Operations {
		all, err := g.gen.Failures(op.ID, gen.Options{Seed: 23})
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range all {
			count++
			g.sameFailure(t, op, made)
		}
	}
	if want := len(g.gen.Spec.Errors); count < want {
		t.Errorf("%d error replies, the catalogue alone has %d entries", count, want)
	}
}

func (g *quickbiRig) sameFailure(t *testing.T, op *specs.Operation, made gen.Reply) {
	t.Helper()
	example, err := g.srv.ErrorExample("quickbi", op.ID, made.Error)
	if err != nil {
		t.Fatal(err)
	}
	text, contentType, err := g.gen.XML(op, made.Status, made.Body)
	if err != nil {
		t.Fatal(err)
	}
	if made.Status != example.Status || contentType != example.Header.Get("Content-Type") {
		t.Errorf("%s: %d of %s, the server's is %d of %s", made.Error, made.Status, contentType, example.Status, example.Header.Get("Content-Type"))
	}
	var own, served quickbigen.Error
	if err := errors.Join(xml.Unmarshal(text, &own), xml.Unmarshal(example.Body, &served)); err != nil {
		t.Fatal(err)
	}
	own.AccessDeniedDetail = nil // the example has no caller to say it of; see the next test
	if got, want := g.elements(t, own), g.elements(t, served); !slices.Equal(got, want) {
		t.Errorf("%s has the elements %v, the server's %v", made.Error, got, want)
	}
	e := g.gen.Spec.Error(op.ID, made.Error)
	g.sameText(t, e.Code, own.Code, served.Code)
	g.sameText(t, e.Message, own.Message, served.Message)
}

// elements are the names of what a reply has, in order.
func (g *quickbiRig) elements(t *testing.T, e quickbigen.Error) (names []string) {
	t.Helper()
	raw, err := json.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	return keysInOrder(t, raw)
}

// sameText wants texts that are the same but for what fills the entry's %s.
func (g *quickbiRig) sameText(t *testing.T, entry string, texts ...string) {
	t.Helper()
	start, end, open := strings.Cut(entry, "%s")
	for _, text := range texts {
		if !strings.HasPrefix(text, start) || !strings.HasSuffix(text, end) || !open && text != entry {
			t.Errorf("got %q, want it in the form of %q", text, entry)
		}
	}
}

// What a server adds to some refusals (headers of throttling, what RAM says) the generated replies have as well.
func TestQuickbiRefusalsOfKeys(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	w, env := g.world(t, 0)
	made, err := g.gen.Failures("SmartqAuthorize", gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, trouble := range map[string]struct {
		state  string
		params mockserver.Params
	}{
		"Throttling.User": {"throttled", nil}, "Throttling.Api": {"throttled", mockserver.Params{"limit": "api"}},
		"Throttling": {"throttled", mockserver.Params{"limit": "all"}}, "ServiceUnavailable": {"service-unavailable", nil},
		"NoPermission": {"ram-user-without-policy", nil},
	} {
		if _, err := w.Apply(t.Context(), trouble.state, trouble.params); err != nil { // each puts the others right first
			t.Fatal(err)
		}
		i := slices.IndexFunc(made, func(r gen.Reply) bool { return r.Error == name })
		g.refused(t, env, name, made[i])
	}
}

// refused sends a good request and holds the refusal against the generated one.
func (g *quickbiRig) refused(t *testing.T, env *gen.Environment, name string, made gen.Reply) {
	t.Helper()
	all, err := g.gen.Requests("SmartqAuthorize", gen.RequestOptions{Options: gen.Options{Seed: uint64(len(name))}, Base: g.srv.URL, Env: env,
		Sign: quickbiSigner(env, quickbiclient.V3), At: quickbiTime})
	if err != nil {
		t.Fatal(err)
	}
	r, err := all.At(0)
	if err != nil {
		t.Fatal(err)
	}
	req, err := r.NewHTTP()
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := g.leaves(t, body), g.leaves(t, made.Body); res.StatusCode != made.Status || !slices.Equal(got, want) {
		t.Errorf("%s: the server answers %d %v, the generator %d %v", name, res.StatusCode, got, made.Status, want)
	}
	for _, h := range made.Headers {
		if res.Header.Get(h.Name) == "" || h.Value == "" {
			t.Errorf("%s: the header %s is %q, the server's is %q", name, h.Name, h.Value, res.Header.Get(h.Name))
		}
	}
	for header := range res.Header {
		limited := slices.ContainsFunc(made.Headers, func(h gen.Header) bool { return strings.EqualFold(h.Name, header) })
		if strings.HasPrefix(header, "X-Ratelimit-") && !limited {
			t.Errorf("%s: the server has the header %s", name, header)
		}
	}
}

// leaves are the names of all fields of an object, those of objects in it too.
func (g *quickbiRig) leaves(t *testing.T, raw []byte) []string {
	t.Helper()
	var object map[string]json.RawMessage
	g.strictly(t, raw, &object)
	var names []string
	for name, value := range object {
		names = append(names, name)
		if len(value) > 0 && value[0] == '{' {
			names = append(names, g.leaves(t, value)...)
		}
	}
	slices.Sort(names)
	return names
}
