package dataarts

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"testing"
)

// slowCanonical is the canonical request again, written after the signing guide with nothing but the standard library
// and no thought of speed.
func slowCanonical(m *message, signed []string) string {
	escape := func(s string) string {
		var out strings.Builder
		for _, c := range []byte(s) {
			if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", c) >= 0 {
				out.WriteByte(c)
			} else {
				fmt.Fprintf(&out, "%%%02X", c)
			}
		}
		return out.String()
	}
	var segments []string
	for _, s := range strings.Split(m.Path, "/") {
		if d, err := url.PathUnescape(s); err == nil {
			s = d
		}
		segments = append(segments, escape(s))
	}
	path := strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	values := map[string][]string{}
	for _, part := range strings.Split(m.Query, "&") {
		if part == "" {
			continue
		}
		half := append(strings.SplitN(part, "=", 2), "")[:2]
		for i, h := range half {
			if d, err := url.QueryUnescape(h); err == nil {
				half[i] = d
			}
		}
		values[half[0]] = append(values[half[0]], half[1])
	}
	var names, query []string
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		sort.Strings(values[name])
		for _, v := range values[name] {
			query = append(query, escape(name)+"="+escape(v))
		}
	}
	lines := ""
	for _, name := range signed {
		all := append([]string{}, m.Header.Values(name)...)
		if name == "host" {
			all = []string{m.Host}
		}
		if len(all) == 0 {
			all = []string{""}
		}
		sort.Strings(all)
		for _, v := range all {
			lines += name + ":" + strings.TrimSpace(v) + "\n"
		}
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(m.Body))
	if p := m.Header.Values(headerPayload); len(p) == 1 && p[0] == unsigned {
		hash = unsigned
	}
	return strings.Join([]string{m.Method, path, strings.Join(query, "&"), lines, strings.Join(signed, ";"), hash}, "\n")
}

func FuzzCanonical(f *testing.F) {
	for _, v := range vectors(f) {
		path, query, _ := strings.Cut(v.URL, "?")
		f.Add(v.Method, path, query, v.Headers["Workspace"], v.Headers["X-Sdk-Content-Sha256"], []byte(v.Body))
	}
	f.Add("GET", "", "&&=&a=%zz&b=+&b=%20&=c", " x ", "", []byte("x"))
	f.Add("GET", "//a%2Fb/%", "é=%C3&~=*", "", unsigned, []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, query, workspace, payload string, body []byte) {
		m := &message{Method: method, Path: path, Query: query, Host: "h:1", Body: body,
			Header: http.Header{"Workspace": {workspace, "z"}, headerDate: {"20240419T095958Z"}}}
		if payload != "" {
			m.Header[headerPayload] = []string{payload}
		}
		signed := []string{"host", "missing", "workspace", "x-sdk-date"}
		got, want := string(appendCanonical(nil, m, signed)), slowCanonical(m, signed)
		if got != want {
			t.Errorf("canonical\n%q\nwant\n%q", got, want)
		}
		// The recipe that explains refusals starts from the same text.
		if r := (&recipe{signed: signed}).canonical(m); r != want {
			t.Errorf("recipe\n%q\nwant\n%q", r, want)
		}
	})
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=f00")
	f.Add("SDK-HMAC-SHA256 Access=A,, SignedHeaders=, Signature=f00=")
	f.Fuzz(func(t *testing.T, header string) {
		a, ok := parseAuthorization(header)
		if !ok {
			return
		}
		again, ok := parseAuthorization(scheme + " Access=" + a.Access + ", SignedHeaders=" + a.Signed + ", Signature=" + a.Signature)
		if !ok || again.Access != a.Access || again.Signature != a.Signature || again.Signed != a.Signed {
			t.Errorf("%q is read as %+v and then as %+v", header, a, again)
		}
	})
}
