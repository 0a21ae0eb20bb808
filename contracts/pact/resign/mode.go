package resign

import (
	"fmt"
	"strings"
	"time"
)

// Mode says how a request is signed.
type Mode string

// The modes. A contract asks for one with the parameter sign of a provider state.
const (
	// Good is the default: a right signature.
	Good Mode = "good"
	// WrongSecret signs with a secret that is not the key's; a token that comes without a signature is altered.
	WrongSecret Mode = "wrong-secret"
	// Expired signs with a date of an hour ago, more than the windows of all vendors that have one.
	Expired Mode = "expired"
	// UnknownKey signs with a key id that the provider does not know; a token that comes without a signature is another.
	UnknownKey Mode = "unknown-key"
	// None takes signature and token away.
	None Mode = "none"
)

// Modes are all modes.
var Modes = []Mode{Good, WrongSecret, Expired, UnknownKey, None}

// ParseMode reads a mode; empty is Good.
func ParseMode(text string) (Mode, error) {
	if text == "" {
		return Good, nil
	}
	for _, m := range Modes {
		if string(m) == text {
			return m, nil
		}
	}
	return "", fmt.Errorf("sign: %q is none of %v", text, Modes)
}

// age is how long before now an expired signature was made.
const age = time.Hour

// spoil makes the key that a mode signs with.
func (m Mode) spoil(key Key) Key {
	switch m {
	case WrongSecret:
		key.Secret = "not-" + key.Secret
	case UnknownKey:
		key.ID = "UNKNOWN" + strings.Repeat("0", max(len(key.ID)-len("UNKNOWN"), 0))
	}
	return key
}

// token is the token that a mode sends where no signature comes with it.
func (m Mode) token(key Key) (string, error) {
	switch m {
	case WrongSecret, UnknownKey:
		return "not-" + key.Token, nil
	case Expired:
		return "", fmt.Errorf("sign: a token cannot be made expired by signing; ask for a provider state that does it")
	}
	return key.Token, nil
}
