package quickbi

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the scheme is HMAC-SHA1
	"net/http"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/countersign/countersign/mockserver"
)

// slowEncode is the canonical encoding as the page describes it: what url.QueryEscape gives, corrected.
func slowEncode(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}

func slowCanonicalQuery(pairs mockserver.Pairs, leaveOut string) string {
	var parts [][2]string
	for _, p := range pairs {
		if p.Name != leaveOut || leaveOut == "" {
			parts = append(parts, [2]string{p.Name, p.Value})
		}
	}
	sort.Slice(parts, func(i, j int) bool {
		if parts[i][0] != parts[j][0] {
			return parts[i][0] < parts[j][0]
		}
		return parts[i][1] < parts[j][1]
	})
	var out []string
	for _, p := range parts {
		out = append(out, slowEncode(p[0])+"="+slowEncode(p[1]))
	}
	return strings.Join(out, "&")
}

func seedQueries(f *testing.F) {
	for _, v := range vectors(f) {
		_, query, _ := strings.Cut(v.URL, "?")
		f.Add(query, v.Body)
	}
	f.Add("a=1&a=&a&=x&&b=%zz&c=%ff&d=+*~!'()%2f", "A=;")
}

func FuzzRPCStringToSign(f *testing.F) {
	seedQueries(f)
	f.Fuzz(func(t *testing.T, query, body string) {
		r := &mockserver.Request{Method: "POST", RawPath: "/", RawQuery: query, Body: []byte(body),
			Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
		pairs := r.Pairs()
		got := string(rpcStringToSign(nil, "POST", pairs))
		if want := "POST&%2F&" + slowEncode(slowCanonicalQuery(pairs, "Signature")); got != want {
			t.Errorf("string to sign\n got %q\nwant %q", got, want)
		}
	})
}

func FuzzACS3Canonical(f *testing.F) {
	seedQueries(f)
	f.Fuzz(func(t *testing.T, query, header string) {
		r := &mockserver.Request{Method: "POST", RawPath: "/", RawQuery: query, Host: "h", Header: http.Header{"X-Acs-A": {header, "b "}}}
		pairs, _ := r.Query()
		values := []string{strings.TrimSpace(header), "b"}
		sort.Strings(values)
		want := "POST\n/\n" + slowCanonicalQuery(pairs, "") + "\nhost:h\nx-acs-a:" + strings.Join(values, ",") + "\n\nhost;x-acs-a\nhash"
		if got := string(acs3Canonical(nil, r, "x-acs-a;host", []byte("hash"))); got != want {
			t.Errorf("canonical request\n got %q\nwant %q", got, want)
		}
	})
}

func FuzzParseACS3(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Headers["Authorization"])
	}
	f.Add("ACS3-HMAC-SHA256 Credential=,SignedHeaders=;,Signature=")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseACS3(header)
		if err != nil {
			return
		}
		again := acs3Scheme + " Credential=" + a.Credential + ",SignedHeaders=" + string(a.SignedHeaders) + ",Signature=" + a.Signature
		b, err := parseACS3(again)
		if err != nil || b.Credential != a.Credential || b.Signature != a.Signature || b.SignedHeaders != a.SignedHeaders {
			t.Errorf("%q parses to %+v, which parses to %+v (%v)", header, a, b, err)
		}
	})
}

// FuzzHMAC holds the HMAC that is written out against the standard library's.
func FuzzHMAC(f *testing.F) {
	f.Add([]byte("key"), []byte("text"))
	f.Add(bytes.Repeat([]byte("k"), macBlock), []byte{})
	f.Add(bytes.Repeat([]byte("k"), macBlock+1), bytes.Repeat([]byte("t"), usualText))
	f.Fuzz(func(t *testing.T, key, text []byte) {
		want1 := hmac.New(sha1.New, key)
		want1.Write(text)
		if got := hmacSHA1(key, text); !bytes.Equal(got[:], want1.Sum(nil)) {
			t.Errorf("HMAC-SHA1 %x, want %x", got, want1.Sum(nil))
		}
	})
}

// FuzzTimestamp holds the reading of timestamps to their one form.
func FuzzTimestamp(f *testing.F) {
	for _, text := range []string{"2026-01-15T08:00:00Z", "2026-01-15T08:00:00z", "2026-01-15T8:00:00.5Z", "2026-02-30T08:00:00Z", "2026-01-15T08:00:0,5Z",
		"2026-01-15T08:00+01:00", "2026-01-15T24:00:00Z", "2026-01-15T08:00:60Z", "+026-01-15T08:00:00Z", "0000-01-01T00:00:00Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := time.Parse(timestampLayout, text)
		if wantErr == nil && want.Format(timestampLayout) != text {
			wantErr = errTimestamp
		}
		got, err := parseTimestamp(text)
		if (err == nil) != (wantErr == nil) || err == nil && !got.Equal(want) {
			t.Errorf("%q is read as %v (%v), want %v (%v)", text, got, err, want, wantErr)
		}
	})
}

// FuzzHeaderValues holds the search for a header by its name in lower case to net/http's.
func FuzzHeaderValues(f *testing.F) {
	for _, name := range []string{"host", "x-acs-a", "X-Acs-A", "etag", "a b", "-a--b-", "ſ", "x_y", strings.Repeat("a", 65), ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := http.Header{}
		h.Set(name, "1")
		if got := headerValues(h, name); len(got) != 1 {
			t.Errorf("%q has the values %v, want those of %v", name, got, h)
		}
		ascii := !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || r == ';' })
		if ascii && !headerNames("a;"+strings.ToLower(name)+";b").has(name) {
			t.Errorf("%q is not found among names in lower case", name)
		}
	})
}
