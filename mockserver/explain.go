package mockserver

import (
	"fmt"
	"unicode/utf8"
)

// Explanation says why a signature was refused. It holds no secret.
type Explanation struct {
	// Scheme is the signature scheme ("ACS3-HMAC-SHA256").
	Scheme string `json:"scheme"`
	// Problem says in one sentence what was wrong.
	Problem string `json:"problem"`
	// StringToSign and CanonicalRequest are the server's.
	StringToSign     string `json:"string_to_sign,omitempty"`
	CanonicalRequest string `json:"canonical_request,omitempty"`
	// ClientSignature is the one that was sent.
	ClientSignature string `json:"client_signature,omitempty"`
	// Mistake names the known mistake that reproduces the client's signature exactly, "" if none fits; Advice says
	// what to do about it.
	Mistake string `json:"mistake,omitempty"`
	Advice  string `json:"advice,omitempty"`
	// FirstDifference is the first byte where the text that the client signed differs from the server's.
	FirstDifference *Difference `json:"first_difference,omitempty"`
}

// Difference is the first differing byte of two texts.
type Difference struct {
	// Offset counts bytes from 0.
	Offset int `json:"offset"`
	// Server and Client are what stands there, with a little of what follows.
	Server string `json:"server"`
	Client string `json:"client"`
}

// Attempt is one way in which a client may have signed a request.
type Attempt struct {
	// Mistake is its short name, Advice what to do about it.
	Mistake, Advice string
	// Text is what was signed: the canonical request, or the string to sign where there is only that.
	Text string
	// Signature is the outcome.
	Signature string
}

// Diagnose completes e: it looks for the attempt whose signature is the client's, and for the first byte in which its
// text differs from the server's.
func (e *Explanation) Diagnose(serverText string, attempts []Attempt) *Explanation {
	for _, a := range attempts {
		if a.Signature != e.ClientSignature {
			continue
		}
		e.Mistake, e.Advice = a.Mistake, a.Advice
		e.FirstDifference = firstDifference(serverText, a.Text)
		return e
	}
	e.Advice = fmt.Sprintf("none of %d known mistakes reproduces the signature: compare the string to sign byte by byte, and the secret", len(attempts))
	return e
}

func firstDifference(server, client string) *Difference {
	n := min(len(server), len(client))
	i := 0
	for i < n && server[i] == client[i] {
		i++
	}
	if i == n && len(server) == len(client) {
		return nil
	}
	return &Difference{Offset: i, Server: excerpt(server, i), Client: excerpt(client, i)}
}

// excerpt returns a few characters from offset i on, beginning at the start of a character.
func excerpt(s string, i int) string {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	s = s[i:]
	for n, r := range []rune(s) {
		if n == 24 {
			return string([]rune(s)[:24]) + "…"
		}
		_ = r
	}
	return s
}
