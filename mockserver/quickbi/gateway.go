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

// session is what the gateway finds out about a call.
type session struct {
	// v3 tells the two signature schemes apart; pairs are query and form together, for version 1.0.
	v3    bool
	pairs mockserver.Pairs
	xml   bool
	auth  acs3Auth
	key   *AccessKey
}

func sessionOf(c *mockserver.Call) *session { return c.Caller.(*session) }

// begin gives every call its request id and decides scheme and format.
func begin(c *mockserver.Call) {
	c.RequestID = c.UUID()
	s := &session{v3: isACS3(c.Header.Get("Authorization")), pairs: c.Pairs()}
	if !s.v3 {
		s.v3 = unsignedV3(c.Request, s.pairs)
	}
	s.xml = s.wantsXML(c)
	c.Caller = s
}

// unsignedV3 recognizes a request that is a V3 one but for its missing Authorization: its action is in a header alone.
func unsignedV3(r *mockserver.Request, pairs mockserver.Pairs) bool {
	if r.Header.Get(actionHeader) == "" {
		return false
	}
	_, signed := pairs.Get(signatureParam)
	_, named := pairs.Get("Action")
	return !signed && !named
}

func (s *session) wantsXML(c *mockserver.Call) bool {
	if s.v3 {
		accept := strings.ToLower(c.Header.Get("Accept"))
		return c.Switch("QB-004") == "accept" && strings.Contains(accept, "xml") && !strings.Contains(accept, "json")
	}
	format, _ := s.pairs.Get("Format")
	if format == "" {
		return c.Switch("QB-003") == "xml"
	}
	return !strings.EqualFold(format, "json")
}

// common returns a common parameter: of the signed pairs with version 1.0, of the header with V3.
func (s *session) common(c *mockserver.Call, name, header string) string {
	if s.v3 {
		return c.Header.Get(header)
	}
	v, _ := s.pairs.Get(name)
	return v
}

// param is how a common parameter is called in Missing<Param> and Invalid<Param> (QB-016).
func (s *session) param(c *mockserver.Call, name, header string) string {
	if s.v3 && c.Switch("QB-016") == "header" {
		return strings.ToLower(header)
	}
	return name
}

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
	if f, _ := s.pairs.Get("Format"); !s.v3 && f != "" && !strings.EqualFold(f, "json") && !strings.EqualFold(f, "xml") {
		return "", c.Refuse(errFormat).At("Format").Because("Format is %.100q, want JSON or XML", f)
	}
	action, version := s.common(c, "Action", actionHeader), s.common(c, "Version", versionHeader)
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

func (s *session) missing(c *mockserver.Call, name, header string) *mockserver.Refusal {
	where := name
	if s.v3 {
		where = header
	}
	return c.Refuse(errMissing, s.param(c, name, header)).At(where).Because("%s is missing or empty", where)
}

