package mockserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The parts of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/) that a server knows. Names that begin with an
// underscore are custom fields, which the format provides for.
type harEntry struct {
	Started time.Time   `json:"startedDateTime"`
	Time    float64     `json:"time"` // ms
	Request harRequest  `json:"request"`
	Reply   harResponse `json:"response"`
	Cache   struct{}    `json:"cache"`
	Timings harTimings  `json:"timings"`
	Comment string      `json:"comment,omitempty"`

	ID        uint64     `json:"_id"`
	World     string     `json:"_world"`
	Vendor    string     `json:"_vendor,omitempty"`
	Operation string     `json:"_operation,omitempty"`
	Error     *ErrorView `json:"_error,omitempty"`
}

type harRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	QueryString []harPair `json:"queryString"`
	PostData    *harPost  `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int       `json:"bodySize"`
}

type harPost struct {
	MIMEType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"_encoding,omitempty"`
}

type harResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []harPair  `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	Content     harContent `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int64      `json:"bodySize"`
}

type harContent struct {
	Size     int    `json:"size"`
	MIMEType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// harTimings has only what the server measures: from the end of the request's header to the last byte of the reply. The
// format wants send and receive; they are within wait.
type harTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
	Comment string  `json:"comment"`
}

const (
	harProtocol = "HTTP/1.1" // the only one that the server speaks
	harTiming   = "measured by the server, from the end of the request's header to the last byte of the reply; send and receive are within wait"
)

// WriteHAR writes the entries that a query selects as an HTTP archive (HAR 1.2), one after the other, without secrets.
// It returns how many evicted ones are missing. Errors: those of Find, w's.
func (s *Server) WriteHAR(w io.Writer, q JournalQuery) (missed uint64, err error) {
	sel, err := s.selection(q)
	if err != nil {
		return 0, err
	}
	return s.writeHAR(w, sel)
}

func (s *Server) writeHAR(w io.Writer, sel *selection) (uint64, error) {
	between := `{"log":{"version":"1.2","creator":{"name":"countersign","version":"1"},"entries":[` + "\n"
	missed, err := s.visit(sel, func(e *Entry) error {
		v := e.view(!sel.WithoutBodies)
		line, err := json.Marshal(harOf(&v))
		if err == nil {
			_, err = io.WriteString(w, between)
		}
		if err == nil {
			_, err = w.Write(line)
		}
		between = ",\n"
		return err
	})
	if err != nil {
		return missed, err
	}
	if between != ",\n" {
		if _, err := io.WriteString(w, between); err != nil {
			return missed, err
		}
	}
	_, err = fmt.Fprintf(w, "\n],\"comment\":%q}}\n", harComment(missed))
	return missed, err
}

func harComment(missed uint64) string {
	if missed == 0 {
		return "nothing that was asked for is missing"
	}
	return fmt.Sprintf("up to %d entries are missing: they were evicted to keep the journal within its budget", missed)
}

func harOf(v *EntryView) harEntry {
	e := harEntry{Started: v.Time, Time: v.Millis, ID: v.ID, World: v.World, Vendor: v.Vendor, Operation: v.Operation, Error: v.Error,
		Timings: harTimings{Wait: v.Millis, Comment: harTiming}}
	switch {
	case !v.Complete:
		e.Comment = "the reply is on its way"
	case v.ClientGone:
		e.Comment = "the reply could not be delivered whole"
	}
	_, query, _ := strings.Cut(v.Request.URI, "?")
	e.Request = harRequest{Method: v.Request.Method, URL: v.origin() + v.Request.URI, HTTPVersion: harProtocol, Cookies: []harPair{},
		Headers: harHeaders(v.Request.Header, v.Request.Host), QueryString: []harPair{}, HeadersSize: -1, BodySize: v.Request.BodyBytes}
	if pairs, _ := ParsePairs(query); len(pairs) > 0 {
		for _, p := range pairs {
			e.Request.QueryString = append(e.Request.QueryString, harPair(p))
		}
	}
	if v.Request.Body != "" {
		text, encoding := harText(v.Request.Body)
		e.Request.PostData = &harPost{v.Request.Header.Get("Content-Type"), text, encoding}
	}
	text, encoding := harText(v.Reply.Body)
	e.Reply = harResponse{Status: v.Reply.Status, StatusText: http.StatusText(v.Reply.Status), HTTPVersion: harProtocol, Cookies: []harPair{},
		Headers: harHeaders(v.Reply.Header, ""), HeadersSize: -1, BodySize: v.Bytes,
		Content: harContent{v.Reply.BodyBytes, v.Reply.Header.Get("Content-Type"), text, encoding}}
	return e
}

// origin is what stands before the request target in the URL: nothing, where the target is a URL already.
func (v *EntryView) origin() string {
	switch {
	case !strings.HasPrefix(v.Request.URI, "/"):
		return ""
	case v.Request.TLS:
		return "https://" + v.Request.Host
	}
	return "http://" + v.Request.Host
}

// harText is a body as text, or in Base64 where it is none.
func harText(body string) (text, encoding string) {
	if utf8.ValidString(body) {
		return body, ""
	}
	return base64.StdEncoding.EncodeToString([]byte(body)), "base64"
}

func harHeaders(h http.Header, host string) []harPair {
	out := []harPair{}
	if host != "" {
		out = append(out, harPair{"Host", host})
	}
	for _, name := range headerNames(h) {
		for _, v := range h[name] {
			out = append(out, harPair{name, v})
		}
	}
	return out
}

func headerNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
