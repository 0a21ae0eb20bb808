package dataarts

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

const (
	scheme = "SDK-HMAC-SHA256"
	// timeFormat is that of X-Sdk-Date; UTC.
	timeFormat = "20060102T150405Z"
)

// Sign signs a request in place with SDK-HMAC-SHA256: it sets X-Sdk-Date, Authorization and, with temporary credentials,
// X-Security-Token. signed names the headers that are covered besides X-Sdk-Date and X-Security-Token, in any case and
// order; one of them may be host. All of them must be final; body is what will be sent. A header
// X-Sdk-Content-Sha256 takes the place of the body's hash.
//
// The server takes dates that are up to 15 minutes away from its own, and bodies of 12 MB at most.
//
// https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
func Sign(req *http.Request, body []byte, creds Credentials, date time.Time, signed ...string) error {
	text := date.UTC().Format(timeFormat)
	req.Header.Set("X-Sdk-Date", text)
	req.Header.Del("X-Security-Token")
	names := []string{"x-sdk-date"}
	if creds.SecurityToken != "" {
		req.Header.Set("X-Security-Token", string(creds.SecurityToken))
		names = append(names, "x-security-token")
	}
	for _, name := range signed {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	canonical, err := canonicalRequest(req, body, names)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", scheme+" Access="+creds.AccessKey+", SignedHeaders="+strings.Join(names, ";")+
		", Signature="+signature(creds.SecretKey, text, canonical))
	return nil
}

// signature is the lower-case hex HMAC-SHA256; the secret is the key as it is.
func signature(secret client.Secret, date, canonical string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(scheme + "\n" + date + "\n" + sha256Hex([]byte(canonical))))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonicalRequest joins method, path, query, headers, their names and the body's hash by line feeds.
func canonicalRequest(req *http.Request, body []byte, names []string) (string, error) {
	path, err := canonicalPath(req.URL.EscapedPath())
	if err != nil {
		return "", err
	}
	query, err := canonicalQuery(req.URL.RawQuery)
	if err != nil {
		return "", err
	}
	hash := req.Header.Get("X-Sdk-Content-Sha256")
	if hash == "" {
		hash = sha256Hex(body)
	}
	return strings.Join([]string{req.Method, path, query, canonicalHeaders(req, names), strings.Join(names, ";"), hash}, "\n"), nil
}

// canonicalPath encodes every segment, and ends in a slash though the path on the wire does not.
func canonicalPath(escaped string) (string, error) {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return "", err
		}
		segments[i] = percentEncode(decoded)
	}
	path := strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path, nil
}

// canonicalQuery sorts by name, then by value; a parameter without a value keeps its equals sign.
func canonicalQuery(raw string) (string, error) {
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return "", err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return "", err
		}
		pairs = append(pairs, pair{name, value})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value)) })
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = percentEncode(p.name) + "=" + percentEncode(p.value)
	}
	return strings.Join(parts, "&"), nil
}

// canonicalHeaders gives one line for each name; every line ends in a line feed.
func canonicalHeaders(req *http.Request, names []string) string {
	var b strings.Builder
	for _, name := range names {
		value := req.Header.Get(name)
		if name == "host" {
			value = cmp.Or(req.Host, req.URL.Host)
		}
		b.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return b.String()
}

// percentEncode encodes all bytes but the unreserved ones of RFC 3986, with upper-case digits.
func percentEncode(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
