package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// prismMock starts Stoplight's mock server on every document and sends an example request to every operation. Each
// document is one check.
func prismMock(ctx context.Context, p *project) (t tally) {
	documents, err := p.documents(ctx)
	if err != nil {
		t.one("prism mock", err)
		return t
	}
	for _, d := range documents {
		t.one("prism mock "+d, p.mockOne(ctx, d))
	}
	return t
}

func (p *project) mockOne(ctx context.Context, document string) error {
	doc, err := p.bundle(ctx, document)
	if err != nil {
		return err
	}
	bin, err := p.nodeTools(ctx)
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, port, _ := net.SplitHostPort(address)
	server := p.command(ctx, "", bin+"/prism", "mock", "--host", "127.0.0.1", "--port", port, document)
	var log bytes.Buffer // read only after Wait
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- server.Wait() }()
	count, err := p.askAll(ctx, doc, address, gone)
	cancel()
	if stopped := <-gone; err == nil && stopped == nil {
		err = fmt.Errorf("prism ended by itself")
	}
	if err != nil {
		fmt.Fprintf(p.out, "%s", log.Bytes())
		return err
	}
	fmt.Fprintf(p.out, "%s: %d operations answer their example and refuse an empty request\n", document, count)
	return nil
}

// askAll waits for the server and asks every operation.
func (p *project) askAll(ctx context.Context, doc *openAPI, address string, gone chan error) (int, error) {
	if err := await(ctx, address, gone); err != nil {
		return 0, err
	}
	operations := doc.operations()
	for _, op := range operations {
		if err := ask(ctx, op, "http://"+address); err != nil {
			return 0, fmt.Errorf("%s %s: %w", op.method, op.path, err)
		}
	}
	if len(operations) == 0 {
		return 0, fmt.Errorf("no operation")
	}
	return len(operations), nil
}

// bundle is the document as JSON, with every reference replaced by what it refers to.
func (p *project) bundle(ctx context.Context, document string) (*openAPI, error) {
	cmd, err := p.redocly(ctx, "bundle", "--dereferenced", "--ext", "json", document)
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("redocly bundle: %w: %s", err, stderrOf(err))
	}
	doc := &openAPI{}
	return doc, json.Unmarshal(out, doc)
}

// ask sends the operation's example request, which must be answered with the documented success, and, where the
// operation demands anything, an empty one, which must be refused.
func ask(ctx context.Context, op operation, base string) error {
	good, err := op.request(ctx, base)
	if err != nil {
		return err
	}
	status, body, err := send(good)
	if err != nil {
		return err
	}
	if want := op.success(); status != want {
		return fmt.Errorf("example request %s answered %d, not %d: %s", good.URL, status, want, body)
	}
	if op.returnsJSON() && !json.Valid(body) {
		return fmt.Errorf("example request answered with broken JSON: %s", body)
	}
	if !op.demands() {
		return nil
	}
	empty, err := http.NewRequestWithContext(ctx, op.method, base+op.path, nil)
	if err != nil {
		return err
	}
	status, body, err = send(empty)
	if err == nil && (status < 400 || status > 499) {
		err = fmt.Errorf("a request with nothing in it answered %d, not 4xx: %s", status, body)
	}
	return err
}

// send returns status and body. Prism tells violations that it lets pass in a header; they are errors here.
func send(r *http.Request) (int, []byte, error) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if v := resp.Header.Get("sl-violations"); err == nil && v != "" && resp.StatusCode < 300 {
		err = fmt.Errorf("prism finds: %s", v)
	}
	return resp.StatusCode, body, err
}

// await returns when the address accepts connections, or when the server has gone.
func await(ctx context.Context, address string, gone chan error) error {
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-gone:
			gone <- err // mockOne waits for it too
			return fmt.Errorf("prism did not start: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// openAPI is what of a document is needed to send its example requests.
type openAPI struct {
	Security   []map[string][]string
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		SecuritySchemes map[string]securityScheme
	}
}

type securityScheme struct{ Type, In, Name, Scheme string }

// operations are all of the document's operations, sorted by path and method.
func (d *openAPI) operations() []operation {
	var all []operation
	for path, item := range d.Paths {
		var shared []parameter
		_ = json.Unmarshal(item["parameters"], &shared)
		for method, raw := range item {
			if !slices.Contains([]string{"get", "put", "post", "delete", "patch"}, method) {
				continue
			}
			op := operation{method: strings.ToUpper(method), path: path, schemes: d.Components.SecuritySchemes}
			op.broken = json.Unmarshal(raw, &op)
			if op.Security == nil { // an empty list is a word of its own: no credentials
				op.Security = d.Security
			}
			op.Parameters = append(op.Parameters, shared...)
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return all
}
