//go:build pact

package pact

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pact-foundation/pact-go/v2/models"
	"github.com/pact-foundation/pact-go/v2/provider"

	"github.com/countersign/countersign/contracts/pact/replay"
	"github.com/countersign/countersign/contracts/pact/verifier"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/wps"
)

// standIn is the stand-in with its world's clock at the moment of the contracts, by which signatures are judged too.
func standIn(t *testing.T) *mockserver.Running {
	t.Helper()
	return mockserver.Run(t, mockserver.Options{
		Vendors: []mockserver.Vendor{quickbi.New, wps.New, dataarts.New},
		World:   mockserver.WorldSetting{Clock: moment.Format(time.RFC3339), SigningClock: "world"},
	})
}

// session puts a stand-in into states and signs for it.
func session(t *testing.T, srv *mockserver.Running) *replay.Session {
	t.Helper()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var nonces atomic.Uint64
	return replay.New(replay.Config{
		Provider: replay.InProcess{Server: srv.Server, URL: srv.URL},
		Host:     u.Host,
		Now:      func() time.Time { return moment },
		Nonce:    func() string { return fmt.Sprintf("%032x", nonces.Add(1)) },
	})
}

// pactFiles are the committed contracts.
func pactFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("pacts/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("pact files %v, %v", files, err)
	}
	return files
}

// The stand-in honours the contracts, as pact-go verifies them.
func TestProviderPactGo(t *testing.T) {
	srv := standIn(t)
	s := session(t, srv)
	handler := func(setup bool, state models.ProviderState) (models.ProviderStateResponse, error) {
		if !setup {
			s.Teardown()
			return nil, nil
		}
		params := state.Parameters
		if nested, ok := params["params"].(map[string]any); ok { // where the library puts them, and pact-go leaves them
			params = nested
		}
		return s.Setup(t.Context(), state.Name, params)
	}
	handlers := models.StateHandlers{}
	for _, name := range statesNamed(t) { // all: pact-go only warns of a state without a handler, the stand-in refuses it
		handlers[name] = handler
	}
	err := provider.NewVerifier().VerifyProvider(t, provider.VerifyRequest{
		Provider: "countersign", ProviderBaseURL: srv.URL, PactFiles: pactFiles(t),
		StateHandlers: handlers, RequestFilter: s.Filter, DisableColoredOutput: true,
	})
	if err != nil {
		t.Error(err)
	}
}

// verify verifies the interactions of a file that fit a regular expression, in the way of countersign-verify: through a
// proxy of its own. A mutation may stand before the stand-in.
func verify(t *testing.T, srv *mockserver.Running, file, description string, m *mutation) *verifier.Result {
	t.Helper()
	target, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var transport http.RoundTripper = &http.Transport{}
	if m != nil {
		transport = m.transport(transport)
	}
	handler := session(t, srv).Proxy(target, transport)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m != nil && m.request != nil && r.URL.Path != replay.StatesPath {
			m.request(r)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	result, err := verifier.Run(verifier.Options{Target: at, StatesURL: proxy.URL + replay.StatesPath, File: file, Description: description})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The same by the library itself.
func TestProvider(t *testing.T) {
	srv := standIn(t)
	for _, file := range pactFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r := verify(t, srv, file, "", nil)
			if !r.Passed() {
				t.Errorf("%+v", r)
			}
		})
	}
}

// statesNamed are the provider states that the contracts name.
func statesNamed(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range pactFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pact struct {
			Interactions []struct{ ProviderStates []models.ProviderState }
		}
		if err := json.Unmarshal(text, &pact); err != nil {
			t.Fatal(err)
		}
		for _, i := range pact.Interactions {
			for _, s := range i.ProviderStates {
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
