package quickbi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// Scheme is a way of signing.
type Scheme string

// The two schemes that the product takes.
const (
	// V3 is ACS3-HMAC-SHA256: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
	V3 Scheme = "ACS3-HMAC-SHA256"
	// V1 is the RPC signature, HMAC-SHA1: https://help.aliyun.com/en/sdk/product-overview/rpc-mechanism
	// The vendor's page calls it discontinued; older SDKs know no other.
	V1 Scheme = "HMAC-SHA1"
)

// timeFormat is that of x-acs-date and Timestamp; UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// Sign signs a request in place. body is what will be sent as its body; date and nonce are put into the request. The
// action and version must stand in it already: in the headers x-acs-action and x-acs-version for V3, in the parameters
// Action and Version for V1. A signature that the request has is replaced.
//
// The server takes dates that are 15 minutes old at most, and every nonce once.
func Sign(req *http.Request, body []byte, scheme Scheme, creds Credentials, date time.Time, nonce string) error {
	if scheme == V1 {
		return signV1(req, body, creds, date, nonce)
	}
	return signV3(req, body, creds, date, nonce)
}

// signV3 signs with ACS3-HMAC-SHA256. All x-acs headers, the host and a Content-Type are covered.
func signV3(req *http.Request, body []byte, creds Credentials, date time.Time, nonce string) error {
	query, err := pairsOf(req.URL.RawQuery)
	if err != nil {
		return err
	}
	hash := sha256Hex(body)
	req.Header.Set("x-acs-date", date.UTC().Format(timeFormat))
	req.Header.Set("x-acs-signature-nonce", nonce)
	req.Header.Set("x-acs-content-sha256", hash)
	setSecurityToken(req.Header, creds)
	names, lines := canonicalHeaders(hostOf(req), req.Header)
	path := req.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical := strings.Join([]string{req.Method, path, canonicalQuery(query), lines, names, hash}, "\n")
	req.Header.Set("Authorization", string(V3)+" Credential="+creds.AccessKeyId+",SignedHeaders="+names+
		",Signature="+signatureV3(creds.AccessKeySecret, canonical))
	return nil
}

// setSecurityToken sends the token of temporary credentials as the SDKs do, with the key's id beside it.
func setSecurityToken(h http.Header, creds Credentials) {
	if creds.SecurityToken == "" {
		h.Del("x-acs-security-token")
		h.Del("x-acs-accesskey-id")
		return
	}
	h.Set("x-acs-security-token", string(creds.SecurityToken))
	h.Set("x-acs-accesskey-id", creds.AccessKeyId)
}

// signatureV3 is the lower-case hex HMAC-SHA256; the secret is the key as it is.
func signatureV3(secret client.Secret, canonical string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(string(V3) + "\n" + sha256Hex([]byte(canonical))))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonicalHeaders gives the signed names, joined by semicolons, and one line for each; every line ends in a line feed.
func canonicalHeaders(host string, h http.Header) (names, lines string) {
	values := map[string]string{"host": host}
	for name, all := range h {
		lower := strings.ToLower(name)
		if lower != "content-type" && !strings.HasPrefix(lower, "x-acs-") || len(all) == 0 {
			continue
		}
		trimmed := make([]string, len(all))
		for i, v := range all {
			trimmed[i] = strings.TrimSpace(v)
		}
		slices.Sort(trimmed)
		values[lower] = strings.Join(trimmed, ",")
	}
	signed := make([]string, 0, len(values))
	for name := range values {
		signed = append(signed, name)
	}
	slices.Sort(signed)
	var b strings.Builder
	for _, name := range signed {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(signed, ";"), b.String()
}

func hostOf(req *http.Request) string {
	if req.Host != "" {
		return req.Host
	}
	return req.URL.Host
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
