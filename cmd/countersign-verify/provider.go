package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/contracts/pact/replay"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/wps"
)

var errNoPacts = errors.New("there is no *.json file in it")

// moment is when the world of a stand-in of our own stands, unless --clock says otherwise: contracts then mean the same
// next year.
const moment = "2026-01-15T08:00:00Z"

// providerFlags say what is verified.
type providerFlags struct {
	url, statesURL, adminToken, world string
	credentials, certificate, clock   string
	seed                              uint64
}

// provider is what is verified, behind a proxy that signs.
type provider struct {
	session   *replay.Session
	proxy     *url.URL
	statesURL string
	stops     []func()

	mu    sync.Mutex
	found []string
}

func (p *provider) stop() {
	for i := len(p.stops) - 1; i >= 0; i-- {
		p.stops[i]()
	}
}

// bugs are those of a stand-in of our own that the requests have met.
func (p *provider) bugs() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.found
}

func (f providerFlags) start() (p *provider, err error) {
	p = &provider{}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	now, err := f.now()
	if err != nil {
		return p, err
	}
	config := replay.Config{Now: now, Nonce: nonces()}
	transport, err := f.transport()
	if err != nil {
		return p, err
	}
	target := f.url
	if target == "" {
		target, config.Provider, err = p.standIn(f)
	} else {
		config.Provider = f.remote(transport)
	}
	if err == nil {
		config.Keys, err = f.keys()
	}
	if err != nil {
		return p, err
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return p, usagef("--provider-url %q: want an address such as http://127.0.0.1:8750", target)
	}
	config.Host = u.Host
	p.session = replay.New(config)
	err = p.serve(p.session.Proxy(u, transport))
	return p, err
}

// now is the time that requests are signed with.
func (f providerFlags) now() (func() time.Time, error) {
	text := f.clock
	if text == "" && f.url == "" {
		text = moment
	}
	if text == "" || text == "wall" {
		return time.Now, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, usagef("--clock %q: want wall, or a time such as %s", text, moment)
	}
	return func() time.Time { return at }, nil
}

// nonces are new with each run, and with each request of it.
func nonces() func() string {
	var n atomic.Uint64
	start := uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	return func() string { return fmt.Sprintf("%016x%016x", start, n.Add(1)) }
}

func (f providerFlags) remote(transport http.RoundTripper) replay.Provider {
	hc := &http.Client{Transport: transport, Timeout: time.Minute}
	if f.statesURL != "" {
		return replay.Forward{URL: f.statesURL, HTTP: hc}
	}
	return replay.Admin{URL: f.url, Token: f.adminToken, World: f.world, HTTP: hc}
}

func (f providerFlags) transport() (http.RoundTripper, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: false}
	if f.certificate == "" {
		return t, nil
	}
	pem, err := os.ReadFile(f.certificate)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", f.certificate)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

func (f providerFlags) keys() (map[string]any, error) {
	if f.credentials == "" {
		return nil, nil //nolint:nilnil // none are given
	}
	text, err := os.ReadFile(f.credentials)
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("%s: %w", f.credentials, err)
	}
	return keys, nil
}

// standIn starts a stand-in for the run.
func (p *provider) standIn(f providerFlags) (string, replay.Provider, error) {
	setting := mockserver.WorldSetting{Clock: f.clock, Seed: f.seed, SigningClock: "world"}
	if f.clock == "" {
		setting.Clock = moment
	}
	s, err := mockserver.New(mockserver.Options{
		Vendors: []mockserver.Vendor{quickbi.New, wps.New, dataarts.New},
		World:   setting, CheckEveryReply: true,
		OnBug: func(err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.found = append(p.found, err.Error())
		},
	})
	if err != nil {
		return "", nil, err
	}
	addr, err := s.Listen("127.0.0.1:0", nil)
	if err != nil {
		return "", nil, err
	}
	p.stops = append(p.stops, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	target := "http://" + addr.String()
	return target, replay.InProcess{Server: s, URL: target}, nil
}

// serve starts the proxy on a free loopback port.
func (p *provider) serve(handler http.Handler) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(ln) }()
	p.stops = append(p.stops, func() { _ = srv.Close() })
	p.proxy = &url.URL{Scheme: "http", Host: ln.Addr().String()}
	p.statesURL = p.proxy.String() + replay.StatesPath
	return nil
}
