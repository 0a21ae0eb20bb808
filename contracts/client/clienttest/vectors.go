// Package clienttest is what the tests of the vendors' clients share.
package clienttest

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/countersign/countersign/contracts/client"
)

// Vector is one entry of specs/VENDOR/signing.txtar: a request as it was published or captured.
type Vector struct {
	Name         string `json:"-"`
	Scheme       string
	Key          string
	Secret       client.Secret
	Token        client.Secret
	Method       string
	URL          string
	Headers      map[string]string
	Body         string
	Canonical    string
	CanonicalSum string `json:"canonical_sha256"`
	StringToSign string `json:"string_to_sign"`
	Signature    string
}

// Vectors reads a vendor's vectors, for tests of a package two folders below contracts. Fewer than least fail the test,
// so that a file that lost its entries does not pass.
func Vectors(t testing.TB, vendor string, least int) []Vector {
	t.Helper()
	text, err := os.ReadFile("../../../specs/" + vendor + "/signing.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []Vector
	for _, file := range strings.Split(string(text), "\n-- ")[1:] {
		name, data, _ := strings.Cut(file, ".json --\n")
		v := Vector{Name: name}
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, v)
	}
	if len(all) < least {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

// Request is the vector's request, not yet signed by us. Its Host is the recorded one.
func (v Vector) Request(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), v.Method, "http://endpoint"+v.URL, strings.NewReader(v.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range v.Headers {
		req.Header.Set(name, value)
	}
	req.Host = req.Header.Get("Host")
	req.Header.Del("Host")
	return req
}