// authenticate is the gateway: key, token, timestamp, signature, nonce, RAM permission, in this order (QB-001), and
// whatever trouble the key is in. What is missing is noticed where it is needed.
func authenticate(c *mockserver.Call) error {
	s := sessionOf(c)
	for _, check := range []func(*mockserver.Call) *mockserver.Refusal{
		s.checkProtocol, s.checkRepeated, s.checkKey, s.checkToken, s.checkSigned, s.checkNonce, s.checkPermission, s.checkTrouble,
	} {
		if r := check(c); r != nil {
			return r
		}
	}
	return nil
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
	seen := make(map[string]bool, len(s.pairs))
	for _, p := range s.pairs {
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
	key, err := accessKeys.Get(c.Tx, id)
	switch {
	case err != nil:
		return c.Refuse(errKeyNotFound).Because("no access key has the id %.100q", id)
	case key.Disabled:
		return c.Refuse(errKeyInactive).Because("the access key %q is disabled", key.Name)
	}
	s.key = key
	return nil
}

func (s *session) keyID(c *mockserver.Call) (string, *mockserver.Refusal) {
	if !s.v3 {
		id, _ := s.pairs.Get("AccessKeyId")
		if id == "" {
			return "", s.missing(c, "AccessKeyId", "")
		}
		return id, nil
	}
	authorization := c.Header.Get("Authorization")
	if !isACS3(authorization) {
		return "", s.missing(c, "AccessKeyId", "Authorization")
	}
	var err error
	if s.auth, err = parseACS3(authorization); err != nil {
		return "", c.Refuse(errIncompleteSignature).At("Authorization").Because("%v", err)
	}
	return s.auth.Credential, nil
}

// checkToken compares the token of temporary credentials with the key (QB-017).
func (s *session) checkToken(c *mockserver.Call) *mockserver.Refusal {
	token := s.common(c, tokenParam, tokenHeader)
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
	first, second := s.checkTimestamp, s.checkSignature
	if c.Switch("QB-001") == "after-signature" {
		first, second = second, first
	}
	if r := first(c); r != nil {
		return r
	}
	return second(c)
}

const timestampLayout = "2006-01-02T15:04:05Z"

var errTimestamp = errors.New("not of the form " + timestampLayout)

func parseTimestamp(text string) (time.Time, error) {
	if len(text) != len(timestampLayout) { // Parse alone would take fractions of a second
		return time.Time{}, errTimestamp
	}
	return time.Parse(timestampLayout, text)
}

func window(c *mockserver.Call) time.Duration {
	if c.Switch("QB-002") == "31" {
		return 31 * time.Minute
	}
	return 15 * time.Minute
}

func (s *session) checkTimestamp(c *mockserver.Call) *mockserver.Refusal {
	text := s.common(c, "Timestamp", dateHeader)
	if text == "" {
		return s.missing(c, "Timestamp", dateHeader)
	}
	at, err := parseTimestamp(text)
	if err != nil {
		return c.Refuse(errTimestampFormat).Because("the timestamp %.40q is %v", text, errTimestamp)
	}
	if off := c.SigningNow().Sub(at); off.Abs() > window(c) {
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
	var buf [1024]byte
	text := rpcStringToSign(buf[:0], c.Method, s.pairs)
	sent, _ := s.pairs.Get(signatureParam)
	if sameSignature(rpcSignature(s.key.Secret, text), sent) {
		return nil
	}
	s.explain(c, string(text), "", sent)
	return c.Refuse(errSignatureV1, clip(string(text))).Because("the signature is not ours")
}

// checkMethod looks at the parameters of version 1.0 that say how it was signed.
func (s *session) checkMethod(c *mockserver.Call) *mockserver.Refusal {
	for _, name := range []string{"SignatureMethod", "SignatureVersion", signatureParam} {
		if v, _ := s.pairs.Get(name); v == "" {
			return s.missing(c, name, "")
		}
	}
	if method, _ := s.pairs.Get("SignatureMethod"); !strings.EqualFold(method, rpcScheme) {
		return c.Refuse(errSignatureMethod).At("SignatureMethod").Because("SignatureMethod is %.100q, want %s", method, rpcScheme)
	}
	if version, _ := s.pairs.Get("SignatureVersion"); version != "1.0" {
		return c.Refuse(errInvalid, "SignatureVersion").At("SignatureVersion").Because("SignatureVersion is %.100q, want 1.0", version)
	}
	if kind, _ := s.pairs.Get("SignatureType"); kind != "" {
		return c.Refuse(errInvalid, "SignatureType").At("SignatureType").Because("SignatureType %.100q is not served; leave it empty", kind)
	}
	return nil
}

// checkCoverage wants the hash of the body, and signed what has to be (QB-014).
func (s *session) checkCoverage(c *mockserver.Call) *mockserver.Refusal {
	if c.Header.Get(hashHeader) == "" {
		return c.Refuse(errIncompleteSignature).At(hashHeader).Because("the header x-acs-content-sha256 is missing")
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
	payload := sha256Hex(c.Body)
	if c.Switch("QB-013") == "trust-header" {
		payload = c.Header.Get(hashHeader)
	}
	var buf [1024]byte
	canonical := acs3Canonical(buf[:0], c.Request, s.auth.SignedHeaders, payload)
	text, signature := acs3Signature(s.key.Secret, canonical)
	stale := payload != c.Header.Get(hashHeader)
	if !stale && sameSignature(signature, s.auth.Signature) {
		return nil
	}
	s.explain(c, text, string(canonical), s.auth.Signature)
	tail := ""
	if c.Switch("QB-012") == "explained" {
		tail = " server StringToSign is [" + text + "] server CanonicalRequest is [" + clip(string(canonical)) + "]"
	}
	r := c.Refuse(errSignatureV3, tail)
	if stale {
		return r.At(hashHeader).Because("x-acs-content-sha256 is not the hash of the body")
	}
	return r.Because("the signature is not ours")
}

// clip bounds what a reply echoes of a request, in bytes.
func clip(s string) string {
	const most = 64 << 10
	if len(s) > most {
		return s[:most]
	}
	return s
}

// explain prepares what the journal shows; it is worked out when somebody reads it.
func (s *session) explain(c *mockserver.Call, stringToSign, canonical, sent string) {
	r, key, signed, v3 := c.Request, s.key, s.auth.SignedHeaders, s.v3
	others := otherSecrets(c, key.ID)
	c.ExplainWith(func() *mockserver.Explanation {
		hide := hider(r)
		e := &mockserver.Explanation{Scheme: rpcScheme, Problem: "the signature is not the one that the server computes",
			StringToSign: hide(stringToSign), CanonicalRequest: hide(canonical), ClientSignature: sent}
		attempts, text := []mockserver.Attempt(nil), stringToSign
		if v3 {
			e.Scheme, text = acs3Scheme, canonical
			attempts = acs3Attempts(r, signed, key.Secret, others)
		} else {
			attempts = rpcAttempts(r, key.Secret, others)
		}
		for i := range attempts {
			attempts[i].Text = hide(attempts[i].Text)
		}
		return e.Diagnose(hide(text), attempts)
	})
}

// mostSecrets bounds how many other keys are tried.
const mostSecrets = 64

func otherSecrets(c *mockserver.Call, but string) []string {
	var secrets []string
	keys, err := accessKeys.Page(c.Tx, store.PrimaryIndex, "", store.Range{Limit: mostSecrets})
	if err != nil {
		return nil
	}
	for _, k := range keys {
		if k.ID != but {
			secrets = append(secrets, k.Secret)
		}
	}
	return secrets
}

// hider returns a function that takes the security token of a request out of a text, however it was encoded.
func hider(r *mockserver.Request) func(string) string {
	token, _ := r.Pairs().Get(tokenParam)
	if h := r.Header.Get(tokenHeader); h != "" {
		token = h
	}
	if token == "" {
		return func(s string) string { return s }
	}
	once := string(appendPercent(nil, token))
	return strings.NewReplacer(token, "[token]", once, "[token]", string(appendPercent(nil, once)), "[token]").Replace
}

// checkNonce remembers the nonce until its timestamp is too old anyway (QB-007).
func (s *session) checkNonce(c *mockserver.Call) *mockserver.Refusal {
	nonce := s.common(c, "SignatureNonce", nonceHeader)
	if nonce == "" {
		if s.v3 && c.Switch("QB-015") == "accept" {
			return nil
		}
		return s.missing(c, "SignatureNonce", nonceHeader)
	}
	at, err := parseTimestamp(s.common(c, "Timestamp", dateHeader))
	if err != nil {
		return c.Refuse(errTimestampFormat)
	}
	if len(nonce) > 64 {
		sum := sha256.Sum256([]byte(nonce))
		nonce = string(sum[:])
	}
	if c.Switch("QB-007") == "per-key" {
		nonce = s.key.ID + "\x00" + nonce
	}
	if !c.UseNonce(nonce, at.Add(window(c))) {
		return c.Refuse(errNonceUsed).Because("the nonce has been used before")
	}
	return nil
}

// checkPermission asks RAM. ResultCallback's page exposes no action to be authorized.
func (s *session) checkPermission(c *mockserver.Call) *mockserver.Refusal {
	action := "quickbi-public:" + c.Op.ID
	if c.Op.ID != authorizeAction || s.key.RAM == nil || slices.Contains(s.key.RAM.Actions, action) {
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
	return &accessDeniedDetail{
		AuthAction: "quickbi-public:" + c.Op.ID, AuthPrincipalType: who.Type, AuthPrincipalOwnerID: who.OwnerID,
		AuthPrincipalDisplayName: who.DisplayName, EncodedDiagnosticMessage: c.Hex(64),
		NoPermissionType: "ImplicitDeny", PolicyType: "AccountLevelIdentityBasedPolicy",
	}
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

// setRateLimit adds the header from which SDKs read when to try again, to the errors that have one.
func setRateLimit(c *mockserver.Call, r *mockserver.Refusal, left time.Duration) {
	header := map[string]string{errThrottlingUser: "x-ratelimit-user", errThrottlingAPI: "x-ratelimit-user-api"}[r.Entry.Name]
	if header != "" {
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
