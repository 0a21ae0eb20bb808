//go:build pact

package pact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pact-foundation/pact-go/v2/consumer"
	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
)

// interaction is one exchange of a contract: what the client sends and what it makes of the reply.
type interaction struct {
	// name is the description in the pact file: the operation, a colon, and what it is about.
	name  string
	given []models.ProviderState

	method, path  string
	query, header []field
	body          any

	status      int
	replyHeader []field
	reply       any

	// call calls the client at a place and says what is wrong with what came of it.
	call func(ctx context.Context, at place) error
}

// plainText is a body that is no JSON, or does not come as such; it is matched byte by byte.
type plainText string

// field is a parameter or header; a header with commas has a value for each part.
type field struct {
	name   string
	values []matchers.Matcher
}

// is is a field with exact values.
func is(name string, values ...string) field {
	f := field{name: name}
	for _, v := range values {
		f.values = append(f.values, matchers.S(v))
	}
	return f
}

// like is a field whose value fits an anchored regular expression, with an example.
func like(name, example, regex string) field {
	return field{name, []matchers.Matcher{matchers.Regex(example, regex)}}
}

// part is a part of a header that has commas: an example and a regular expression without anchors.
type part struct{ example, regex string }

// parted is a header with commas. Pact takes it apart there and holds every part to the one expression, other tools hold
// the whole to it; so it allows the whole and each part, all anchored.
func parted(name string, parts ...part) field {
	var examples, regexes []string
	for _, p := range parts {
		examples, regexes = append(examples, p.example), append(regexes, p.regex)
	}
	return like(name, strings.Join(examples, ", "), "^("+strings.Join(regexes, `, ?`)+"|"+strings.Join(regexes, "|")+")$")
}

// state is a provider state with pairs of parameter names and values.
func state(name string, params ...any) models.ProviderState {
	s := models.ProviderState{Name: name, Parameters: map[string]any{}}
	for i := 0; i+1 < len(params); i += 2 {
		s.Parameters[params[i].(string)] = params[i+1]
	}
	return s
}

func given(states ...models.ProviderState) []models.ProviderState { return states }

// place is where the client sends to.
type place struct {
	url string
	// through, if set, stands between client and network.
	through http.RoundTripper
}

// moment is when all contracts are made.
var moment = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// spoiled is a transport that changes what the client sends: to the mock server it is another client.
type spoiled func(*http.Request)

func (f spoiled) RoundTrip(r *http.Request) (*http.Response, error) {
	other := r.Clone(r.Context())
	f(other)
	return http.DefaultTransport.RoundTrip(other)
}

// underway changes what the client sends on its way, for what no client of ours sends and the vendor documents an error
// for: a path or header that something between has spoiled.
func underway(change spoiled, call func(context.Context, place) error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		first := change
		if next, ok := at.through.(spoiled); ok {
			first = func(r *http.Request) { change(r); next(r) }
		}
		at.through = first
		return call(ctx, at)
	}
}

// options are those of every client: it sends once, what it is told, at the moment.
func (p place) options() client.Options {
	return client.Options{
		HTTPClient: &http.Client{Transport: p.through, Timeout: 10 * time.Second},
		Clock:      func() time.Time { return moment },
		Retry:      client.RetryPolicy{MaxAttempts: 1},
		SkipChecks: true,
	}
}

// wants says what is wrong if an error is not the one that is wanted.
func wants(got, want error) error {
	if want == nil && got == nil || want != nil && errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("the client answers %v, want %v", orNone(got), want) //nolint:errorlint // both are data here
}

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

const consumerName = "countersign-client"

// contract is one pact file.
type contract struct {
	provider     string
	interactions []interaction
}

func (c contract) file() string { return consumerName + "-" + c.provider + ".json" }

// play has the client go through one interaction at Pact's mock server, which writes it into the file of a folder.
func (c contract) play(t *testing.T, dir string, i interaction, through http.RoundTripper) error {
	t.Helper()
	pact, err := consumer.NewV4Pact(consumer.MockHTTPProviderConfig{Consumer: consumerName, Provider: c.provider, PactDir: dir, LogDir: t.TempDir()})
	if err != nil {
		return err
	}
	add := pact.AddInteraction().UponReceiving(i.name)
	seen := map[string]bool{}
	for _, s := range i.given {
		if seen[s.Name] {
			return fmt.Errorf("the state %s stands there twice: pact-go would make one of the two", s.Name)
		}
		seen[s.Name] = true
		add.GivenWithParameter(s)
	}
	request := add.WithRequest(consumer.Method(i.method), i.path, func(b *consumer.V4RequestBuilder) {
		for _, f := range i.query {
			b.Query(f.name, f.values...)
		}
		for _, f := range i.header {
			b.Header(f.name, f.values...)
		}
		switch body := i.body.(type) {
		case nil:
		case plainText:
			b.Body("text/plain", []byte(body))
		default:
			b.JSONBody(body)
		}
	})
	return request.WillRespondWith(i.status, func(b *consumer.V4ResponseBuilder) {
		for _, f := range i.replyHeader {
			b.Header(f.name, f.values...)
		}
		b.JSONBody(i.reply)
	}).ExecuteTest(t, func(server consumer.MockServerConfig) error {
		return i.call(t.Context(), place{fmt.Sprintf("http://%s:%d", server.Host, server.Port), through})
	})
}

// make makes the pact file in an empty folder and compares it with the committed one.
func (c contract) make(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, i := range c.interactions {
		t.Run(i.name, func(t *testing.T) {
			if err := c.play(t, dir, i, nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	if t.Failed() {
		return
	}
	made := tidied(t, filepath.Join(dir, c.file()))
	committed := filepath.Join("pacts", c.file())
	if *update {
		write(t, committed, made)
		return
	}
	if diff := cmp.Diff(string(tidied(t, committed)), string(made)); diff != "" {
		t.Errorf("%s is out of date (go test -tags=pact ./contracts/pact -update writes it anew), committed - made +\n%s", committed, diff)
	}
}

// tidied is a pact file in a form that does not depend on who has written it: keys in order, and no versions of the
// library's parts, which differ between platforms.
func tidied(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pact map[string]any
	if err := json.Unmarshal(text, &pact); err != nil {
		t.Fatal(err)
	}
	pact["metadata"] = map[string]any{"pactSpecification": map[string]any{"version": "4.0"}}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(pact); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
