package wps

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client/clienttest"
)

// vector is a published or captured request, with what this vendor's tests ask of it.
type vector struct{ clienttest.Vector }

func vectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	for _, v := range clienttest.Vectors(t, "wps", 11) {
		all = append(all, vector{v})
	}
	return all
}

// The algorithm gives every published and every captured request the signature that it has, whatever form its date has.
func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			text := stringToSign(v.Method, v.URL, v.Headers["Content-Type"], v.Headers["X-Kso-Date"], []byte(v.Body))
			if text != v.StringToSign {
				t.Errorf("string to sign\n got %s\nwant %s", text, v.StringToSign)
			}
			if got := signature(v.Secret, text); got != v.Signature {
				t.Errorf("signature %s, want %s", got, v.Signature)
			}
		})
	}
}

// Sign writes the headers of every request whose date ends in GMT, as the page has it.
func TestSign(t *testing.T) {
	t.Parallel()
	signed := 0
	for _, v := range vectors(t) {
		date, err := time.Parse(http.TimeFormat, v.Headers["X-Kso-Date"])
		if err != nil {
			continue
		}
		signed++
		req, err := http.NewRequest(v.Method, "http://127.0.0.1:8080"+v.URL, strings.NewReader(v.Body))
		if err != nil {
			t.Fatal(err)
		}
		if contentType := v.Headers["Content-Type"]; contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		Sign(req, []byte(v.Body), Credentials{AppID: v.Key, AppKey: v.Secret}, date.In(time.FixedZone("", -3*60*60)))
		for _, name := range []string{"X-Kso-Date", "X-Kso-Authorization"} {
			if got := req.Header.Get(name); got != v.Headers[name] {
				t.Errorf("%s: %s %q, want %q", v.Name, name, got, v.Headers[name])
			}
		}
	}
	if signed < 8 {
		t.Errorf("only %d requests signed", signed)
	}
}

// The client sends the captured requests of the list, and those of the vectors for it: the same target, the same headers.
func TestClientSendsTheCapturedRequests(t *testing.T) {
	t.Parallel()
	sent := 0
	for _, v := range vectors(t) {
		target, query, _ := strings.Cut(v.URL, "?")
		date, err := time.Parse(http.TimeFormat, v.Headers["X-Kso-Date"])
		if err != nil || !strings.HasSuffix(target, "user_manage") || !strings.HasPrefix(query, "cursor=") || v.Headers["Content-Type"] == "" {
			continue
		}
		sent++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: []handler{says(200, lastPage)}}
			c := f.client(t, func(c *Config) {
				c.Credentials = Credentials{AppID: v.Key, AppKey: v.Secret, AccessToken: "example-access-token"}
				c.Clock = func() time.Time { return date }
			})
			values, _ := url.ParseQuery(query)
			page, _ := strconv.Atoi(values.Get("page"))
			if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{values.Get("cursor"), &page}); err != nil {
				t.Fatal(err)
			}
			got := f.seen[0]
			if got.Method != v.Method || got.URL.RequestURI() != v.URL {
				t.Errorf("sent %s %s, want %s", got.Method, got.URL.RequestURI(), v.URL)
			}
			for name, want := range v.Headers {
				if name != "Host" && got.Header.Get(name) != want {
					t.Errorf("%s %q, want %q", name, got.Header.Get(name), want)
				}
			}
			if got, want := got.Header.Get("Authorization"), "Bearer example-access-token"; got != want {
				t.Errorf("Authorization %q", got)
			}
		})
	}
	if sent < 4 {
		t.Errorf("only %d requests sent", sent)
	}
}

// The prefix of a private deployment is sent and not signed.
func TestPrefixIsNotSigned(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(200, lastPage)}}
	for _, endpoint := range []string{"https://office.example.com/openapi/", "https://openapi.wps.cn"} {
		c := f.client(t, func(c *Config) { c.Endpoint = endpoint })
		if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"assdas", new(10)}); err != nil {
			t.Fatal(err)
		}
	}
	const want = "KSO-1 AK123456:1edd4576384e3fbe323d7dfbc0348d3bb2c158194960e514e2a3f5789b097b20"
	for _, r := range f.seen {
		if got := r.Header.Get("X-Kso-Authorization"); got != want {
			t.Errorf("%s: %s, want %s", r.URL, got, want)
		}
	}
	if got := f.seen[0].URL.Path; got != "/openapi/v7/workflow/approval_defines/user_manage" {
		t.Errorf("path %s", got)
	}
}

func TestUnsigned(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{says(200, lastPage)}}
	c := f.client(t, func(c *Config) { c.Credentials = Credentials{AccessToken: "t"}; c.IDType = External })
	if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{"", new(1)}); err != nil {
		t.Fatal(err)
	}
	h := f.seen[0].Header
	if h.Get("X-Kso-Authorization") != "" || h.Get("X-Kso-Date") != "" || h.Get("X-Kso-Id-Type") != "external" {
		t.Errorf("headers %v", h)
	}
}

// Whatever a cursor has in it: what is signed is what is sent, and what is sent says the cursor.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "assdas", "a b+c/%2F=&?#", "游标", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		vendor := &fakeVendor{answers: []handler{says(200, lastPage)}}
		c := vendor.client(t, func(c *Config) { c.SkipChecks = true })
		if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), ListRequest{cursor, new(7)}); err != nil {
			t.Fatal(err)
		}
		r := vendor.seen[0]
		if got := r.URL.Query().Get("cursor"); got != cursor {
			t.Errorf("cursor %q was sent as %q", cursor, got)
		}
		text := "KSO-1GET" + r.URL.RequestURI() + "application/json" + r.Header.Get("X-Kso-Date")
		if want := "KSO-1 AK123456:" + signature("sk098765", text); r.Header.Get("X-Kso-Authorization") != want {
			t.Errorf("%s: %s, want %s", r.URL, r.Header.Get("X-Kso-Authorization"), want)
		}
	})
}
