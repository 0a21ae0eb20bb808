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
	auth  acs3Auth
	key   *AccessKey
	// at is when the client says that it signed.
	at time.Time
}

// Reset is for the core, whose memory sessions are in.
func (s *session) Reset() { *s = session{} }

// common are the parameters that every call has, "" where they are missing: of the signed pairs with version 1.0, of the
// headers with V3.
type common struct {
	action, version, timestamp, nonce, token string
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

func commonOfV3(r *mockserver.Request) common {
	return common{action: headerOf(r, actionHeader), version: headerOf(r, versionHeader), timestamp: headerOf(r, dateHeader),
		nonce: headerOf(r, nonceHeader), token: headerOf(r, tokenHeader)}
}

func sessionOf(c *mockserver.Call) *session { return c.Caller.(*session) }

// begin gives every call its request id and decides scheme and format.
func begin(c *mockserver.Call) {
	c.RequestID = c.UUID()
	s := mockserver.MemoryOf[session](c)
	s.v3 = isACS3(headerOf(c.Request, authorizationHeader))
	if !s.v3 {
		s.pairs = c.Pairs()
		s.v3 = unsignedV3(c.Request, s.pairs)
	}
	if s.v3 {
		s.sent = commonOfV3(c.Request)
	} else {
		s.sent = commonOf(s.pairs)
	}
	s.xml = s.wantsXML(c)
	c.Caller = s
}

// unsignedV3 recognizes a request that is a V3 one but for its missing Authorization: its action is in a header alone.
func unsignedV3(r *mockserver.Request, pairs mockserver.Pairs) bool {
	if headerOf(r, actionHeader) == "" {
		return false
	}
	_, signed := pairs.Get(signatureParam)
	_, named := pairs.Get("Action")
	return !signed && !named
}

func (s *session) wantsXML(c *mockserver.Call) bool {
	switch {
	case s.v3:
		return c.Switch("QB-004") == "accept" && acceptsXML(c.Header.Get("Accept"))
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
