package main

import (
	"crypto/tls"
	"net"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/countersign/countersign/specs"
)

// caDir is where this user's CA is kept.
func (a *app) caDir() (string, error) {
	dir, err := a.cacheDir()
	return filepath.Join(dir, "countersign"), err
}

// givenCertificate reads --tls-cert and --tls-key.
func givenCertificate(certFile, keyFile string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// issuer hands out certificates of the CA by the name that a client asks for.
type issuer struct {
	ca *authority
	// base are the names and addresses of the certificate for whoever asks for none of the patterns.
	base []string
	// patterns are the vendors' hosts; * stands for a region.
	patterns []string

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// mostIssued bounds the certificates kept, for a client that asks for ever new regions.
const mostIssued = 128

// issuedConfig serves certificates of the CA for this machine, the address that is listened on, further hosts and the
// vendors' own host names.
func issuedConfig(ca *authority, addr string, hosts []string, vendors []*specs.Rules) *tls.Config {
	is := &issuer{ca: ca, base: []string{"localhost", "127.0.0.1", "::1"}, issued: map[string]*tls.Certificate{}}
	bound, _, _ := net.SplitHostPort(addr)
	for _, h := range append(hosts, bound) {
		if ip := net.ParseIP(h); h != "" && (ip == nil || !ip.IsUnspecified()) && !slices.Contains(is.base, h) {
			is.base = append(is.base, h)
		}
	}
	for _, v := range vendors {
		is.patterns = append(is.patterns, v.Hosts...)
	}
	return &tls.Config{GetCertificate: is.certificate, MinVersion: tls.VersionTLS12}
}

func (is *issuer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	hosts := []string{name}
	if !is.isVendors(name) {
		name, hosts = "", is.base
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	if c := is.issued[name]; c != nil && is.ca.now().Add(clockSlack).Before(c.Leaf.NotAfter) {
		return c, nil
	}
	c, err := is.ca.issue(hosts)
	if err != nil {
		return nil, err
	}
	if len(is.issued) >= mostIssued {
		clear(is.issued)
	}
	is.issued[name] = c
	return c, nil
}

func (is *issuer) isVendors(name string) bool {
	return slices.ContainsFunc(is.patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return err == nil && ok
	})
}
