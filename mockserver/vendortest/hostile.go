package vendortest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// exchange sends raw bytes over a connection of their own and reads one reply. The deadline is only there so that a
// hang fails instead of hanging the test.
func exchange(t *testing.T, base string, raw []byte) (*http.Response, []byte) {
	t.Helper()
	u := must(url.Parse(base))(t)
	var d net.Dialer
	conn := must(d.DialContext(t.Context(), "tcp", u.Host))(t)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(raw); err != nil {
		t.Logf("write: %v", err) // the server may answer and close before it has read everything
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("no reply: %v\n%.300q", err, raw)
		return nil, nil
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Errorf("reply cut short: %v", err)
	}
	return resp, body
}

// rawRequest writes a request without any of the cleaning that net/http does.
func rawRequest(method, target, host string, headers []string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, host)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

func (s *suite) nothingBreaksIt(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	host := strings.TrimPrefix(srv.URL, "http://")
	r := rand.New(rand.NewPCG(11, 12)) //nolint:gosec // must be repeatable
	for range 400 {
		raw := s.oddRequest(r, host)
		resp, body := exchange(t, srv.URL, raw)
		if resp == nil {
			return
		}
		if resp.StatusCode >= 500 {
			t.Errorf("status %d for %.400q:\n%s", resp.StatusCode, raw, body)
		}
		s.wantEnvelope(t, resp, body, raw)
	}
}

// wantEnvelope checks that a reply is the vendor's: JSON or XML, and not countersign's own.
func (s *suite) wantEnvelope(t *testing.T, resp *http.Response, body, raw []byte) {
	t.Helper()
	if len(body) == 0 || resp.StatusCode == http.StatusBadRequest && resp.Header.Get("Content-Type") == "text/plain; charset=utf-8" {
		return // HEAD, or HTTP itself was broken and net/http said so
	}
	var v map[string]any
	if json.Unmarshal(body, &v) != nil && wellFormed(body) != nil {
		t.Errorf("neither JSON nor XML: %.200q for %.300q", body, raw)
	}
	if v["countersign"] != nil {
		t.Errorf("countersign's own reply instead of the vendor's: %s for %.300q", body, raw)
	}
}

func wellFormed(body []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// oddRequest draws a request to one of the vendor's paths with valid and invalid parts mixed.
func (s *suite) oddRequest(r *rand.Rand, host string) []byte {
	op := s.plug.Spec.Operations[r.IntN(len(s.plug.Spec.Operations))]
	target := op.Path
	for strings.Contains(target, "{") {
		from, to := strings.IndexByte(target, '{'), strings.IndexByte(target, '}')
		target = target[:from] + pick(r, "x", "%7Bproject_id%7D", "%ff", "..", "0833a5737480d53b2f25c010dc1a7b88") + target[to+1:]
	}
	target += pick(r, "", "", "", "/", "//", "/more", "%2F")
	if len(s.plug.Paths) == 1 && s.plug.Paths[0] == "/" {
		target = "/"
	}
	if q := oddQuery(r, op); q != "" {
		target += "?" + q
	}
	method := pick(r, op.Method, op.Method, op.Method, "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "BREW")
	var body []byte
	if method == "POST" || r.IntN(4) == 0 {
		body = []byte(pick(r, "", "{}", "[]", "null", "{", `{"a":`+strings.Repeat("[", 2000), oddQuery(r, op), "\xff\xfe\x00", `{"approver_name":1e999}`))
	}
	if method == "HEAD" {
		method = "GET"
	}
	return rawRequest(method, target, host, oddHeaders(r, op), body)
}

func oddQuery(r *rand.Rand, op *specs.OperationRules) string {
	var parts []string
	for _, p := range op.Params {
		if p.In == "query" && r.IntN(2) == 0 {
			parts = append(parts, p.Name+"="+oddValue(r))
		}
	}
	for range r.IntN(3) {
		parts = append(parts, pick(r, "Action", "Version", "Signature", "AccessKeyId", "Timestamp", "SignatureNonce", "Format", "limit", "x", "%", "=", "&", ";")+"="+oddValue(r))
	}
	return strings.Join(parts, "&")
}

func oddValue(r *rand.Rand) string {
	return pick(r, "", "0", "-1", "1", "99999999999999999999", "1e5", "%00", "%ff", "%zz", "a+b", "%E5%AE%A1", "ResultCallback", "2022-01-01",
		"%F0%9F%98%80", strings.Repeat("x", 3000), "'%22<script>", "null", "true")
}

func oddHeaders(r *rand.Rand, op *specs.OperationRules) []string {
	var headers []string
	for _, p := range op.Params {
		if p.In == "header" && r.IntN(2) == 0 {
			headers = append(headers, p.Name+": "+pick(r, "", "x", strings.Repeat("y", 5000), "\xe5\xae\xa1"))
		}
	}
	for range r.IntN(4) {
		headers = append(headers, pick(r,
			"Authorization: Bearer x", "Authorization: ", "Authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders=,Signature=",
			"Authorization: ACS3-HMAC-SHA256", "Authorization: SDK-HMAC-SHA256 Access=a, SignedHeaders=host;;x-sdk-date, Signature=zz",
			"Authorization: SDK-HMAC-SHA256 ", "X-Sdk-Date: 20261121T172635Z", "X-Sdk-Date: x", "x-acs-action: ResultCallback",
			"x-acs-version: 2022-01-01", "x-acs-date: never", "x-acs-signature-nonce: 1", "X-Kso-Date: Wed, 23 Jan 2013 06:43:08 GMT",
			"X-Kso-Authorization: KSO-1 a:b", "X-Kso-Authorization: KSO-1", "X-Auth-Token: ", "X-Auth-Token: x",
			"Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded", "Content-Type: text/html", "Content-Type: ;;",
			"Accept: text/xml", "X-Project-Id: x", "workspace: x"))
	}
	return headers
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func (s *suite) tooLarge(t *testing.T) {
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{s.vendor}, MaxBody: 1 << 12})
	host := strings.TrimPrefix(srv.URL, "http://")
	for _, op := range s.plug.Spec.Operations {
		target := strings.NewReplacer("{", "", "}", "").Replace(op.Path)
		raw := rawRequest("POST", target, host, nil, bytes.Repeat([]byte("x"), 1<<12+1))
		resp, body := exchange(t, srv.URL, raw)
		if resp == nil {
			continue
		}
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: status %d: %s", op.ID, resp.StatusCode, body)
		}
		s.wantEnvelope(t, resp, body, raw[:100])
	}
}

func (s *suite) halfSent(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	u := must(url.Parse(srv.URL))(t)
	for _, op := range s.plug.Spec.Operations {
		target := strings.NewReplacer("{", "", "}", "").Replace(op.Path)
		var d net.Dialer
		conn := must(d.DialContext(t.Context(), "tcp", u.Host))(t).(*net.TCPConn)
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\n{", target, u.Host); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		reply := must(io.ReadAll(conn))(t)
		conn.Close()
		if bytes.HasPrefix(reply, []byte("HTTP/1.1 5")) {
			t.Errorf("%s: %.200q", op.ID, reply)
		}
	}
	if n := srv.Bugs(); n != 0 {
		t.Errorf("%d bugs counted", n)
	}
}
