package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/specs"
)

var caTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func openCA(t *testing.T, dir string, now time.Time) *authority {
	t.Helper()
	a, err := openAuthority(dir, at(now))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthorityIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	first := openCA(t, dir, caTime)
	later := openCA(t, dir, caTime.Add(caLifetime-2*clockSlack))
	if !first.cert.Equal(later.cert) {
		t.Error("another CA although the first one's time is not over")
	}
	renewed := openCA(t, dir, caTime.Add(caLifetime))
	if renewed.cert.Equal(first.cert) {
		t.Error("the CA is kept although its time is over")
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, renewed.pem()) {
		t.Error("ca.pem is not the new CA")
	}
	if strings.Contains(string(text), "PRIVATE") {
		t.Error("ca.pem holds a key")
	}
}

func TestAuthorityIsPublishedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := openCA(t, dir, caTime)
	if err := os.Remove(first.file); err != nil {
		t.Fatal(err)
	}
	again := openCA(t, dir, caTime)
	text, err := os.ReadFile(again.file)
	if err != nil || !bytes.Equal(text, first.pem()) {
		t.Errorf("ca.pem is %q (%v), want the first CA", text, err)
	}
}

func TestAuthorityErrBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "ca-key.pem")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAuthority(dir, at(caTime)); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("error %v, want one that says what to do", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "nothing" {
		t.Errorf("the file is now %q (%v)", text, err)
	}
}

// Of two that make a CA at the same time, the first to write it wins.
func TestAuthorityOfTheFasterCounts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), caKeyFile)
	first, err := makeAuthority(file, caTime, false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := makeAuthority(file, caTime, false)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the second one made a CA of its own (%v)", err)
	}
}

// Servers that start at the same time share one CA.
func TestAuthorityIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := make([]*authority, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			a, err := openAuthority(dir, at(caTime))
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = a
		})
	}
	all.Wait()
	for _, a := range got {
		if a == nil || !a.cert.Equal(got[0].cert) {
			t.Fatal("not all have the same CA")
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q (%v)", left, err)
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	ca := openCA(t, t.TempDir(), caTime)
	now := caTime
	ca.now = func() time.Time { return now }
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	vendors := []*specs.Rules{{Hosts: []string{"dayu.*.example.com", "api.example.net"}}}
	config := issuedConfig(ca, "192.0.2.7:443", []string{"stand-in.test"}, vendors)
	certificate := func(asked string) *x509.Certificate {
		c, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: asked})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	tests := []struct {
		name, asked, host string
		ok                bool
	}{
		{"OKNoName", "", "127.0.0.1", true},
		{"OKNoNameIPv6", "", "::1", true},
		{"OKLocalhost", "localhost", "localhost", true},
		{"OKAddressListenedOn", "", "192.0.2.7", true},
		{"OKFurtherHost", "stand-in.test", "stand-in.test", true},
		{"OKVendor", "api.example.net", "api.example.net", true},
		{"OKVendorCase", "API.example.net", "api.example.net", true},
		{"OKVendorRegion", "dayu.cn-north-4.example.com", "dayu.cn-north-4.example.com", true},
		{"ErrStranger", "example.org", "example.org", false},
		{"ErrOtherVendorHost", "iam.cn-north-4.example.com", "iam.cn-north-4.example.com", false},
	}
	for _, tt := range tests { // not parallel: the clock is moved below
		t.Run(tt.name, func(t *testing.T) {
			_, err := certificate(tt.asked).Verify(x509.VerifyOptions{DNSName: tt.host, Roots: roots, CurrentTime: now})
			if (err == nil) != tt.ok {
				t.Errorf("verified for %s: %v, want ok %v", tt.host, err, tt.ok)
			}
		})
	}
	first := certificate("localhost")
	if !first.Equal(certificate("localhost")) {
		t.Error("another certificate for the same name")
	}
	now = caTime.Add(leafLifetime)
	if renewed := certificate("localhost"); renewed.NotAfter.Before(now.Add(clockSlack)) {
		t.Errorf("at %v a certificate that ends %v", now, renewed.NotAfter)
	}
}

// A client that asks for ever new regions does not fill the memory.
func TestIssuerIsBounded(t *testing.T) {
	t.Parallel()
	is := &issuer{ca: openCA(t, t.TempDir(), caTime), base: []string{"localhost"}, patterns: []string{"dayu.*.example.com"},
		issued: map[string]*tls.Certificate{}}
	for i := range mostIssued + 10 {
		name := "dayu." + strings.Repeat("x", i%60+1) + string(rune('a'+i/60)) + ".example.com"
		if _, err := is.certificate(&tls.ClientHelloInfo{ServerName: name}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(is.issued); n > mostIssued {
		t.Errorf("%d certificates are kept, more than %d", n, mostIssued)
	}
}

func TestUnspecifiedAddressIsNoName(t *testing.T) {
	t.Parallel()
	ca := openCA(t, t.TempDir(), caTime)
	for _, addr := range []string{":443", "0.0.0.0:443", "[::]:443", "localhost:443"} {
		c, err := issuedConfig(ca, addr, nil, nil).GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.Leaf.DNSNames, []string{"localhost"}) || len(c.Leaf.IPAddresses) != 2 {
			t.Errorf("%s: names %q, addresses %v", addr, c.Leaf.DNSNames, c.Leaf.IPAddresses)
		}
	}
}
