package mockserver

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	// maxAdminBody bounds what the admin API reads, in bytes: a world file can be large.
	maxAdminBody = 64 << 20
	// maxImport bounds an exported world, in bytes. It is read piece by piece.
	maxImport = 1 << 30
)

// guard refuses who may not steer the server: those without the token, web pages of other origins, and bodies that are
// too large or that a form of a web page could send. It allows no origin anything (CORS).
func (s *Server) guard(c *gin.Context) {
	r := c.Request
	for _, check := range []func(*http.Request) (int, error){s.checkToken, s.checkHost, checkOrigin, checkContentType} {
		if status, err := check(r); err != nil {
			if status == http.StatusUnauthorized {
				c.Header("WWW-Authenticate", `Bearer realm="countersign"`)
			}
			adminError(c, status, err.Error())
			return
		}
	}
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
	s.bounded(c)
}

// checkToken wants the token. Without one the admin API is for this machine alone.
func (s *Server) checkToken(r *http.Request) (int, error) {
	want := s.opts.AdminToken
	if want == "" {
		if !arrivedLocally(r) {
			return http.StatusForbidden, errors.New("the admin API answers other machines only where it has a token: start the server with one (--admin-token, Options.AdminToken)")
		}
		return 0, nil
	}
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 || !strings.EqualFold(scheme, "Bearer") {
		return http.StatusUnauthorized, errors.New("the admin API wants the token that `countersign serve` printed, as Authorization: Bearer TOKEN")
	}
	return 0, nil
}

// arrivedLocally reports whether the request came in at an address that only this machine reaches. One that came over no
// listener, in a test say, did.
func arrivedLocally(r *http.Request) bool {
	tcp, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// checkHost refuses names that could be anybody's in the public DNS: a web page can make its own name lead to this machine
// (DNS rebinding), and is then of the same origin. Tokens and certificates keep it out as well. The vendors' own names are
// refused too: "quickbi-public." may begin anybody's.
func (s *Server) checkHost(r *http.Request) (int, error) {
	_, listened := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if s.opts.AdminToken != "" || r.TLS != nil || !listened {
		return 0, nil
	}
	name := strings.ToLower((&Request{Host: r.Host}).HostName())
	if privateName(name) {
		return 0, nil
	}
	return http.StatusForbidden, fmt.Errorf("the admin API is not served by the name %q, which could lead any web page here: use 127.0.0.1 or localhost, or start the server with a token", name)
}

// privateDomains are set aside: nobody can register a name in them (RFC 6761, RFC 8375, and .internal by ICANN, which
// Docker has for the machine that a container runs on).
var privateDomains = []string{"localhost", "test", "internal", "home.arpa"}

// privateName reports whether a host is an address, a name without a dot, or one that the public DNS does not have.
func privateName(host string) bool {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	host = strings.TrimSuffix(host, ".")
	if !strings.Contains(host, ".") {
		return true
	}
	for _, d := range privateDomains {
		if strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// checkOrigin refuses what a web page of another origin sends. A link that a person follows is no such request.
func checkOrigin(r *http.Request) (int, error) {
	if origin := r.Header.Get("Origin"); origin != "" && !sameOrigin(origin, r) {
		return http.StatusForbidden, fmt.Errorf("requests from the origin %s are not served", origin)
	}
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	followed := mode == "navigate" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	if (site == "cross-site" || site == "same-site") && !followed {
		return http.StatusForbidden, errors.New("requests from web pages of other origins are not served")
	}
	return 0, nil
}

func sameOrigin(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return err == nil && u.Scheme == scheme && u.Host == r.Host
}

// checkContentType refuses the types that a form can send. A body without a type is taken for JSON: no form sends such.
func checkContentType(r *http.Request) (int, error) {
	text := r.Header.Get("Content-Type")
	if text == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return 0, nil
	}
	kind, _, err := mime.ParseMediaType(text)
	if err == nil && (kind == PackedType && r.URL.Path == importRoute || kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")) {
		return 0, nil
	}
	return http.StatusUnsupportedMediaType, fmt.Errorf("Content-Type %q: the admin API reads JSON, want application/json", text) //nolint:revive,staticcheck // a header's name
}

// bounded lets no more of the body be read than the limit. What is left of a body that is too large is read and thrown
// away, so that the client hears the answer instead of a reset.
func (s *Server) bounded(c *gin.Context) {
	limit := s.opts.MaxAdminBody
	switch {
	case limit > 0:
	case c.FullPath() == importRoute:
		limit = maxImport
	default:
		limit = maxAdminBody
	}
	body := c.Request.Body
	if c.Request.ContentLength > limit {
		adminFailure(c, &http.MaxBytesError{Limit: limit})
		if c.GetHeader("Expect") != "" { // the client waits to be told whether to send it at all
			return
		}
	} else {
		c.Request.Body = http.MaxBytesReader(c.Writer, body, limit)
		c.Next()
	}
	if c.Writer.Status() == http.StatusRequestEntityTooLarge {
		drain(c.Writer, body)
	}
}

// IsLoopback reports whether a listen address is reachable from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
