package sdktest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// Stoplight's Prism stands between the SDKs and the server, once for each document, and holds every reply against it. A
// request may violate the document, on purpose; a reply may not.
//
// Prism writes JSON bodies anew, so that a signature over one only survives if the body was written the same way: create
// requests of DataArts go with a token. It sets its own Host; the SDKs are led to Prism below HTTP, by their transport, so
// that they sign the server's.
func TestPrism(t *testing.T) {
	t.Parallel()
	program := prismProgram(t)
	for _, rules := range server.Vendors() {
		v, err := specs.Load(rules.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range v.Documents {
			t.Run(d.File, func(t *testing.T) {
				t.Parallel()
				p := startPrism(t, program, "../../specs/"+d.File)
				for _, op := range v.Operations {
					if op.Document != d {
						continue
					}
					walk, ok := walks[op.ID]
					if !ok {
						t.Errorf("no requests are known for %s", op.ID)
						continue
					}
					p.begin(op)
					walk(t, p)
					p.wantEverything(t, v, op)
				}
			})
		}
	}
}

// What TestPrism reports: a document that wants other request ids than the server makes is one that Prism sees violated.
func TestPrismComplains(t *testing.T) {
	t.Parallel()
	program := prismProgram(t)
	dir := t.TempDir()
	for _, name := range []string{"approvers.yaml", "common.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "specs", "dataarts", name))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(string(text), "'^[0-9a-f]{32}$'", "'^never$'")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startPrism(t, program, filepath.Join(dir, "approvers.yaml"))
	p.begin(nil)
	env := newWorld(t, mockserver.WorldSetting{}).dataarts
	env.via = p
	listWithToken(t, env, env.Token)
	if len(p.violations) == 0 || !strings.Contains(p.violations[0], "response.header") {
		t.Errorf("violations %v of %d replies", p.violations, p.replies)
	}
}

func prismProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("prism")
	if err != nil {
		t.Skip("prism is not on the PATH; ./scripts/test has one")
	}
	return program
}

// validator is a running Prism and what came through it. It is a transport.
type validator struct {
	address string
	next    http.Transport

	mu         sync.Mutex
	operation  *specs.Operation
	replies    int
	statuses   map[int]int
	codes      map[string]bool // "status code", as "400 Application.NotExist"
	violations []string
}

var listening = regexp.MustCompile(`listening on http://(\S+)`)

// startPrism returns when Prism listens on the port that it chose.
func startPrism(t *testing.T, program, document string) *validator {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "proxy", "--host", "127.0.0.1", "--port", "0", document, serverURL)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &validator{}
	t.Cleanup(func() {
		p.next.CloseIdleConnections()
		cancel()
		_, _ = io.Copy(io.Discard, out) // until it has gone
		_ = cmd.Wait()                  // it was killed
	})
	var log bytes.Buffer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&log, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			p.address = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }() // it logs on; nobody reads that
			return p
		}
	}
	t.Fatalf("prism does not start: %v\n%s", lines.Err(), &log)
	return nil
}

func (p *validator) begin(op *specs.Operation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.operation, p.replies, p.statuses, p.codes, p.violations = op, 0, map[int]int{}, map[string]bool{}, nil
}

// RoundTrip sends a request to Prism, addressed to the server, and notes what Prism finds of the reply.
func (p *validator) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = out.URL.Host
	}
	out.URL.Host = p.address
	reply, err := p.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(reply.Body)
	reply.Body.Close()
	if err != nil {
		return nil, err
	}
	reply.Body = io.NopCloser(bytes.NewReader(body))
	p.note(r, reply, body)
	return reply, nil
}

func (p *validator) note(r *http.Request, reply *http.Response, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replies++
	p.statuses[reply.StatusCode]++
	p.codes[fmt.Sprint(reply.StatusCode, " ", codeOf(body))] = true
	complain := func(format string, args ...any) {
		p.violations = append(p.violations, fmt.Sprintf("%s %s: %d: ", r.Method, r.URL.RequestURI(), reply.StatusCode)+
			fmt.Sprintf(format, args...)+"\n"+string(body))
	}
	if strings.HasPrefix(reply.Header.Get("Content-Type"), "application/problem+json") {
		complain("Prism itself failed")
	}
	text := reply.Header.Get("sl-violations")
	if text == "" {
		return
	}
	var found []struct {
		Location []string
		Message  string
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		complain("cannot be read: %s", text)
	}
	for _, v := range found {
		if len(v.Location) == 0 || v.Location[0] == "response" {
			complain("%s %s", strings.Join(v.Location, "."), v.Message)
		}
		if v.Message == "Selected route not found" {
			complain("the document does not have the request, so that the reply is not held against anything")
		}
	}
}

// codeOf is the error code in a reply of any vendor, 0 or nothing in a success.
func codeOf(body []byte) string {
	var reply struct {
		Code      any    `json:"code" xml:"-"`
		ErrorCode string `json:"error_code" xml:"-"`
		Error     struct {
			Code json.Number `json:"code" xml:"-"`
		} `json:"error" xml:"-"`
	}
	var inXML struct{ Code string }
	switch {
	case json.Unmarshal(body, &reply) != nil:
		_ = xml.Unmarshal(body, &inXML)
		return inXML.Code
	case reply.ErrorCode != "":
		return reply.ErrorCode
	case reply.Error.Code != "":
		return reply.Error.Code.String()
	case reply.Code != nil:
		if n, ok := reply.Code.(float64); ok {
			return fmt.Sprintf("%.0f", n)
		}
		return fmt.Sprint(reply.Code)
	}
	return ""
}

// wantEverything wants no violation, a success, and every error that the operation documents.
func (p *validator) wantEverything(t *testing.T, v *specs.Vendor, op *specs.Operation) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, violation := range p.violations {
		t.Errorf("%s: %s", op.ID, violation)
	}
	if p.statuses[http.StatusOK]+p.statuses[http.StatusCreated] == 0 {
		t.Errorf("%s: no success among %v", op.ID, p.statuses)
	}
	for _, e := range v.Errors {
		want := fmt.Sprint(e.Status, " ", e.Code)
		if e.Operation == op.ID && !p.codes[want] {
			t.Errorf("%s: nothing was answered with %s (%s)", op.ID, want, e.Name)
		}
	}
	t.Logf("%s: %d replies, %v", op.ID, p.replies, p.statuses)
}

// stateView is a provider state as the admin API lists it.
type stateView struct{ Name, Vendor string }

// statesOf are a vendor's provider states by name, and before them the state that changes nothing.
func statesOf(t *testing.T, vendor string) []string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, serverURL+"/__admin/states", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := send(t, nil, r)
	var list struct{ States []stateView }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	names := []string{""}
	for _, s := range list.States {
		if s.Vendor == vendor {
			names = append(names, s.Name)
		}
	}
	if len(names) < 5 {
		t.Fatalf("only %v", names)
	}
	return names
}
