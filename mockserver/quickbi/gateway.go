package quickbi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// locate finds the operation by the signed action and version: with version 1.0 the header of the same meaning is
// not looked at.
func locate(c *mockserver.Call) (string, error) {
	s := sessionOf(c)
	if host := c.HostName(); strings.HasSuffix(host, ".aliyuncs.com") && !strings.HasPrefix(host, "quickbi-public") {
		return "", c.Refuse(errNoSuchProduct).Because("%s is no host of Quick BI", host)
	}
	if c.RawPath != "/" {
		return "", c.Refuse(errNoSuchAction).Because("RPC calls go to the path /, not to %s", c.RawPath)
	}
	if f := s.sent.format; f != "" && !strings.EqualFold(f, "json") && !strings.EqualFold(f, "xml") {
		return "", c.Refuse(errFormat).At("Format").Because("Format is %.100q, want JSON or XML", f)
	}
	action, version := s.sent.action, s.sent.version
	switch {
	case action == "":
		return "", s.missing(c, "Action", actionHeader)
	case version == "":
		return "", s.missing(c, "Version", versionHeader)
	case version != apiVersion:
		return "", c.Refuse(errInvalidVersion).At("Version").Because("the version is %.100q, want %s", version, apiVersion)
	case action != callbackAction && action != authorizeAction:
		return "", c.Refuse(errNoSuchAction).At("Action").Because("no operation is named %.100q", action)
	}
	return action, nil
}

// authenticate is the gateway: key, token, timestamp, signature, nonce, RAM permission, in this order (QB-001), and
// whatever trouble the key is in. What is missing is noticed where it is needed.
func authenticate(c *mockserver.Call) error {
	s := sessionOf(c)
	for _, check := range checks {
		if r := check(s, c); r != nil {
			return r
		}
	}
	return nil
}

// checks are what authenticate does, in its order.
var checks = [...]func(*session, *mockserver.Call) *mockserver.Refusal{
	(*session).checkProtocol, (*session).checkRepeated, (*session).checkKey, (*session).checkToken, (*session).checkSigned,
	(*session).checkNonce, (*session).checkPermission, (*session).checkTrouble,
}

func (s *session) checkProtocol(c *mockserver.Call) *mockserver.Refusal {
	if c.Method != c.Op.Spec.Method {
		if c.Strict() || c.Switch("QB-008") == "refuse" {
			return refuseMethod(c).Because("%s is documented as POST only", c.Op.ID)
		}
		c.Warn("%s is documented as POST only", c.Op.ID)
	}
	if c.TLS || c.Op.ID != authorizeAction {
		return nil
	}
	if c.Strict() || c.Switch("QB-010") == "refuse" {
		return withStatus(c.Refuse(errNeedSSL), c.Switch("QB-011") == "404", 404).Because("%s is documented for HTTPS only", c.Op.ID)
	}
	c.Warn("%s is documented for HTTPS only", c.Op.ID)
	return nil
}

