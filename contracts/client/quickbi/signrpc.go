package quickbi

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// ofSignature are the parameters that signing sets; those that a request has already are replaced.
var ofSignature = []string{"AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
	"SecurityToken", "Signature"}

func ofTheSignature(p pair) bool { return slices.Contains(ofSignature, p.name) }

// signV1 signs with the RPC signature. The parameters of the signature go into the query, as the SDKs send them even
// where the business parameters are in a form; the signature covers the parameters of both.
func signV1(req *http.Request, body []byte, creds Credentials, date time.Time, nonce string) error {
	query, err := pairsOf(req.URL.RawQuery)
	if err != nil {
		return err
	}
	form, err := formPairs(req.Header, body)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(form, ofTheSignature) {
		return errors.New("the form has parameters of the signature; they go into the query")
	}
	query = slices.DeleteFunc(query, ofTheSignature)
	query = append(query,
		pair{"AccessKeyId", creds.AccessKeyId},
		pair{"SignatureMethod", string(V1)},
		pair{"SignatureVersion", "1.0"},
		pair{"SignatureNonce", nonce},
		pair{"Timestamp", date.UTC().Format(timeFormat)})
	if creds.SecurityToken != "" {
		query = append(query, pair{"SecurityToken", string(creds.SecurityToken)})
	}
	text := stringToSignV1(req.Method, slices.Concat(query, form))
	req.URL.RawQuery = wireQuery(append(query, pair{"Signature", signatureV1(creds.AccessKeySecret, text)}))
	return nil
}

// stringToSignV1 covers the method and all parameters but the signature. The path is always the root, also where the
// endpoint has a prefix.
func stringToSignV1(method string, pairs []pair) string {
	covered := slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return p.name == "Signature" })
	return method + "&%2F&" + percentEncode(canonicalQuery(covered))
}

// signatureV1 is the Base64 of the HMAC-SHA1; the key is the secret and an ampersand.
func signatureV1(secret client.Secret, text string) string {
	mac := hmac.New(sha1.New, []byte(string(secret)+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func formPairs(h http.Header, body []byte) ([]pair, error) {
	if media, _, _ := mime.ParseMediaType(h.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	return pairsOf(string(body))
}
