package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

// mostChecked bounds the bodies that are held against the document, in bytes. Of longer ones only status and type are.
const mostChecked = 1 << 20

// strictAdmin is the document with every object of known properties closed, so that a field which is not documented is
// noticed. The document itself leaves replies open for fields to come.
var strictAdmin = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := describedAdmin()
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(doc.yaml)
	if err != nil {
		return nil, err
	}
	for _, ref := range spec.Components.Schemas {
		closeSchema(ref)
	}
	for _, item := range spec.Paths.Map() {
		for _, op := range item.Operations() {
			for _, r := range op.Responses.Map() {
				for _, m := range r.Value.Content {
					closeSchema(m.Schema)
				}
			}
		}
	}
	return spec, nil
})

func closeSchema(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		return
	}
	s := ref.Value
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, p := range s.Properties {
		if p.Ref == "" {
			closeSchema(p)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		closeSchema(s.Items)
	}
}

// checkAdmin holds what the admin API accepts and answers against its document. Leaving it is a bug of the stand-in.
func (s *Server) checkAdmin(c *gin.Context) {
	spec, err := strictAdmin()
	if err != nil {
		s.adminBug(c, err)
		return
	}
	item := spec.Paths.Value(documentedPath(c.FullPath()))
	if item == nil || item.GetOperation(c.Request.Method) == nil {
		s.adminBug(c, errors.New("the document has no such operation"))
		return
	}
	op := item.GetOperation(c.Request.Method)
	sent, answered := &tee{from: c.Request.Body}, &answerTee{ResponseWriter: c.Writer}
	c.Request.Body, c.Writer = sent, answered
	c.Next()
	if err := checkAdminReply(op, answered); err != nil {
		s.adminBug(c, err)
	}
	if answered.Status() < 300 {
		parameters := append(append(openapi3.Parameters{}, item.Parameters...), op.Parameters...)
		if err := checkAdminRequest(op, parameters, c.Request, &sent.kept); err != nil {
			s.adminBug(c, fmt.Errorf("it accepts what the document does not allow: %w", err))
		}
	}
}

func (s *Server) adminBug(c *gin.Context, err error) {
	s.bugs.Add(1)
	err = fmt.Errorf("admin API: %s %s: %w", c.Request.Method, c.FullPath(), err)
	s.log.Error("bug in the stand-in", "error", err)
	if s.onBug != nil {
		s.onBug(err)
	}
}

// documentedPath is a route of gin in the words of OpenAPI.
func documentedPath(route string) string {
	segments := strings.Split(route, "/")
	for i, seg := range segments {
		if strings.HasPrefix(seg, ":") || strings.HasPrefix(seg, "*") {
			segments[i] = "{" + seg[1:] + "}"
		}
	}
	return strings.Join(segments, "/")
}

func checkAdminReply(op *openapi3.Operation, a *answerTee) error {
	documented := op.Responses.Status(a.Status())
	if documented == nil {
		return fmt.Errorf("the status %d is not documented", a.Status())
	}
	content := documented.Value.Content
	if content["*/*"] != nil {
		return nil
	}
	if len(content) == 0 {
		if a.kept.total > 0 {
			return fmt.Errorf("the status %d is documented to have no body", a.Status())
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.Header().Get("Content-Type"))
	media := content.Get(kind)
	if err != nil || media == nil {
		return fmt.Errorf("the type %q is not documented for %d", a.Header().Get("Content-Type"), a.Status())
	}
	if kind != "application/json" || a.kept.total > mostChecked {
		return nil
	}
	return checkJSON(media.Schema.Value, a.kept.Bytes(), openapi3.VisitAsResponse())
}

func checkJSON(schema *openapi3.Schema, text []byte, as openapi3.SchemaValidationOption) error {
	var v any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	return schema.VisitJSON(v, as, openapi3.MultiErrors())
}

func checkAdminRequest(op *openapi3.Operation, parameters openapi3.Parameters, r *http.Request, body *kept) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	open := false // any further name is documented
	for _, p := range parameters {
		schema := p.Value.Schema.Value
		switch {
		case p.Value.In != "query":
		case schema.Type.Is("object"):
			open = true
		default:
			for _, text := range query[p.Value.Name] {
				if err := schema.VisitJSON(parameterValue(schema, text)); err != nil {
					return fmt.Errorf("%s=%s: %w", p.Value.Name, text, err)
				}
			}
			delete(query, p.Value.Name)
		}
	}
	if len(query) > 0 && !open {
		return fmt.Errorf("parameters that are not documented: %s", query.Encode())
	}
	switch {
	case body.total == 0 || body.total > mostChecked:
		return nil
	case op.RequestBody == nil:
		return errors.New("a body is not documented")
	case bytes.HasPrefix(body.Bytes(), []byte(PackedBegin)) && op.RequestBody.Value.Content.Get(PackedType) != nil:
		return nil // no JSON, whatever the request calls it
	}
	return checkJSON(op.RequestBody.Value.Content.Get("application/json").Schema.Value, body.Bytes(), openapi3.VisitAsRequest())
}

// parameterValue is a parameter's text as the JSON value that its schema is about.
func parameterValue(schema *openapi3.Schema, text string) any {
	switch {
	case schema.Type.Is("array"):
		return []any{text}
	case schema.Type.Is("integer"):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case schema.Type.Is("boolean"):
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// kept is the beginning of a body, and its length.
type kept struct {
	bytes.Buffer
	total int
}

func (k *kept) keep(p []byte) {
	if k.total += len(p); k.total <= mostChecked {
		k.Buffer.Write(p)
	}
}

// tee keeps what is read of a request's body.
type tee struct {
	from io.ReadCloser
	kept kept
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	t.kept.keep(p[:n])
	return n, err
}

func (t *tee) Close() error { return t.from.Close() }

// answerTee keeps what is answered.
type answerTee struct {
	gin.ResponseWriter
	kept kept
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answerTee) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerTee) Write(p []byte) (int, error) {
	a.kept.keep(p)
	return a.ResponseWriter.Write(p)
}

// WriteString is what gin's own writer has beside Write.
func (a *answerTee) WriteString(text string) (int, error) {
	a.kept.keep([]byte(text))
	return a.ResponseWriter.WriteString(text)
}
