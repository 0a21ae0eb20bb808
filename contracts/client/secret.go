package client

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// redacted is what stands in place of a secret.
const redacted = "[redacted]"

// Secret is a text that is never printed: an access key's secret, a token, a password. Convert it to string to use it.
type Secret string

// Format prints [redacted], whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// LogValue returns [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted]. A Secret can be read from JSON, it cannot be written to it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// shortestScrubbed is the length in bytes from which secrets are looked for in texts: a shorter one would be found
// everywhere.
const shortestScrubbed = 4

// scrub replaces the secrets in a text, also where they are percent-encoded once or twice, as a string to sign has them.
func scrub(text string, secrets []Secret) string {
	for _, s := range secrets {
		if len(s) < shortestScrubbed {
			continue
		}
		for _, form := range writtenForms(string(s)) {
			text = strings.ReplaceAll(text, form, redacted)
		}
	}
	return text
}

func writtenForms(s string) []string {
	forms := []string{s}
	for range 2 {
		s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
		forms = append(forms, s)
	}
	slices.Reverse(forms) // the longest first
	return slices.Compact(forms)
}
