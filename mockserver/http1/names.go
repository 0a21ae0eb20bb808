package http1

import "net/textproto"

// These bound how many names of fields a connection knows, and how long they are, in bytes.
const (
	mostNames   = 64
	longestName = 64
)

// names are the names of fields that a connection has seen, as they came, and as net/http spells them. A client sends the same
// ones with every request, and whoever keeps the headers of many keeps them once.
type names map[string]string

// of returns how net/http spells a name; false if it is none.
func (n names) of(raw []byte) (string, bool) {
	if name, known := n[string(raw)]; known {
		return name, true
	}
	came := string(raw)
	if !isToken(came) {
		return "", false
	}
	name := textproto.CanonicalMIMEHeaderKey(came)
	if len(n) < mostNames && len(came) <= longestName {
		n[came] = name
	}
	return name, true
}
