package client

import (
	"errors"
	"net/url"
	"strings"
)

// ParseEndpoint reads the address of a service: "https://host", "http://host:port/prefix", or a bare "host", which
// means https. User names, queries and fragments are refused; a final slash is dropped.
func ParseEndpoint(endpoint string) (*url.URL, error) {
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("the endpoint is not an address") // the cause may repeat a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the endpoint's scheme is neither http nor https")
	case u.Host == "":
		return nil, errors.New("the endpoint has no host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the endpoint has more than scheme, host and path")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// HeaderSafe says whether a text can stand in a header: no control characters, and no blanks at its ends, which would
// be lost on the way.
func HeaderSafe(s string) bool {
	return strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
