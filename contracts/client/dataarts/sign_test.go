package dataarts

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/clienttest"
)

// vector is a published or captured request, with what this vendor's tests ask of it.
type vector struct{ clienttest.Vector }

func vectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	for _, v := range clienttest.Vectors(t, "dataarts", 28) {
		all = append(all, vector{v})
	}
	return all
}

func (v vector) credentials() Credentials {
	return Credentials{AccessKey: v.Key, SecretKey: v.Secret, SecurityToken: v.Token}
}

// signedHeaders are the names in the vector's Authorization.
func (v vector) signedHeaders() []string {
	_, rest, _ := strings.Cut(v.Headers["Authorization"], "SignedHeaders=")
	names, _, _ := strings.Cut(rest, ",")
	return strings.Split(names, ";")
}

func (v vector) date(t testing.TB) time.Time {
	t.Helper()
	date, err := time.Parse(timeFormat, v.Headers["X-Sdk-Date"])
	if err != nil {
		t.Fatal(err)
	}
	return date
}

// Sign gives every published and every captured request the signature that it has.
func TestSignGivesTheVectorsTheirSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			req := v.Request(t)
			canonical, err := canonicalRequest(req, []byte(v.Body), v.signedHeaders())
			if err != nil {
				t.Fatal(err)
			}
			if v.Canonical != "" && canonical != v.Canonical {
				t.Errorf("canonical request\n got %q\nwant %q", canonical, v.Canonical)
			}
			if got := sha256Hex([]byte(canonical)); v.CanonicalSum != "" && got != v.CanonicalSum {
				t.Errorf("its hash %s, want %s", got, v.CanonicalSum)
			}
			for _, name := range []string{"Authorization", "X-Sdk-Date", "X-Security-Token"} {
				req.Header.Del(name)
			}
			signed := v.signedHeaders()
			slices.Reverse(signed)
			if err := Sign(req, []byte(v.Body), v.credentials(), v.date(t).In(time.FixedZone("", 3600)), signed...); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Authorization", "X-Sdk-Date", "X-Security-Token"} {
				if got := req.Header.Get(name); got != v.Headers[name] {
					t.Errorf("%s\n got %s\nwant %s", name, got, v.Headers[name])
				}
			}
		})
	}
}

// The client sends what the vendor's Go SDK sends: the same target, headers and body, to the byte.
func TestClientSendsWhatTheSDKSends(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, v := range vectors(t) {
		// No typed request has an empty filter or no body; the SDK drops a prefix, this client sends it.
		if !strings.HasPrefix(v.Headers["User-Agent"], "huaweicloud-usdk-go") || strings.HasSuffix(v.Name, "-empty-filter") ||
			strings.HasSuffix(v.Name, "-no-body") {
			continue
		}
		compared++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{says(400, "")}}
			v.send(t, f)
			got, want := f.seen[0], v.Request(t)
			if got.Method != want.Method || got.URL.Host != want.Host || got.URL.RequestURI() != v.URL || f.bodies[0] != v.Body {
				t.Errorf("sent %s %s %q\nwant %s %s %q", got.Method, got.URL, f.bodies[0], want.Method, v.URL, v.Body)
			}
			want.Header.Del("Accept-Encoding") // the transport's
			want.Header.Del("Content-Length")
			for name := range want.Header {
				if g, w := got.Header.Values(name), want.Header.Values(name); !slices.Equal(g, w) {
					t.Errorf("%s: sent %q, want %q", name, g, w)
				}
			}
			if len(got.Header) != len(want.Header) {
				t.Errorf("sent %v, want %v", got.Header, want.Header)
			}
		})
	}
	if compared < 12 {
		t.Errorf("only %d requests compared", compared)
	}
}

// send has a client send the call of a vector.
func (v vector) send(t *testing.T, f *fakeVendor) {
	t.Helper()
	req := v.Request(t)
	c := f.client(t, func(c *Config) {
		c.Endpoint = "http://" + req.Host
		c.Credentials = v.credentials()
		c.Workspace = v.Headers["Workspace"]
		c.SkipChecks = true
		c.UserAgent = v.Headers["User-Agent"]
		c.Clock = func() time.Time { return v.date(t) }
	})
	query := req.URL.Query()
	number := func(name string) *int {
		n, err := strconv.Atoi(query.Get(name))
		if err != nil {
			return nil
		}
		return &n
	}
	switch v.Method {
	case http.MethodPost:
		var r CreateApproverRequest
		if err := json.Unmarshal([]byte(v.Body), &r); err != nil {
			t.Fatal(err)
		}
		_, _ = c.CreateApprover(t.Context(), r)
	case http.MethodDelete:
		_, _ = c.DeleteApprover(t.Context(), strings.Split(query.Get("approver_ids"), ","))
	default:
		_, _ = c.ListApprovers(t.Context(), ListApproversRequest{query.Get("approver_name"), number("limit"), number("offset")})
	}
	if len(f.seen) != 1 {
		t.Fatalf("sent %d requests", len(f.seen))
	}
}

// The project is looked up with the request that the SDK sends.
func TestProjectLookUpIsTheSDKs(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	v := all[slices.IndexFunc(all, func(v vector) bool { return v.Name == "wire-go-project-discovery" })]
	f := &fakeVendor{answers: []handler{says(200, `{"projects":[{"id":"p1","name":"cn-north-4"}]}`)}}
	i, err := NewIAM(IAMConfig{Endpoint: "http://127.0.0.1:8080", Credentials: v.credentials(), Options: client.Options{
		HTTPClient: &http.Client{Transport: f}, Clock: func() time.Time { return v.date(t) }}})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := i.ProjectID(t.Context(), "cn-north-4"); err != nil || id != "p1" {
		t.Errorf("project %q, %v", id, err)
	}
	if got := f.seen[0]; got.URL.RequestURI() != v.URL || got.Header.Get("Authorization") != v.Headers["Authorization"] {
		t.Errorf("sent %s %s, want %s %s", got.URL, got.Header.Get("Authorization"), v.URL, v.Headers["Authorization"])
	}
}

// The path and query of any request, signed, are their own canonical forms, and encode all that the standard library does.
func FuzzCanonicalForms(f *testing.F) {
	f.Add("/v2/p/design/approvals/users", "limit=10&offset=0&x=b&x=a&empty&y=a+b%2A*")
	f.Add("/%7B%2F~/审/", "approver_name=%E5%BC%A0%20&&=")
	f.Fuzz(func(t *testing.T, path, raw string) {
		query, err := canonicalQuery(raw)
		if err == nil {
			again, err := canonicalQuery(query)
			if err != nil || again != query {
				t.Errorf("query %q: canonical once %q, twice %q, %v", raw, query, again, err)
			}
			want, _ := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
			if got, err := url.ParseQuery(query); err != nil || got.Encode() != sortedValues(want).Encode() {
				t.Errorf("query %q: %q is %v, want %v", raw, query, got, want)
			}
		}
		canonical, err := canonicalPath(path)
		if err != nil {
			return
		}
		if again, err := canonicalPath(canonical); err != nil || again != canonical || !strings.HasSuffix(canonical, "/") {
			t.Errorf("path %q: canonical once %q, twice %q, %v", path, canonical, again, err)
		}
		slow := strings.ReplaceAll(url.QueryEscape(path), "+", "%20")
		if got := percentEncode(path); got != slow {
			t.Errorf("%q: encoded %s, want %s", path, got, slow)
		}
	})
}

func sortedValues(v url.Values) url.Values {
	for _, all := range v {
		slices.Sort(all)
	}
	return v
}
