package dataarts

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	mistakeSecret = "ExampleSecretKey0000000000000000000000000"
	mistakeDate   = "20240419T095958Z"
)

// mistaken is a request with something for every mistake to go wrong on.
func mistaken() *message {
	return &message{Method: "POST", Path: "/v2/%7Bid%7D/design/approvals/users", Query: "to=*~&name=a%20b&empty",
		Host: "127.0.0.1:8080", Body: []byte(`{"user_id":"u", "approver_name":"n<"}` + "\n"),
		Header: http.Header{"Workspace": {"9CE2"}, headerDate: {mistakeDate}, "Content-Type": {"application/json"}}}
}

var mistakenSigned = []string{"host", "workspace", "x-sdk-date"}

// asSigned is the text that a client without any mistake hashes for mistaken, line by line.
func asSigned() []string {
	return []string{"POST", "/v2/%7Bid%7D/design/approvals/users/", "empty=&name=a%20b&to=%2A~",
		"host:127.0.0.1:8080", "workspace:9CE2", "x-sdk-date:" + mistakeDate, "", "host;workspace;x-sdk-date",
		fmt.Sprintf("%x", sha256.Sum256(mistaken().Body))}
}

func signatureOf(lines []string, secret string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hexMAC(secret, "SDK-HMAC-SHA256\n"+mistakeDate+"\n"+hex.EncodeToString(sum[:]))
}

func with(line int, text string) []string {
	lines := asSigned()
	lines[line] = text
	return lines
}

func hashOf(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

func TestMistakesAreRecognised(t *testing.T) {
	t.Parallel()
	good := signatureOf(asSigned(), mistakeSecret)
	if m := mistaken(); !verify(m, &authorization{Signed: strings.Join(mistakenSigned, ";"), Signature: good}, mistakeSecret) {
		t.Fatal("the request without a mistake does not verify")
	}
	mac, _ := hex.DecodeString(good)
	lines := asSigned()
	text := strings.Join(lines, "\n")
	for name, signature := range map[string]string{
		"no final slash":     signatureOf(with(1, "/v2/%7Bid%7D/design/approvals/users"), mistakeSecret),
		"path not encoded":   signatureOf(with(1, "/v2/{id}/design/approvals/users/"), mistakeSecret),
		"path encoded twice": signatureOf(with(1, "/v2/%257Bid%257D/design/approvals/users/"), mistakeSecret),
		"query as sent":      signatureOf(with(2, "to=*~&name=a%20b&empty"), mistakeSecret),
		"query not sorted":   signatureOf(with(2, "to=%2A~&name=a%20b&empty="), mistakeSecret),
		"space as +":         signatureOf(with(2, "empty=&name=a+b&to=%2A~"), mistakeSecret),
		"query not encoded":  signatureOf(with(2, "empty=&name=a b&to=*~"), mistakeSecret),
		"asterisk or tilde not encoded as documented": signatureOf(with(2, "empty=&name=a%20b&to=*~"), mistakeSecret),
		"empty value without =":                       signatureOf(with(2, "empty&name=a%20b&to=%2A~"), mistakeSecret),
		"query left out":                              signatureOf(with(2, ""), mistakeSecret),
		"hash of an empty body":                       signatureOf(with(8, hashOf("")), mistakeSecret),
		"body without its line feed":                  signatureOf(with(8, hashOf(`{"user_id":"u", "approver_name":"n<"}`)), mistakeSecret),
		"body with a line feed":                       signatureOf(with(8, hashOf(string(mistaken().Body)+"\n")), mistakeSecret),
		"body serialised anew, compact":               signatureOf(with(8, hashOf(`{"user_id":"u","approver_name":"n<"}`)), mistakeSecret),
		"body serialised anew, sorted":                signatureOf(with(8, hashOf(`{"approver_name":"n\u003c","user_id":"u"}`)), mistakeSecret),
		"body serialised anew, with blanks":           signatureOf(with(8, hashOf(`{"user_id": "u", "approver_name": "n<"}`)), mistakeSecret),
		"payload not signed":                          signatureOf(with(8, "UNSIGNED-PAYLOAD"), mistakeSecret),
		"method in small letters":                     signatureOf(with(0, "post"), mistakeSecret),
		"host without port":                           signatureOf(with(3, "host:127.0.0.1"), mistakeSecret),
		"header values in small letters":              signatureOf(slices.Concat(lines[:4], []string{"workspace:9ce2", "x-sdk-date:20240419t095958z"}, lines[6:]), mistakeSecret),
		"no blank line behind the headers":            signatureOf(slices.Delete(asSigned(), 6, 7), mistakeSecret),
		"hash in capitals":                            hexMAC(mistakeSecret, "SDK-HMAC-SHA256\n"+mistakeDate+"\n"+strings.ToUpper(hashOf(strings.Join(with(8, strings.ToUpper(lines[8])), "\n")))),
		"canonical request not hashed":                hexMAC(mistakeSecret, "SDK-HMAC-SHA256\n"+mistakeDate+"\n"+text),
		"signature in Base64":                         base64.StdEncoding.EncodeToString(mac),
		"signature in capitals":                       strings.ToUpper(good),
		"content-type missing from SignedHeaders": signatureOf(slices.Concat(lines[:3], []string{"content-type:application/json"},
			lines[3:7], []string{"content-type;host;workspace;x-sdk-date"}, lines[8:]), mistakeSecret),
		"workspace listed but not signed": signatureOf(slices.Delete(asSigned(), 4, 5), mistakeSecret),
		"secret with a line feed":         signatureOf(lines, mistakeSecret+"\n"),
		"secret with a blank":             signatureOf(lines, mistakeSecret+" "),
		"secret with &":                   signatureOf(lines, mistakeSecret+"&"),
		"another key's secret":            signatureOf(lines, "another"),
		"no final slash and body without its line feed": signatureOf(slices.Concat([]string{"POST", "/v2/%7Bid%7D/design/approvals/users"},
			lines[2:8], []string{hashOf(`{"user_id":"u", "approver_name":"n<"}`)}), mistakeSecret),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := diagnose(signature); got.mistake != name {
				t.Errorf("taken for %q", got.mistake)
			} else if got.advice == "" {
				t.Error("comes without advice")
			}
		})
	}
}

// diagnose is the first attempt that makes the signature.
func diagnose(signature string) (found attempt) {
	attempts(mistaken(), mistakenSigned, mistakeSecret, []string{"another"}, func(a attempt) bool {
		if a.signature == signature {
			found = a
		}
		return found.mistake == ""
	})
	return found
}

func TestNoMistakeIsInvented(t *testing.T) {
	t.Parallel()
	for _, signature := range []string{"", signatureOf(asSigned(), mistakeSecret), signatureOf(asSigned(), "unknown")} {
		if got := diagnose(signature); got.mistake != "" {
			t.Errorf("%q is taken for %q", signature, got.mistake)
		}
	}
}

func TestUnsortedSignedHeaders(t *testing.T) {
	t.Parallel()
	want := signatureOf(asSigned(), mistakeSecret)
	found := ""
	attempts(mistaken(), []string{"x-sdk-date", "host", "workspace"}, mistakeSecret, nil, func(a attempt) bool {
		if a.signature == want {
			found = a.mistake
		}
		return found == ""
	})
	if found != "SignedHeaders not sorted" {
		t.Errorf("taken for %q", found)
	}
}
