package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The CA lives long, so that it is trusted once; what it signs lives shortly and only in memory.
const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 90 * 24 * time.Hour
	// clockSlack is how far the clock of a client may be behind, and how early a certificate is renewed.
	clockSlack = 24 * time.Hour
)

const (
	caFile    = "ca.pem"     // what clients trust
	caKeyFile = "ca-key.pem" // certificate and key together, so that they cannot come apart; never leaves this folder
)

// authority is a certificate authority of this user's own.
type authority struct {
	// file is the path of the CA's certificate.
	file string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// openAuthority reads the CA kept in dir, or makes one there if there is none or its time is over.
func openAuthority(dir string, now func() time.Time) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &authority{file: filepath.Join(dir, caFile), now: now}
	keyFile := filepath.Join(dir, caKeyFile)
	text, err := os.ReadFile(keyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text, err = makeAuthority(keyFile, now(), false)
	case err == nil && isOver(text, now()):
		text, err = makeAuthority(keyFile, now(), true)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	if a.cert, a.key, err = parseAuthority(text); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it to have a new one made", keyFile, err)
	}
	if err := a.publish(); err != nil {
		return nil, err
	}
	return a, nil
}

// isOver reports whether a CA can be read and has ended or is about to.
func isOver(text []byte, now time.Time) bool {
	cert, _, err := parseAuthority(text)
	return err == nil && now.Add(clockSlack).After(cert.NotAfter)
}

// makeAuthority writes a new CA and returns its text. Unless it replaces an old one, another process that was faster
// wins, and its CA is returned.
func makeAuthority(file string, now time.Time, replace bool) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"countersign"}, CommonName: fmt.Sprintf("countersign local CA %x", serial.Bytes()[:4])},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	if replace {
		return text, writeWhole(file, text, 0o600, os.Rename)
	}
	if err := writeWhole(file, text, 0o600, os.Link); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(file)
	} else if err != nil {
		return nil, err
	}
	return text, nil
}

// newSerial returns 128 random bits, the first of them never zero.
func newSerial() (*big.Int, error) {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b), err
}

func parseAuthority(text []byte) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, nil, errors.New("not a certificate authority of countersign")
	}
	return pair.Leaf, key, nil
}

// publish writes the certificate beside the key, if it is not there yet.
func (a *authority) publish() error {
	text := a.pem()
	if have, err := os.ReadFile(a.file); err == nil && bytes.Equal(have, text) {
		return nil
	}
	return writeWhole(a.file, text, 0o644, os.Rename)
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// writeWhole writes a file beside its place and puts it there with link or rename, so that nobody reads half of it.
func writeWhole(file string, text []byte, mode fs.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where it was renamed
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return put(f.Name(), file)
}

// issue signs a certificate for servers with these names and addresses.
func (a *authority) issue(hosts []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := a.now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"countersign"}, CommonName: hosts[0]},
		NotBefore:    now.Add(-clockSlack),
		NotAfter:     earlier(now.Add(leafLifetime), a.cert.NotAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, h)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
