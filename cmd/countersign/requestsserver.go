package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// runningServer is a server whose admin API a command asks.
type runningServer struct{ url, token, ca string }

func (r *runningServer) addTo(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&r.url, "url", "http://"+defaultAddr, "`URL` of the running server")
	flags.StringVar(&r.token, "admin-token", "", "`TOKEN` of the server's admin API; default $"+tokenVariable)
	flags.StringVar(&r.ca, "ca-certificate", "", "certificate `FILE` (PEM) to trust besides the system's and the one that serve makes")
	completeFiles(cmd, "ca-certificate")
}

// question is a request to the admin API.
type question struct {
	method string
	path   []string // behind /__admin
	query  url.Values
	body   any // an io.Reader is sent as it is, anything else as JSON
	header http.Header
	// fine are the statuses besides 200 that are answers, not refusals.
	fine []int
}

// askWithin asks and reads the whole answer, which is bounded in time and size.
func (a *app) askWithin(ctx context.Context, r *runningServer, q question) (status int, data []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	resp, err := a.ask(ctx, r, q)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err == nil && len(data) > mostAnswer {
		err = fmt.Errorf("the answer is longer than %d MiB: ask for fewer entries with --limit", mostAnswer>>20)
	}
	return resp.StatusCode, data, whyNoAnswer(r.url, err)
}

// ask asks and leaves the answer to be read. Its error is in words that help.
func (a *app) ask(ctx context.Context, r *runningServer, q question) (*http.Response, error) {
	req, err := a.adminRequest(ctx, r, q)
	if err != nil {
		return nil, err
	}
	client, err := a.client(r.ca)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, whyNoAnswer(r.url, err)
	}
	if resp.StatusCode == http.StatusOK || slices.Contains(q.fine, resp.StatusCode) {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, whyNoAnswer(r.url, refusal(resp))
}

func (a *app) adminRequest(ctx context.Context, r *runningServer, q question) (*http.Request, error) {
	base, err := url.Parse(r.url)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, usagef("--url %q: want a URL such as http://%s", r.url, defaultAddr)
	}
	target := base.JoinPath(append([]string{"__admin"}, q.path...)...)
	target.RawQuery = q.query.Encode()
	var body io.Reader = http.NoBody
	if given, is := q.body.(io.Reader); is {
		body = given
	} else if q.body != nil {
		data, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	token := r.token
	if token == "" {
		token = a.getenv(tokenVariable)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// refusal is what a server says that refuses, or errNotCountersign.
func refusal(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	var said struct {
		Countersign string `json:"countersign"`
	}
	if json.Unmarshal(data, &said) != nil || said.Countersign == "" {
		return errNotCountersign
	}
	return &refusedError{resp.StatusCode, said.Countersign}
}

// answered reads an answer of a known form.
func answered(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return errors.Join(errNotCountersign, err)
	}
	return nil
}

// moment is a time, or how long ago.
func moment(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, usagef("%q: want a time such as 2026-01-15T08:00:00Z, or how long ago, such as 5m", text)
	}
	return at, nil
}
