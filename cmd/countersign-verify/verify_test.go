//go:build pact

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/wps"
)

const pacts = "../../contracts/pact/pacts"

func wpsPact(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pacts, "countersign-client-wps.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestVerifiesAFolder(t *testing.T) {
	code, out, errs := verifies(t, pacts)
	if code != exitOK || !strings.Contains(out, " 0 failed\n") || strings.Contains(out, "FAIL") || errs != "" {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
}

func TestVerifiesAnAddress(t *testing.T) {
	text := wpsPact(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer let-me-in" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	}))
	defer srv.Close()
	code, out, _ := verifies(t, "--broker-token", "let-me-in", "--description", "page", srv.URL+"/pact.json")
	if code != exitOK || !strings.Contains(out, "ok    getUserManageApprovalDefinitionList: the first page") {
		t.Errorf("code %d\n%s", code, out)
	}
	if code, out, _ = verifies(t, srv.URL+"/pact.json"); code != exitFailure {
		t.Errorf("without the token: code %d\n%s", code, out)
	}
}

// elsewhere is a stand-in that is not started by the command.
func elsewhere(t *testing.T, clock string) *mockserver.Running {
	t.Helper()
	return mockserver.Run(t, mockserver.Options{
		Vendors: []mockserver.Vendor{quickbi.New, wps.New, dataarts.New},
		World:   mockserver.WorldSetting{Clock: clock, SigningClock: "world"}, AdminToken: "admin",
	})
}

func TestVerifiesAProviderElsewhere(t *testing.T) {
	srv := elsewhere(t, moment)
	code, out, errs := verifies(t, "--provider-url", srv.URL, "--clock", moment, "--admin-token", "admin", pacts)
	if code != exitOK {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
	code, out, _ = verifies(t, "--provider-url", srv.URL, "--clock", moment, "--description", "first page", pacts)
	if code != exitFailure || !strings.Contains(out, "wants the token") {
		t.Errorf("without the admin API's token: code %d\n%s", code, out)
	}
}

func TestFailures(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	text := bytes.ReplaceAll(wpsPact(t), []byte(`"msg": "policy denied"`), []byte(`"msg": "policy denied", "hint": "none"`))
	if err := os.WriteFile(broken, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"ErrContractBroken", []string{"--description", "wps-policy-denied", broken}, "hint"},
		{"ErrNothingMatches", []string{"--description", "^nothing$", pacts}, "nothing was verified"},
		{"ErrNoProvider", []string{"--provider-url", "http://127.0.0.1:1", "--description", "the first page", broken}, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := verifies(t, tt.args...)
			if code != exitFailure || !strings.Contains(out, tt.want) {
				t.Errorf("code %d\n%s%s", code, out, errs)
			}
		})
	}
}

// broker is as much of a Pact broker as a verification needs.
type broker struct {
	pact []byte

	mu        sync.Mutex
	selectors string
	results   []map[string]any
}

func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	base := "http://" + r.Host
	link := func(path string) map[string]any { return map[string]any{"href": base + path} }
	var answer any
	switch {
	case r.URL.Path == "/":
		templated := link("/for-verification/{provider}")
		templated["templated"] = true
		answer = map[string]any{"_links": map[string]any{"self": link("/"), "pb:provider-pacts-for-verification": templated}}
	case strings.HasPrefix(r.URL.Path, "/for-verification/"):
		b.selectors = string(body)
		self := link("/pact")
		self["name"] = "a pact"
		answer = map[string]any{"_embedded": map[string]any{"pacts": []any{map[string]any{"shortDescription": "latest",
			"verificationProperties": map[string]any{"notices": []any{}}, "_links": map[string]any{"self": self}}}},
			"_links": map[string]any{"self": link(r.URL.Path)}}
	case r.URL.Path == "/pact":
		var pact map[string]any
		if err := json.Unmarshal(b.pact, &pact); err != nil {
			panic(err)
		}
		pact["_links"] = map[string]any{"self": link("/pact"), "pb:publish-verification-results": link("/results")}
		answer = pact
	case r.URL.Path == "/results":
		var result map[string]any
		if err := json.Unmarshal(body, &result); err != nil {
			panic(err)
		}
		b.results = append(b.results, result)
		answer = map[string]any{"_links": map[string]any{"self": link("/results/1")}}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/hal+json")
	_ = json.NewEncoder(w).Encode(answer)
}

func TestVerifiesFromABrokerAndPublishes(t *testing.T) {
	b := &broker{pact: wpsPact(t)}
	srv := httptest.NewServer(b)
	defer srv.Close()
	code, out, errs := verifies(t, "--broker-url", srv.URL, "--selector", `{"mainBranch":true}`, "--publish", "--provider-version", "1.4.0")
	if code != exitOK {
		t.Fatalf("code %d\n%s%s", code, out, errs)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(b.selectors, `"mainBranch":true`) {
		t.Errorf("the broker was asked for %s", b.selectors)
	}
	if len(b.results) != 1 || b.results[0]["success"] != true || b.results[0]["providerApplicationVersion"] != "1.4.0" {
		t.Errorf("published %v", b.results)
	}
}

func TestReportsToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.xml")
	code, out, errs := verifies(t, "--format", "junit", "-o", file, "--description", "the first page", filepath.Join(pacts, "countersign-client-wps.json"))
	text, err := os.ReadFile(file)
	if code != exitOK || out != "" || err != nil || !strings.Contains(string(text), `tests="1" failures="0"`) || !strings.Contains(errs, "1 interactions passed") {
		t.Errorf("code %d, %v\n%s\n%s%s", code, err, text, out, errs)
	}
}
