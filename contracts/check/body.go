package check

import (
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"
)

// body is a body of a request or response.
type body struct {
	// place is where the content stands. Its node is the JSON value if isJSON, also where the file has it as a text.
	place
	isJSON bool
	// text is the content of a body that is no JSON.
	text string
	// media is the media type without parameters, in lower case; empty if the file does not say.
	media string
	// mediaAt is where the media type stands, or the message where it does not.
	mediaAt place
}

// formType is the media type of HTML forms.
const formType = "application/x-www-form-urlencoded"

func mediaType(value string) string {
	if media, _, err := mime.ParseMediaType(value); err == nil {
		return media
	}
	v, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(v))
}

func isJSONType(media string) bool {
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// readBody reads the body of a message. nil, null, "" and {} (version 4) are none. In version 4 the body is an object with
// content, contentType and encoded; before, it is the content.
func (in *interaction) readBody(message place, headers []pair) *body {
	at := message.field("body")
	if at.isNull() {
		return nil
	}
	b := &body{place: at, mediaAt: message}
	if h, ok := header(headers, "Content-Type"); ok {
		b.media, b.mediaAt = mediaType(h.value), h.place
	}
	encoded := ""
	if in.pact.Version == 4 && at.kind == object && (at.fields["content"] != nil || len(at.fields) == 0) {
		if t := at.field("contentType"); b.media == "" && t.node != nil {
			value, _ := t.text()
			b.media, b.mediaAt = mediaType(value), t
		}
		encoded, _ = at.field("encoded").text()
		b.place = at.field("content")
	}
	if s, isText := b.string(); b.isNull() || isText && s == "" {
		return nil
	}
	in.readContent(b, encoded)
	return b
}

func (in *interaction) readContent(b *body, encoded string) {
	s, isText := b.string()
	if !isText {
		b.isJSON = true
		return
	}
	switch strings.ToLower(encoded) {
	case "", "false", "json":
	default: // "base64", and "true" of older writers
		raw, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			in.bad(b.place, "the content is not Base64: %v", err)
			return
		}
		s = string(raw)
	}
	b.text = s
	if b.media != "" && !isJSONType(b.media) || !utf8.ValidString(s) {
		return
	}
	// A text with a JSON media type is a JSON document for some writers and a JSON string for others: what is an object
	// or an array is taken for a document.
	switch n, err := parse([]byte(s)); {
	case err == nil && (n.kind != scalar || encoded != "" && encoded != "false"):
		n.moveTo(b.offset)
		b.node, b.isJSON = n, true
	case b.media != "" && (encoded == "" || encoded == "false"):
		b.isJSON = true // a JSON string
	}
}
