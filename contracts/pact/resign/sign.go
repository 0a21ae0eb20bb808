package resign

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/contracts/client/wps"
)

// Signer signs requests again. Now and Nonce must be set.
type Signer struct {
	Keys Keys
	// Now is the time that signatures bear.
	Now func() time.Time
	// Nonce gives a text that is new with each request.
	Nonce func() string
}

// Sign puts a request's signature and tokens right, or wrong in the way of the mode. Requests that carry neither stay as
// they are: what the consumer has left out, the provider shall miss.
func (s *Signer) Sign(req *http.Request, mode Mode) error {
	body, err := readBody(req)
	if err != nil {
		return err
	}
	date := s.Now()
	if mode == Expired {
		date = date.Add(-age)
	}
	switch vendorOf(req) {
	case quickBI:
		return s.quickBI(req, body, mode, date)
	case wps365:
		return s.wps(req, body, mode, date)
	case dataArts:
		return s.dataArts(req, body, mode, date)
	}
	return nil
}

// readBody reads the body and puts it back.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("the recorded body: %w", err)
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return body, nil
}

// vendorOf tells whose request it is by its signature, else by the paths that the vendors have. Empty: nobody's.
func vendorOf(req *http.Request) string {
	path, authorization := req.URL.Path, req.Header.Get("Authorization")
	switch {
	case req.Header.Get("X-Kso-Authorization") != "", strings.HasPrefix(path, "/v7/"):
		return wps365
	case strings.HasPrefix(authorization, "SDK-HMAC-SHA256"), req.Header.Get("X-Auth-Token") != "", strings.HasPrefix(path, "/v2/"):
		return dataArts
	case strings.HasPrefix(authorization, string(quickbi.V3)), path == "/":
		return quickBI
	}
	return ""
}

func (s *Signer) key(vendor, recorded string, temporary bool, mode Mode) (Key, error) {
	key, ok := s.Keys.pick(vendor, recorded, temporary)
	if !ok {
		return Key{}, fmt.Errorf("no credentials of %s are known: the request cannot be signed again", vendor)
	}
	return mode.spoil(key), nil
}

func (s *Signer) quickBI(req *http.Request, body []byte, mode Mode, date time.Time) error {
	scheme, recorded, temporary := quickbi.V3, between(req.Header.Get("Authorization"), "Credential=", ","), req.Header.Get("x-acs-security-token") != ""
	if query := req.URL.Query(); query.Has("Signature") {
		scheme, recorded, temporary = quickbi.V1, query.Get("AccessKeyId"), query.Has("SecurityToken")
	} else if recorded == "" {
		return nil
	}
	if mode == None {
		req.Header.Del("Authorization")
		req.URL.RawQuery = without(req.URL.RawQuery, "AccessKeyId", "Signature")
		return nil
	}
	key, err := s.key(quickBI, recorded, temporary, mode)
	if err != nil {
		return err
	}
	creds := quickbi.Credentials{AccessKeyId: key.ID, AccessKeySecret: client.Secret(key.Secret)}
	if temporary {
		creds.SecurityToken = client.Secret(key.Token)
	}
	return quickbi.Sign(req, body, scheme, creds, date, s.Nonce())
}

func (s *Signer) wps(req *http.Request, body []byte, mode Mode, date time.Time) error {
	signature, bearer := req.Header.Get("X-Kso-Authorization"), req.Header.Get("Authorization")
	if mode == None {
		for _, name := range []string{"Authorization", "X-Kso-Authorization", "X-Kso-Date"} {
			req.Header.Del(name)
		}
		return nil
	}
	if signature == "" && bearer == "" {
		return nil
	}
	recorded := between(signature, " ", ":")
	key, err := s.key(wps365, recorded, false, mode)
	if err != nil {
		return err
	}
	if bearer != "" {
		if err := s.bearer(req, signature != "", key, mode); err != nil {
			return err
		}
	}
	if signature != "" {
		wps.Sign(req, body, wps.Credentials{AppID: key.ID, AppKey: client.Secret(key.Secret)}, date)
	}
	return nil
}

// bearer sets the user's token. With a signature the mode is about that and the token is right; a key without a token
// (another app's) goes with that of the first.
func (s *Signer) bearer(req *http.Request, signed bool, key Key, mode Mode) error {
	if key.Token == "" {
		first, _ := s.Keys.pick(wps365, "", false)
		key.Token = first.Token
	}
	token := key.Token
	if !signed {
		var err error
		if token, err = mode.token(key); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func (s *Signer) dataArts(req *http.Request, body []byte, mode Mode, date time.Time) error {
	signature, token := req.Header.Get("Authorization"), req.Header.Get("X-Auth-Token")
	if mode == None {
		for _, name := range []string{"Authorization", "X-Sdk-Date", "X-Auth-Token", "X-Security-Token"} {
			req.Header.Del(name)
		}
		return nil
	}
	if signature == "" && token == "" {
		return nil
	}
	temporary := req.Header.Get("X-Security-Token") != ""
	key, err := s.key(dataArts, between(signature, "Access=", ","), temporary, mode)
	if err != nil {
		return err
	}
	if token != "" {
		text, err := mode.token(key)
		req.Header.Set("X-Auth-Token", text)
		return err
	}
	creds := dataarts.Credentials{AccessKey: key.ID, SecretKey: client.Secret(key.Secret)}
	if temporary {
		creds.SecurityToken = client.Secret(key.Token)
	}
	return dataarts.Sign(req, body, creds, date, strings.Split(between(signature, "SignedHeaders=", ","), ";")...)
}

// between is the part of a text after the first from and before the next to (or the end); empty if from is not there.
func between(text, from, to string) string {
	_, after, found := strings.Cut(text, from)
	if !found {
		return ""
	}
	part, _, _ := strings.Cut(after, to)
	return strings.TrimSpace(part)
}

// without takes parameters out of a query and leaves the rest as it is written.
func without(query string, names ...string) string {
	var kept []string
	for _, part := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		drop := false
		for _, n := range names {
			drop = drop || n == name
		}
		if !drop {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}