// checkRepeated refuses repeated parameters where the world wants that (QB-006).
func (s *session) checkRepeated(c *mockserver.Call) *mockserver.Refusal {
	if c.Switch("QB-006") != "refuse" {
		return nil
	}
	pairs := c.Pairs()
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		if seen[p.Name] {
			return c.Refuse(errInvalid, p.Name).At(p.Name).Because("%.100s was sent more than once", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

func (s *session) checkKey(c *mockserver.Call) *mockserver.Refusal {
	id, r := s.keyID(c)
	if r != nil {
		return r
	}
	key, err := s.keyOf(c, id)
	switch {
	case err != nil:
		return c.Refuse(errKeyNotFound).Because("no access key has the id %.100q", id)
	case key.Disabled:
		return c.Refuse(errKeyInactive).Because("the access key %q is disabled", key.Name)
	}
	s.key = key
	return nil
}

func (s *session) keyOf(c *mockserver.Call, id string) (*AccessKey, error) {
	if s.was = knownWith(c, id); s.was != nil {
		return s.was.key, nil
	}
	key, err := accessKeys.Get(c.Tx, id)
	if err == nil {
		meet(c, key)
	}
	return key, err
}

func (s *session) keyID(c *mockserver.Call) (string, *mockserver.Refusal) {
	if !s.v3 {
		if s.sent.keyID == "" {
			return "", s.missing(c, "AccessKeyId", "")
		}
		return s.sent.keyID, nil
	}
	if !isACS3(mockserver.HeaderOf(c.Request.Header, authorizationHeader)) {
		return "", s.missing(c, "AccessKeyId", "Authorization")
	}
	if s.authError != nil {
		return "", c.Refuse(errIncompleteSignature).At("Authorization").Because("%v", s.authError)
	}
	return s.auth.Credential, nil
}

// checkToken compares the token of temporary credentials with the key (QB-017).
func (s *session) checkToken(c *mockserver.Call) *mockserver.Refusal {
	token := s.sent.token
	switch {
	case token == "" && s.key.Token == "":
		return nil
	case token == "":
		return c.Refuse(errMissingToken).Because("the access key %q is a temporary one", s.key.Name)
	case token == s.key.Token && c.Now().UnixMilli() >= s.key.ExpiresAt:
		return c.Refuse(errTokenExpired).Because("the token expired at %s", time.UnixMilli(s.key.ExpiresAt).UTC().Format(time.RFC3339))
	case token == s.key.Token:
		return nil
	}
	_, err := accessKeys.First(c.Tx, byToken, store.Key(token))
	if c.Switch("QB-017") == "by-record" && (err == nil || s.key.Token == "") {
		return c.Refuse(errTokenMismatch).Because("the token is not the one of the access key %q", s.key.Name)
	}
	return c.Refuse(errTokenMalformed).Because("no temporary credentials have this token")
}

// checkSigned checks timestamp and signature in the order that the world wants (QB-001).
func (s *session) checkSigned(c *mockserver.Call) *mockserver.Refusal {
	first, second := (*session).checkTimestamp, (*session).checkSignature
	if c.Switch("QB-001") == "after-signature" {
		first, second = second, first
	}
	if r := first(s, c); r != nil {
		return r
	}
	return second(s, c)
}

const timestampLayout = "2006-01-02T15:04:05Z"

var errTimestamp = errors.New("not of the form " + timestampLayout)

func parseTimestamp(text string) (time.Time, error) {
	if len(text) != len(timestampLayout) || text[len(text)-1] != 'Z' { // no fraction of a second, no offset
		return time.Time{}, errTimestamp
	}
	return time.Parse(time.RFC3339, text) // four times as fast as the layout above, which is the same at this length
}

func window(c *mockserver.Call) time.Duration {
	if c.Switch("QB-002") == "31" {
		return 31 * time.Minute
	}
	return 15 * time.Minute
}

func (s *session) checkTimestamp(c *mockserver.Call) *mockserver.Refusal {
	text := s.sent.timestamp
	if text == "" {
		return s.missing(c, "Timestamp", dateHeader)
	}
	var err error
	if s.at, err = parseTimestamp(text); err != nil {
		return c.Refuse(errTimestampFormat).Because("the timestamp %.40q is %v", text, errTimestamp)
	}
	if off := c.SigningNow().Sub(s.at); off.Abs() > window(c) {
		return c.Refuse(errTimestampExpired).Because("the timestamp is %s away from the server's %s", off.Abs().Round(time.Second),
			c.SigningNow().UTC().Format(timestampLayout))
	}
	return nil
}

func (s *session) checkSignature(c *mockserver.Call) *mockserver.Refusal {
	if s.v3 {
		return s.checkACS3(c)
	}
	if r := s.checkMethod(c); r != nil {
		return r
	}
	var buf [usualText]byte
	text := rpcStringToSign(buf[:0], c.Method, s.pairs)
	if ours := rpcSignature(s.key.Secret, text); sameSignature(ours[:], s.sent.signature) {
		return nil
	}
	s.explain(c)
	return c.Refuse(errSignatureV1, string(clip(text))).Because("the signature is not ours")
}

// checkMethod looks at the parameters of version 1.0 that say how it was signed.
func (s *session) checkMethod(c *mockserver.Call) *mockserver.Refusal {
	method, version, kind := s.sent.signatureMethod, s.sent.signatureVersion, s.sent.signatureType
	switch {
	case method == "":
		return s.missing(c, "SignatureMethod", "")
	case version == "":
		return s.missing(c, "SignatureVersion", "")
	case s.sent.signature == "":
		return s.missing(c, signatureParam, "")
	case !strings.EqualFold(method, rpcScheme):
		return c.Refuse(errSignatureMethod).At("SignatureMethod").Because("SignatureMethod is %.100q, want %s", method, rpcScheme)
	case version != "1.0":
		return c.Refuse(errInvalid, "SignatureVersion").At("SignatureVersion").Because("SignatureVersion is %.100q, want 1.0", version)
	case kind != "":
		return c.Refuse(errInvalid, "SignatureType").At("SignatureType").Because("SignatureType %.100q is not served; leave it empty", kind)
	}
	return nil
}

// checkCoverage wants the hash of the body, and signed what has to be (QB-014).
func (s *session) checkCoverage(c *mockserver.Call) *mockserver.Refusal {
	if s.sent.hash == "" {
		return c.Refuse(errIncompleteSignature).At(hashHeader).Because("the header x-acs-content-sha256 is missing")
	}
	if s.covered && s.auth.SignedHeaders.has("host") {
		return nil
	}
	if name := unsigned(c.Request, s.auth.SignedHeaders, c.Switch("QB-014") == "host"); name != "" {
		return c.Refuse(errIncompleteSignature).At(name).Because("the header %s has to be among SignedHeaders", name)
	}
	return nil
}

func (s *session) checkACS3(c *mockserver.Call) *mockserver.Refusal {
	if r := s.checkCoverage(c); r != nil {
		return r
	}
	hash, trusted := mockserver.HexOf(sha256.Sum256(c.Body)), s.sent.hash
	payload := hash[:]
	if trustsHash(c) {
		payload = []byte(trusted)
	}
	var buf [usualText]byte
	canonical := s.signed.appendCanonical(buf[:0], c.Request, payload)
	ours, stale := acs3Signature(s.key.Secret, canonical), string(payload) != trusted
	if !stale && sameSignature(ours[:], s.auth.Signature) {
		return nil
	}
	s.explain(c)
	r := c.Refuse(errSignatureV3, signedTexts(c, canonical))
	if stale {
		return r.At(hashHeader).Because("x-acs-content-sha256 is not the hash of the body")
	}
	return r.Because("the signature is not ours")
}

// signedTexts is how the message tells what should have been signed (QB-012).
func signedTexts(c *mockserver.Call, canonical []byte) string {
	if c.Switch("QB-012") != "explained" {
		return ""
	}
	var few [macBlock + 2*sha256.Size]byte
	text := acs3StringToSign(few[:0], canonical)
	return " server StringToSign is [" + string(text) + "] server CanonicalRequest is [" + string(clip(canonical)) + "]"
}

// trustsHash reports whether the header counts as the hash of the body (QB-013).
func trustsHash(c *mockserver.Call) bool { return c.Switch("QB-013") == "trust-header" }

// clip bounds what a reply echoes of a request, in bytes.
func clip(text []byte) []byte {
	const most = 64 << 10
	return text[:min(len(text), most)]
}

// checkNonce remembers the nonce until its timestamp is too old anyway (QB-007).
func (s *session) checkNonce(c *mockserver.Call) *mockserver.Refusal {
	nonce := s.sent.nonce
	if nonce == "" {
		if s.v3 && c.Switch("QB-015") == "accept" {
			return nil
		}
		return s.missing(c, "SignatureNonce", nonceHeader)
	}
	if len(nonce) > 64 {
		sum := sha256.Sum256([]byte(nonce))
		nonce = string(sum[:])
	}
	until := s.at.Add(window(c))
	fresh := false
	if c.Switch("QB-007") == "per-key" {
		fresh = c.UseNonce(until, s.key.ID, nonce)
	} else {
		fresh = c.UseNonce(until, nonce)
	}
	if !fresh {
		return c.Refuse(errNonceUsed).Because("the nonce has been used before")
	}
	return nil
}

// checkPermission asks RAM. ResultCallback's page exposes no action to be authorized.
func (s *session) checkPermission(c *mockserver.Call) *mockserver.Refusal {
	if c.Op.ID != authorizeAction || s.key.RAM == nil {
		return nil
	}
	action := "quickbi-public:" + c.Op.ID
	if slices.Contains(s.key.RAM.Actions, action) {
		return nil
	}
	name := errNoPermission
	if c.Switch("QB-018") == errForbiddenRAM {
		name = errForbiddenRAM
	}
	return c.Refuse(name).With(accessDenied(c, s.key.RAM)).Because("no policy of %s allows %s", s.key.RAM.DisplayName, action)
}

// accessDenied is the detail of a refusal by RAM.
func accessDenied(c *mockserver.Call, who *Principal) *accessDeniedDetail {
	return &accessDeniedDetail{action: "quickbi-public:" + c.Op.ID, principalType: who.Type, ownerID: who.OwnerID,
		displayName: who.DisplayName, diagnostic: c.Hex(64)}
}

// checkTrouble answers what the key's record says the gateway is to answer.
func (s *session) checkTrouble(c *mockserver.Call) *mockserver.Refusal {
	if s.key.Trouble == "" {
		return nil
	}
	r := c.Refuse(s.key.Trouble).Because("the access key %q is marked with this trouble", s.key.Name)
	setRateLimit(c, r, time.Second)
	return r
}

var rateLimitHeaders = map[string]string{errThrottlingUser: "x-ratelimit-user", errThrottlingAPI: "x-ratelimit-user-api"}

// setRateLimit adds the header from which SDKs read when to try again, to the errors that have one.
func setRateLimit(c *mockserver.Call, r *mockserver.Refusal, left time.Duration) {
	if header := rateLimitHeaders[r.Entry.Name]; header != "" {
		c.ReplyHeader().Set(header, fmt.Sprintf("Limit:50,Remain:0,TimeLeft:%d,Reset:%[1]d", left.Milliseconds()))
	}
}

// furnish adds to an injected error what the gateway sends with it.
func furnish(c *mockserver.Call, r *mockserver.Refusal, retryAfter time.Duration) {
	if retryAfter == 0 {
		retryAfter = time.Second
	}
	setRateLimit(c, r, retryAfter)
	// An account's own key is denied nothing, so a key without a RAM user gets the error without its detail.
	if who := sessionOf(c).key.RAM; who != nil && (r.Entry.Name == errNoPermission || r.Entry.Name == errForbiddenRAM) {
		r.Extra = accessDenied(c, who)
	}
}
