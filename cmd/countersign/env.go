package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// askTimeout bounds how long env waits for a server.
const askTimeout = 10 * time.Second

type envFlags struct {
	url, world, token, ca string
	format                choice
}

func (a *app) envCommand() *cobra.Command {
	f := &envFlags{format: oneOf("shell", "json", "dotenv")}
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print what an SDK needs to talk to the server",
		Long: `Print the URLs, credentials and ids that SDKs and tests need.

With --url the running server is asked, and without an answer it fails. Without --url it prints what a server with the
demo world on the default address (` + defaultAddr + `) would say; no server is needed for that.`,
		Example: `  eval "$(countersign env)"
  countersign env --url http://127.0.0.1:8750 --format json
  countersign env --url https://127.0.0.1:8751 --format dotenv > .env
  countersign env --url http://127.0.0.1:8750 --world world-1 --format json | jq -r .dataarts.token`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.env(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.url, "url", "", "`URL` of a running server to ask")
	flags.StringVar(&f.world, "world", mockserver.DefaultWorld, "`NAME` of the world to ask for (with --url)")
	f.format.addTo(cmd, "format", "export lines for a shell, JSON, or a .env file")
	flags.StringVar(&f.token, "admin-token", "", "`TOKEN` of the server's admin API; default $"+tokenVariable)
	flags.StringVar(&f.ca, "ca-certificate", "", "certificate `FILE` (PEM) to trust besides the system's and the one that serve makes")
	completeFiles(cmd, "ca-certificate")
	return cmd
}

func (a *app) env(ctx context.Context, f *envFlags) error {
	var data []byte
	var err error
	if f.url == "" {
		data, err = a.demoEnv(ctx, f)
	} else {
		data, err = a.askEnv(ctx, f)
	}
	if err != nil {
		return err
	}
	if f.format.value == "json" {
		var out bytes.Buffer
		if err := json.Indent(&out, data, "", "  "); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, strings.TrimSpace(out.String()))
		return err
	}
	return a.printVariables(data, f.format.value)
}

// demoEnv works out what a server with the demo world on the default address says.
func (a *app) demoEnv(ctx context.Context, f *envFlags) ([]byte, error) {
	if f.world != mockserver.DefaultWorld {
		return nil, usagef("--world %s: only a running server knows it; name the server with --url", f.world)
	}
	srv, err := mockserver.New(mockserver.Options{Vendors: a.plugs(), Wall: a.now})
	if err != nil {
		return nil, err
	}
	w, err := srv.World(mockserver.DefaultWorld)
	if err != nil {
		return nil, err
	}
	env, err := w.Env(ctx, "http://"+defaultAddr)
	if err != nil {
		return nil, err
	}
	if file, ok := a.madeCA(); ok {
		env["ca_certificate"] = file
	}
	return json.Marshal(env)
}

// madeCA is the certificate of the CA that serve made earlier, if it did.
func (a *app) madeCA() (string, bool) {
	dir, err := a.caDir()
	if err != nil {
		return "", false
	}
	file := filepath.Join(dir, caFile)
	_, err = os.Stat(file)
	return file, err == nil
}

// askEnv asks a running server.
func (a *app) askEnv(ctx context.Context, f *envFlags) ([]byte, error) {
	base, err := url.Parse(f.url)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, usagef("--url %q: want a URL such as http://%s", f.url, defaultAddr)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	target := base.JoinPath("__admin", "worlds", f.world, "env").String()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	if f.token == "" {
		f.token = a.getenv(tokenVariable)
	}
	if f.token != "" {
		req.Header.Set("Authorization", "Bearer "+f.token)
	}
	client, err := a.client(f.ca)
	if err != nil {
		return nil, err
	}
	data, err := fetch(client, req)
	return data, whyNoAnswer(f.url, err)
}

// client trusts the system's certificates, the CA that serve makes and the one given.
func (a *app) client(given string) (*http.Client, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file, ok := a.madeCA(); ok {
		if text, err := os.ReadFile(file); err == nil {
			pool.AppendCertsFromPEM(text)
		}
	}
	if given != "" {
		text, err := os.ReadFile(given)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", given)
		}
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}, nil
}

// refusedError is a refusal of a server's admin API.
type refusedError struct {
	status int
	text   string
}

func (e *refusedError) Error() string { return e.text }

// errNotCountersign says that something else answered.
var errNotCountersign = errors.New("what answers there is not countersign")

// mostAnswer bounds what is read of an answer, in bytes.
const mostAnswer = 16 << 20

// fetch asks an admin API for a JSON object. Errors: *refusedError, errNotCountersign, the client's own.
func fetch(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return nil, errNotCountersign
	}
	if resp.StatusCode == http.StatusOK {
		return data, nil
	}
	var text string
	if json.Unmarshal(fields["countersign"], &text) != nil || text == "" {
		return nil, errNotCountersign
	}
	return nil, &refusedError{resp.StatusCode, text}
}

// whyNoAnswer puts a failed question into words that help.
func whyNoAnswer(server string, err error) error {
	var refused *refusedError
	var untrusted *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized:
		return fmt.Errorf("%s: %s; give it with --admin-token or $%s", server, refused.text, tokenVariable)
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %s", server, refused.text)
	case errors.Is(err, errNotCountersign):
		return fmt.Errorf("%s: %w", server, err)
	case errors.As(err, &untrusted):
		return fmt.Errorf("%s: %w; name the certificate to trust with --ca-certificate", server, untrusted.Err)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("no server answers at %s (%w); start one with 'countersign serve'", server, err)
}
