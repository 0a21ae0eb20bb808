package quickbi

import (
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// session is what the gateway finds out about a call.
type session struct {
	// v3 tells the two signature schemes apart; pairs are query and form together, for version 1.0.
	v3    bool
	xml   bool
	pairs mockserver.Pairs
	sent  common
	// What V3 says, once the request has been read: its Authorization, or why it cannot be, and the headers that are
	// signed. covered says that all x-acs headers are.
	read      bool
	auth      acs3Auth
	authError error
	signed    signedHeaders
	covered   bool

	key *AccessKey
	// was is who called with the key before, if he is remembered.
	was *knownCaller
	// at is when the client says that it signed.
	at time.Time
}

// Reset is for the core, whose memory sessions are in.
func (s *session) Reset() {
	clear(s.signed)
	*s = session{signed: s.signed[:0]}
}

// readV3 reads the headers of V3, and returns the session for what else is to be found out about the request. Whoever
// asks again gets what was read.
func readV3(r *mockserver.Request) *session {
	s := mockserver.MemoryFor[session](r)
	if s.read {
		return s
	}
	s.read = true
	authorization := mockserver.HeaderOf(r.Header, authorizationHeader)
	if s.v3 = isACS3(authorization); !s.v3 {
		return s
	}
	if s.auth, s.authError = parseACS3(authorization); s.authError == nil {
		s.signed = s.auth.SignedHeaders.sorted(s.signed)
	}
	s.covered = true
	for key, values := range r.Header {
		signed := s.signed.take(key, values)
		if isACSHeader(key) {
			s.covered = s.covered && signed
			s.sent.read(key, values)
		}
	}
	return s
}

// common are the parameters that every call has, "" where they are missing: of the signed pairs with version 1.0, of the
// headers with V3.
type common struct {
	action, version, timestamp, nonce, token string
	// hash is the header that has the body's, with V3 only.
	hash string
	// With version 1.0 only.
	format, keyID, signature, signatureMethod, signatureVersion, signatureType string
}

// commonOf reads the common parameters of version 1.0. Of several of one name the first counts.
func commonOf(pairs mockserver.Pairs) (c common) {
	for i := len(pairs) - 1; i >= 0; i-- {
		value := pairs[i].Value
		switch pairs[i].Name {
		case "Action":
			c.action = value
		case "Version":
			c.version = value
		case "Timestamp":
			c.timestamp = value
		case "SignatureNonce":
			c.nonce = value
		case tokenParam:
			c.token = value
		case "Format":
			c.format = value
		case "AccessKeyId":
			c.keyID = value
		case signatureParam:
			c.signature = value
		case "SignatureMethod":
			c.signatureMethod = value
		case "SignatureVersion":
			c.signatureVersion = value
		case "SignatureType":
			c.signatureType = value
		}
	}
	return c
}

// read takes a header of V3.
func (c *common) read(key string, values []string) {
	if len(values) == 0 {
		return
	}
	switch key {
	case actionHeader:
		c.action = values[0]
	case versionHeader:
		c.version = values[0]
	case dateHeader:
		c.timestamp = values[0]
	case nonceHeader:
		c.nonce = values[0]
	case tokenHeader:
		c.token = values[0]
	case hashHeader:
		c.hash = values[0]
	}
}

func sessionOf(c *mockserver.Call) *session { return c.Caller.(*session) }

// begin gives every call its request id and decides scheme and format.
func begin(c *mockserver.Call) {
	c.RequestID = c.UUID()
	s := readV3(c.Request)
	if !s.v3 {
		s.pairs = c.Pairs()
		if s.v3 = unsignedV3(c.Request, s.pairs); s.v3 {
			for key, values := range c.Header {
				s.sent.read(key, values)
			}
		} else {
			s.sent = commonOf(s.pairs)
		}
	}
	s.xml = s.wantsXML(c)
	c.Caller = s
}

// unsignedV3 recognizes a request that is a V3 one but for its missing Authorization: its action is in a header alone.
func unsignedV3(r *mockserver.Request, pairs mockserver.Pairs) bool {
	if mockserver.HeaderOf(r.Header, actionHeader) == "" {
		return false
	}
	_, signed := pairs.Get(signatureParam)
	_, named := pairs.Get("Action")
	return !signed && !named
}

func (s *session) wantsXML(c *mockserver.Call) bool {
	switch {
	case s.v3:
		return c.Switch("QB-004") == "accept" && acceptsXML(mockserver.HeaderOf(c.Request.Header, "Accept"))
	case s.sent.format == "":
		return c.Switch("QB-003") == "xml"
	}
	return !strings.EqualFold(s.sent.format, "json")
}

func acceptsXML(accept string) bool {
	accept = strings.ToLower(accept)
	return strings.Contains(accept, "xml") && !strings.Contains(accept, "json")
}

// param is how a common parameter is called in Missing<Param> and Invalid<Param> (QB-016).
func (s *session) param(c *mockserver.Call, name, header string) string {
	if s.v3 && c.Switch("QB-016") == "header" {
		return strings.ToLower(header)
	}
	return name
}

func (s *session) missing(c *mockserver.Call, name, header string) *mockserver.Refusal {
	where := name
	if s.v3 {
		where = header
	}
	return c.Refuse(errMissing, s.param(c, name, header)).At(where).Because("%s is missing or empty", where)
}
