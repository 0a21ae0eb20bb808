package mockserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/countersign/countersign/specs"
)

// preferHeader asks for an error by name for one call (RFC 7240: Prefer: code="APIGW.0308"). Instead of a name it may
// have a code of the catalogue or an HTTP status; then the first entry that fits is answered. Other preferences mean
// nothing here.
const preferHeader = "Prefer"

// preferred is what the request itself asks to go wrong, before any rule. The error is an answer to a name that there is
// not.
func (c *Call) preferred() (*fault, error) {
	values := c.Header[preferHeader]
	if len(values) == 0 {
		return nil, nil
	}
	code, asked := preference(values, "code")
	if !asked {
		return nil, nil
	}
	if !c.World.setting.Prefer {
		c.Warn("the header Prefer asks for %q, but the world has not set prefer: true", code)
		return nil, nil
	}
	entries := c.plugged.answerable(c.Op)
	entry := pick(entries, code)
	if entry == nil {
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name
		}
		return nil, &ownAnswer{http.StatusBadRequest, fmt.Sprintf("Prefer: code=%s: %s has no such error in its catalogue; it has %s",
			code, c.Op.ID, strings.Join(names, ", "))}
	}
	c.header.Set("Preference-Applied", fmt.Sprintf("code=%q", code))
	return &fault{moment: Before, effect: FaultEffect{Error: entry.Name}, entry: entry}, nil
}

// pick finds an entry by name, else by code, else by status.
func pick(entries []*specs.Error, text string) *specs.Error {
	for _, fits := range []func(*specs.Error) bool{
		func(e *specs.Error) bool { return e.Name == text },
		func(e *specs.Error) bool { return e.Code == text },
		func(e *specs.Error) bool { return strconv.Itoa(e.Status) == text },
	} {
		for _, e := range entries {
			if fits(e) {
				return e
			}
		}
	}
	return nil
}

// preference finds a preference in the values of Prefer headers. The first one of a name counts. A value need not be
// quoted, though many names of errors are no tokens of HTTP.
func preference(values []string, name string) (string, bool) {
	for _, value := range values {
		for value != "" {
			var one string
			one, value = cutUnquoted(value, ',')
			one, _ = cutUnquoted(one, ';') // parameters of the preference
			key, text, _ := strings.Cut(one, "=")
			if strings.EqualFold(strings.TrimSpace(key), name) {
				return unquote(strings.TrimSpace(text)), true
			}
		}
	}
	return "", false
}

// cutUnquoted is strings.Cut around the first sep that is not in a quoted string.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
