package wps

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

const (
	accessLifetime = 7200 * time.Second
	codeLifetime   = 10 * time.Minute
)

// forge makes the texts of tokens and codes. They hold a secret of the world, so that two worlds of the same seed
// never issue the same one.
type forge struct {
	secret [32]byte
	rand   *rand.Rand
	now    time.Time
	jwt    bool // WPS-035
}

func forgeOf(w *mockserver.World, r *rand.Rand, now time.Time, form string) forge {
	return forge{secret: w.Secret("wps tokens"), rand: r, now: now, jwt: form == "jwt"}
}

func (f forge) sum(label, text string) []byte {
	m := hmac.New(sha256.New, f.secret[:])
	m.Write([]byte(label + "\x00" + text))
	return m.Sum(nil)
}

// opaque makes a text of 43 letters, digits, - and _.
func (f forge) opaque(label string) string {
	return base64.RawURLEncoding.EncodeToString(f.sum(label, mockserver.Hex(f.rand, 32)))
}

// claims of an access token; the vendor does not document its own (WPS-035).
type claims struct {
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

// The labels under which access tokens are forged: of those that calls issue, and of the one that a world begins with.
// They differ because the chance of the demo records is that of the first call in a world of seed 0, so that under one
// label that call would issue the very token which the demo user holds.
const (
	issuedToken = "access"
	firstToken  = "first access"
)

// access makes an access token: a JSON web token signed with ES256, or an opaque text.
func (f forge) access(label string) (string, error) {
	id := f.opaque(label)
	if !f.jwt {
		return id, nil
	}
	payload, err := json.Marshal(claims{f.now.Unix(), f.now.Add(accessLifetime).Unix(), id})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := f.sign(text)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// sign returns the ES256 signature of a text under the world's key: r and s, 32 bytes each (RFC 7518, section 3.4).
func (f forge) sign(text string) ([]byte, error) {
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(text))
	der, err := key.Sign(nil, digest[:], crypto.SHA256) // without a source of chance the signature is deterministic (RFC 6979)
	if err != nil {
		return nil, err
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	parts.R.FillBytes(out[:32])
	parts.S.FillBytes(out[32:])
	return out, nil
}

// key is the world's signing key, derived from its secret.
func (f forge) key() (*ecdsa.PrivateKey, error) {
	raw := f.sum("signing key", "")
	raw[0] = 0 // below the order of the curve
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
}

// issue stores a new access token and forgets some that have expired.
func (f forge) issue(tx *store.Tx, t Token) (*Token, error) {
	text, err := f.access(issuedToken)
	if err != nil {
		return nil, err
	}
	if err := f.sweep(tx); err != nil {
		return nil, err
	}
	t.Token, t.IssuedAt, t.ExpiresAt = text, f.now.UnixMilli(), f.now.Add(accessLifetime).UnixMilli()
	return &t, tokens.Put(tx, &t)
}

// swept is how many expired tokens of a kind go when one is issued. More than one, so that they cannot pile up.
const swept = 4

func (f forge) sweep(tx *store.Tx) error {
	if err := sweep(tx, tokens, f.now, func(t *Token) (int64, string) { return t.ExpiresAt, t.Token }); err != nil {
		return err
	}
	if err := sweep(tx, codes, f.now, func(c *Code) (int64, string) { return c.ExpiresAt, c.Code }); err != nil {
		return err
	}
	return sweep(tx, refreshTokens, f.now, func(t *RefreshToken) (int64, string) { return t.ExpiresAt, t.Token })
}

func sweep[T any](tx *store.Tx, table *store.Table[*T], now time.Time, of func(*T) (expires int64, id string)) error {
	oldest, err := table.Page(tx, "expiry", "", store.Range{Limit: swept})
	if err != nil {
		return err
	}
	// A token that expired in the last day stays: whoever presents it hears that it has expired.
	before := now.Add(-24 * time.Hour).UnixMilli()
	for _, rec := range oldest {
		if expires, id := of(rec); expires < before {
			if err := table.Delete(tx, id); err != nil {
				return err
			}
		}
	}
	return nil
}
