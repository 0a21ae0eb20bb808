package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/contracts/client/wps"
)

// recorded is a request as it stands on the wire, signed.
type recorded struct {
	method, path string
	wire         []byte
}

// recorder is the transport of a client whose requests are kept and not sent.
type recorder struct{ last *recorded }

var errRecorded = errors.New("recorded, not sent")

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, err
	}
	r.last = &recorded{req.Method, req.URL.Path, wire.Bytes()}
	return nil, errRecorded
}

// options make a client use the recorder. Checks are skipped: some requests are to be refused.
func (r *recorder) options() client.Options {
	return client.Options{HTTPClient: &http.Client{Transport: r}, Retry: client.RetryPolicy{MaxAttempts: 1}, SkipChecks: true}
}

// taken is the request that a call has just recorded.
func (r *recorder) taken(err error) (*recorded, error) {
	if !errors.Is(err, errRecorded) {
		return nil, fmt.Errorf("the client sent nothing: %w", err)
	}
	return r.last, nil
}

// environment is what countersign env says, as far as signing needs it.
type environment struct {
	DataArts struct {
		AK, SK, Workspace string
		ProjectID         string `json:"project_id"`
	}
	QuickBI struct {
		Key    string `json:"access_key_id"`
		Secret string `json:"access_key_secret"`
		Closed string `json:"closed_application_id"`
	}
	WPS struct {
		AppID       string `json:"app_id"`
		AppKey      string `json:"app_key"`
		AccessToken string `json:"access_token"`
	}
}

// signer makes the i-th request of a row.
type signer func(ctx context.Context, i int) (*recorded, error)

func (s *server) dataarts(r *recorder) (*dataarts.Client, error) {
	e := s.env.DataArts
	return dataarts.New(dataarts.Config{Endpoint: "http://" + s.addr, ProjectID: e.ProjectID, Workspace: e.Workspace,
		Credentials: dataarts.Credentials{AccessKey: e.AK, SecretKey: client.Secret(e.SK)}, Options: r.options()})
}

// lists asks for pages: offset says where the i-th begins.
func lists(limit int, offset func(i int) int) func(*server) (signer, error) {
	return finds("", limit, offset)
}

// finds is lists with a filter.
func finds(name string, limit int, offset func(i int) int) func(*server) (signer, error) {
	return func(s *server) (signer, error) {
		r := &recorder{}
		c, err := s.dataarts(r)
		return func(ctx context.Context, i int) (*recorded, error) {
			at := offset(i)
			_, err := c.ListApprovers(ctx, dataarts.ListApproversRequest{ApproverName: name, Limit: &limit, Offset: &at})
			return r.taken(err)
		}, err
	}
}

func always(offset int) func(int) int { return func(int) int { return offset } }

// anyPage draws pages of a list uniformly, the same in every run.
func anyPage(limit, records int) func(int) int {
	chance := rand.New(rand.NewPCG(1, 2))
	return func(int) int { return limit * chance.IntN(records/limit) }
}

// creates registers the members of the world file, one each. Without a name the request is to be refused.
func creates(named bool) func(*server) (signer, error) {
	return func(s *server) (signer, error) {
		r := &recorder{}
		c, err := s.dataarts(r)
		return func(ctx context.Context, i int) (*recorded, error) {
			in := dataarts.CreateApproverRequest{UserID: memberID(i), Email: "somebody@example.com", PhoneNumber: "17775558866"}
			if named {
				in.ApproverName = memberName(i)
			}
			_, err := c.CreateApprover(ctx, in)
			return r.taken(err)
		}, err
	}
}

// callbacks decides the demo world's closed application. Every request has a nonce of its own.
func callbacks(scheme quickbi.Scheme, status quickbi.Status) func(*server) (signer, error) {
	return func(s *server) (signer, error) {
		r := &recorder{}
		e := s.env.QuickBI
		c, err := quickbi.New(quickbi.Config{Endpoint: "http://" + s.addr, Scheme: scheme, Options: r.options(),
			Credentials: quickbi.Credentials{AccessKeyId: e.Key, AccessKeySecret: client.Secret(e.Secret)}})
		return func(ctx context.Context, _ int) (*recorded, error) {
			_, err := c.ResultCallback(ctx, quickbi.ResultCallbackRequest{ApplicationId: e.Closed, HandleReason: "同意", Status: status})
			return r.taken(err)
		}, err
	}
}

// definitions asks for the first page of that size.
func definitions(size int) func(*server) (signer, error) {
	return func(s *server) (signer, error) {
		r := &recorder{}
		e := s.env.WPS
		c, err := wps.New(wps.Config{Endpoint: "http://" + s.addr, Options: r.options(),
			Credentials: wps.Credentials{AppID: e.AppID, AppKey: client.Secret(e.AppKey), AccessToken: client.Secret(e.AccessToken)}})
		return func(ctx context.Context, _ int) (*recorded, error) {
			_, err := c.GetUserManageApprovalDefinitionList(ctx, wps.ListRequest{Page: &size})
			return r.taken(err)
		}, err
	}
}

// reply is what a server answered.
type reply struct {
	status      int
	contentType string
	// header are the other fields, less those that net/http adds by itself.
	header http.Header
	body   []byte
	took   time.Duration
}

// ask sends a recorded request over a connection of its own.
func (r *recorded) ask(ctx context.Context, addr string) (*reply, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	begin := time.Now()
	if _, err := conn.Write(r.wire); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	out := &reply{status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), header: resp.Header, body: body, took: time.Since(begin)}
	for _, name := range []string{"Content-Type", "Content-Length", "Date"} {
		out.header.Del(name)
	}
	return out, err
}

// memberID and memberName are of the i-th member of the world file for creations.
func memberID(i int) string   { return fmt.Sprintf("%032x", 0xbe0000000+i) }
func memberName(i int) string { return "member-" + strconv.Itoa(i) }
