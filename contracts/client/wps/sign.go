package wps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// scheme is the name of the signature, in the signed text and in the header.
const scheme = "KSO-1"

// Sign signs a request in place with KSO-1: it sets X-Kso-Date and X-Kso-Authorization. Covered are the method, path and
// query exactly as they are sent, the Content-Type, the date and the body; so they must be final. An empty body
// contributes nothing, not the hash of nothing.
//
// The date ends in GMT, as the page says; the vendor's own sample code writes UTC. Whether the server minds an old date
// is not documented.
//
// https://365.kdocs.cn/3rd/open/documents/app-integration-dev/wps365/server/api-description/signature-description
func Sign(req *http.Request, body []byte, creds Credentials, date time.Time) {
	sign(req, req.URL.RequestURI(), body, creds, date)
}

// sign is Sign with the part of the target that is covered: all but the prefix of a private deployment.
func sign(req *http.Request, uri string, body []byte, creds Credentials, date time.Time) {
	text := date.UTC().Format(http.TimeFormat)
	req.Header.Set("X-Kso-Date", text)
	signature := signature(creds.AppKey, stringToSign(req.Method, uri, req.Header.Get("Content-Type"), text, body))
	req.Header.Set("X-Kso-Authorization", scheme+" "+creds.AppID+":"+signature)
}

// stringToSign joins the parts without separators.
func stringToSign(method, uri, contentType, date string, body []byte) string {
	text := scheme + method + uri + contentType + date
	if len(body) > 0 {
		sum := sha256.Sum256(body)
		text += hex.EncodeToString(sum[:])
	}
	return text
}

func signature(key client.Secret, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
