package mockserver_test

import (
	"net/http"
	"strings"
	"testing/fstest"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// acmeSpec is a vendor made for these tests: keys instead of signatures, one collection, every feature of the core.
const acmeSpec = `
openapi: 3.0.3
info: {title: Acme, version: "1"}
servers: [{url: "https://acme.{region}.test", variables: {region: {default: eu}}}]
x-vendor: acme
x-sources: {A: {title: Acme's page}}
x-collections:
  - {name: notes, schema: StoredNote, key: [id]}
  - {name: keys, schema: StoredKey, key: [key]}
x-assumptions:
  - id: AC-001
    title: Shape of the reply
    default: plain
    alternatives: [{value: plain, meaning: as documented}, {value: wrapped, meaning: in an object}]
    why: the page shows both
    overlay: wrapped
  - id: AC-002
    title: Content-Type
    default: demanded
    alternatives: [{value: demanded, meaning: refused without}, {value: lenient, meaning: any}]
    why: not said
x-errors:
  - {code: NoKey, status: 401, message: "No key.", condition: no key, grade: documented, sources: [A], cause: leave it out}
  - {code: NoPath, status: 404, message: "No such path.", condition: unknown path, grade: documented, sources: [A], cause: call another}
  - {code: NoMethod, status: 405, message: "No such method.", condition: wrong method, grade: documented, sources: [A], cause: use another}
  - {code: TooBig, status: 413, message: "Too big.", condition: body over the limit, grade: documented, sources: [A], cause: send more}
  - {code: BadRequest, status: 400, message: "Bad request.", condition: unreadable, grade: documented, sources: [A], cause: send garbage}
  - {code: Broken, status: 500, message: "Broken.", condition: a bug, grade: documented, sources: [A], cause: none}
  - {code: Slow, status: 429, message: "Slow down.", condition: too many calls, grade: documented, sources: [A], cause: a fault}
  - {code: Replayed, status: 400, message: "Replayed.", condition: nonce again, grade: documented, sources: [A], cause: send it twice}
paths:
  /acme/notes/{id}:
    get:
      operationId: GetNote
      x-grade: documented
      x-sources: [A]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, maxLength: 8}}
        - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 10}}
        - {name: mode, in: query, required: true, x-allow-empty: true, schema: {type: string, enum: ["", "a", "b"]}}
      x-refusals: {missing: Missing, malformed: Malformed, range: Range}
      x-errors: &errors
        - {code: Missing, status: 400, message: "%s is missing.", condition: absent, grade: documented, sources: [A], cause: leave it out}
        - {code: Malformed, status: 400, message: "%s is malformed.", condition: type, grade: documented, sources: [A], cause: send text}
        - {code: Range, status: 400, message: "%s is out of range.", condition: bound, grade: documented, sources: [A], cause: send 11}
        - {code: NoNote, status: 404, message: "No note %s.", condition: unknown id, grade: documented, sources: [A], cause: ask for another}
      responses: &replies
        "200":
          description: the note
          x-overlays: {AC-001: {wrapped: Wrapped}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
        default:
          description: an error
          content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
  /acme/notes:
    post:
      operationId: PutNote
      x-grade: documented
      x-sources: [A]
      x-headers:
        - {name: Content-Type, media-types: [application/json], when: body, refusal: Malformed, assumption: AC-002}
      x-refusals: {missing: Missing, malformed: Malformed, range: Range}
      x-errors: *errors
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
      responses: *replies
components:
  schemas:
    Note:
      type: object
      required: [id, text]
      properties:
        id: {type: string, pattern: "^[a-z0-9]+$"}
        text: {type: string, maxLength: 20}
        secret: {type: string, x-secret: true}
        count: {type: integer, format: int32}
    StoredNote:
      type: object
      x-grade: assumed
      required: [id, text]
      additionalProperties: false
      properties:
        id: {type: string, pattern: "^[a-z0-9]+$"}
        text: {type: string, maxLength: 20}
        secret: {type: string}
        count: {type: integer, format: int32}
    StoredKey: {type: object, x-grade: assumed, required: [key], additionalProperties: false, properties: {key: {type: string, minLength: 1}}}
    Wrapped:
      type: object
      x-grade: documented
      x-sources: [A]
      required: [note]
      properties: {note: {$ref: "#/components/schemas/Note"}}
    Error:
      type: object
      required: [code, message]
      properties: {code: {type: string}, message: {type: string}, reason: {type: string}}
`

type note struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Secret string `json:"secret,omitempty"`
	Count  *int   `json:"count,omitempty"`
}

type key struct {
	Key string `json:"key"`
}

var (
	notes = store.NewTable("notes", func(n *note) string { return n.ID },
		store.Index[*note]{Name: "by_text", Key: func(n *note) (string, bool) { return store.Key(n.Text), true }}).
		Schema("StoredNote")
	keys = store.NewTable("keys", func(k *key) string { return k.Key }).
		Claims(func(k *key) []string { return []string{"key:" + k.Key} }).
		Schema("StoredKey")
)

type acmeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
}

func acme(mockserver.Env) (*mockserver.Plug, error) {
	spec, err := specs.RulesFS(fstest.MapFS{"acme/acme.yaml": {Data: []byte(acmeSpec)}}, "acme")
	if err != nil {
		return nil, err
	}
	return &mockserver.Plug{
		Name: "acme", Spec: spec, Paths: []string{"/acme/"},
		Identify: func(r *mockserver.Request, claims []mockserver.Claim) []mockserver.Claim {
			return append(claims, mockserver.Claim{Kind: "key:", Value: r.Header.Get("X-Key")})
		},
		Authenticate: acmeAuthenticate,
		Refuse:       acmeRefuse,
		Success:      acmeSuccess,
		Failure: func(_ *mockserver.Call, r *mockserver.Refusal) any {
			return acmeError{r.Code, r.Message, r.Reason()}
		},
		Throttle: "Slow",
		Furnish: func(c *mockserver.Call, r *mockserver.Refusal, retryAfter time.Duration) {
			if r.Entry.Name == "Slow" {
				c.ReplyHeader().Set("X-Wait", retryAfter.String())
			}
		},
		Handlers:    map[string]mockserver.Handler{"GetNote": getNote, "PutNote": putNote},
		Collections: []*store.Collection{notes.Collection(), keys.Collection()},
		States:      []mockserver.State{{Name: "a note", Doc: "makes a note", Params: []string{"id", "count"}, Apply: noteState}},
		Demo: func(s *mockserver.Setup) error {
			return s.Load([]byte(`{"notes": [{"id": "demo", "text": "hello"}], "keys": [{"key": "demo-key"}]}`))
		},
		Mint:     mintKey,
		Describe: describeKey,
	}, nil
}

func acmeAuthenticate(c *mockserver.Call) error {
	if _, err := keys.Get(c.Tx, c.Header.Get("X-Key")); err != nil {
		c.ExplainWith(func() *mockserver.Explanation {
			e := &mockserver.Explanation{Scheme: "key", Problem: "unknown key", ClientSignature: "sig-of-ab"}
			return e.Diagnose("aé", []mockserver.Attempt{{Mistake: "other", Signature: "x"}, {Mistake: "swapped", Text: "aè", Signature: "sig-of-ab"}})
		})
		return c.Refuse("NoKey")
	}
	if n := c.Header.Get("X-Nonce"); n != "" && !c.UseNonce(c.SigningNow().Add(time.Minute), n) {
		return c.Refuse("Replayed")
	}
	return nil
}

func acmeRefuse(c *mockserver.Call, r mockserver.Reason) *mockserver.Refusal {
	return c.Refuse(map[mockserver.Reason]string{mockserver.NoSuchOperation: "NoPath", mockserver.NoSuchMethod: "NoMethod",
		mockserver.TooLarge: "TooBig", mockserver.Unreadable: "BadRequest", mockserver.Broken: "Broken"}[r])
}

func acmeSuccess(c *mockserver.Call, v any) any {
	if c.Switch("AC-001") == "wrapped" {
		return map[string]any{"note": v}
	}
	return v
}

func getNote(c *mockserver.Call) (any, error) {
	id, _ := c.Text("id")
	switch id {
	case "panic":
		panic("asked to")
	case "leaves":
		return map[string]any{"id": 1}, nil
	}
	n, err := notes.Get(c.Tx, id)
	if err != nil {
		return nil, c.Refuse("NoNote", id)
	}
	return n, nil
}

func putNote(c *mockserver.Call) (any, error) {
	n := new(note)
	if err := c.BindBody(n); err != nil {
		return nil, err
	}
	if err := notes.Put(c.Tx, n); err != nil {
		return nil, err
	}
	if strings.HasPrefix(n.Text, "undo") {
		return nil, c.Refuse("NoNote", n.ID)
	}
	return n, nil
}

func noteState(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	count, err := p.Int("count", 1)
	if err != nil {
		return nil, err
	}
	id := p.Text("id", mockserver.Hex(s.Rand, 6))
	return map[string]any{"id": id}, notes.Put(s.Tx, &note{ID: id, Text: "made", Count: &count})
}

func mintKey(s *mockserver.Setup) error {
	all, err := keys.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	for _, old := range all {
		if err == nil {
			err = keys.Delete(s.Tx, old.Key)
		}
		if err == nil {
			err = keys.Put(s.Tx, &key{Key: mockserver.Hex(s.Rand, 16)})
		}
	}
	return err
}

func describeKey(s *mockserver.Setup, base string) (any, error) {
	k, err := keys.First(s.Tx, store.PrimaryIndex, "")
	if err != nil {
		return nil, err
	}
	return map[string]string{"url": base, "key": k.Key}, nil
}

func withKey(h http.Header, key string) http.Header {
	h.Set("X-Key", key)
	return h
}
