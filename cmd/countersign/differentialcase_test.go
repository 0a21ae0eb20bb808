package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// trial is one request, and what was done to it.
type trial struct {
	subject *subject
	method  string
	path    string
	query   string
	header  http.Header
	body    []byte
	changes []string
	// lenient says that it goes to the lenient world.
	lenient bool
}

func (t *trial) String() string {
	text := fmt.Sprintf("%s: %s %.600q\n", t.subject.op.ID, t.method, t.target())
	header := t.fullHeader()
	for _, name := range sortedNames(header) {
		for _, value := range header[name] {
			text += fmt.Sprintf("%s: %.600q\n", name, value)
		}
	}
	return text + fmt.Sprintf("%.1500q", t.body)
}

func sortedNames(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// draft is a request while it is changed.
type draft struct {
	*rand.Rand
	subject     *subject
	method      string
	args        map[string]string
	query, form []sent
	header      []sent
	body        *sketch
	changes     []string
	// contentType is that of the body; nil: none is sent.
	contentType *string
	// rawQuery and rawBody, if set, change the bytes once they are written.
	rawQuery, rawBody func(text string) string
}

// sent is a name and a value as somebody sends them.
type sent struct {
	name, value string
	// raw says that they are put down as they are; bare that there is no equals sign.
	raw, bare bool
}

// newTrial draws the case of a number: the same for the same seed and number.
func newTrial(subjects []*subject, seed, n uint64) *trial {
	d := &draft{Rand: rand.New(rand.NewPCG(seed, n)), args: map[string]string{}}
	d.subject = subjects[d.IntN(len(subjects))]
	d.draw()
	for range [...]int{0, 0, 1, 1, 1, 1, 1, 2, 2, 3}[d.IntN(10)] {
		d.change()
	}
	return d.finish()
}

// draw makes a request that the document most likely takes.
func (d *draft) draw() {
	op := d.subject.op
	d.method = op.Method
	if len(op.Also) > 0 && d.IntN(3) == 0 {
		d.method = strings.ToUpper(anyOf(d.Rand, op.Also...))
	}
	asForm := op.RPC != nil && d.IntN(2) == 0
	for _, in := range op.Parameters {
		if !in.Required && d.IntN(3) == 0 {
			continue
		}
		d.send(in, wordingOf(in.Schema.Value).good(d.Rand), asForm && d.IntN(3) > 0)
	}
	if asForm {
		d.media(formMedia)
	}
	if body := op.Spec.RequestBody; body != nil {
		for media, content := range body.Value.Content { // one each
			d.media(media)
			d.body = sketchWith(d.Rand, content.Schema.Value, 2*d.IntN(2))
		}
	} else if !asForm && len(op.Headers) > 0 && len(op.Headers[0].MediaTypes) > 0 {
		d.media(op.Headers[0].MediaTypes[0])
	}
}

func (d *draft) send(in *openapi3.Parameter, value string, asForm bool) {
	switch in.In {
	case openapi3.ParameterInPath:
		d.args[in.Name] = url.PathEscape(value)
	case openapi3.ParameterInHeader:
		d.header = append(d.header, sent{name: in.Name, value: fieldText(value)})
	default:
		if asForm {
			d.form = append(d.form, sent{name: in.Name, value: value})
		} else {
			d.query = append(d.query, sent{name: in.Name, value: value})
		}
	}
}

// fieldText is what of a text HTTP carries in a header.
func fieldText(text string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f {
			return -1
		}
		return c
	}, text), " \t")
}

// media declares the body, now and then in another spelling that means the same.
func (d *draft) media(name string) {
	switch d.IntN(8) {
	case 0:
		name = recased(d.Rand, name)
	case 1:
		name += anyOf(d.Rand, "; charset=utf-8", ";charset=UTF-8", " ; charset=\"x\"", ";", "; boundary=x; charset=utf8")
	}
	d.contentType = &name
}

// change does one thing to the request that may make it wrong.
func (d *draft) change() {
	op := d.subject.op
	kinds := []func() string{d.changeParameter, d.changeParameter, d.changeParameter, d.changeMedia, d.addParameter, d.changeRaw}
	if d.body != nil {
		kinds = []func() string{d.changeBody, d.changeBody, d.changeBody, d.changeBody, d.changeMedia, d.changeRaw}
		if len(op.Parameters) > 0 {
			kinds = append(kinds, d.changeParameter, d.changeParameter, d.addParameter)
		}
	}
	d.changes = append(d.changes, kinds[d.IntN(len(kinds))]())
}

func (d *draft) changeBody() string {
	return "body: " + d.body.spoil(d.Rand)
}

func (d *draft) changeParameter() string {
	in := d.subject.op.Parameters[d.IntN(len(d.subject.op.Parameters))]
	words := wordingOf(in.Schema.Value)
	switch in.In {
	case openapi3.ParameterInPath:
		text := words.near(d.Rand)
		d.args[in.Name] = url.PathEscape(text)
		if d.IntN(8) == 0 {
			d.args[in.Name] = text
		}
		return in.Name + " " + clipped(d.args[in.Name])
	case openapi3.ParameterInHeader:
		return d.changeField(in.Name, words)
	}
	list := &d.query
	if d.subject.op.RPC != nil && len(d.form) > 0 && d.IntN(2) == 0 {
		list = &d.form
	}
	return d.changePair(list, in.Name, words)
}

func (d *draft) changeField(name string, words *wording) string {
	kept := slices.DeleteFunc(slices.Clone(d.header), func(s sent) bool { return s.name == name })
	switch d.IntN(7) {
	case 0:
		d.header = kept
		return "no " + name
	case 1:
		d.header = slices.Insert(kept, len(kept), sent{name: name})
		return "empty " + name
	case 2:
		d.header = slices.Insert(d.header, d.IntN(len(d.header)+1), sent{name: name, value: fieldText(words.near(d.Rand))})
		return "twice " + name
	case 3:
		d.header = slices.Insert(kept, len(kept), sent{name: name, value: anyOf(d.Rand, "abc\xff", "\xc0\xaf", "审\xe5\xae", "\xed\xa0\x80")})
		return "no UTF-8 in " + name
	}
	value := fieldText(words.near(d.Rand))
	d.header = slices.Insert(kept, len(kept), sent{name: name, value: value})
	return name + " " + clipped(value)
}

func (d *draft) changePair(list *[]sent, name string, words *wording) string {
	at := slices.IndexFunc(*list, func(s sent) bool { return s.name == name })
	if at < 0 {
		at = len(*list)
		*list = append(*list, sent{name: name, value: words.good(d.Rand)})
	}
	pair := &(*list)[at]
	switch d.IntN(12) {
	case 0:
		*list = slices.Delete(*list, at, at+1)
		return "no " + name
	case 1:
		pair.value, pair.bare = "", d.IntN(2) == 0
		return "empty " + name
	case 2, 3:
		again := sent{name: name, value: anyOf(d.Rand, "", words.good(d.Rand), words.near(d.Rand))}
		*list = slices.Insert(*list, d.IntN(len(*list)+1), again)
		return "twice " + name
	case 4:
		pair.name = anyOf(d.Rand, recased(d.Rand, name), name+"[]", name+"[0]", " "+name, name+" ", name+"\x00")
		return "another name for " + name
	case 5:
		pair.raw, pair.value = true, anyOf(d.Rand, "%", "%4", "%zz", "%ff", "%00", "%u0041", "a%2", "+", "%2B1", "%2b1", "1;2", "1%3B2", "a=b", "=", "%E5%AE", "1#2", "%C0%80", "%31", "1%0A", "\xff", "%ED%A0%80")
		return name + " " + clipped(pair.value)
	}
	pair.value = words.near(d.Rand)
	return name + " " + clipped(pair.value)
}

func (d *draft) addParameter() string {
	if d.IntN(50) == 0 {
		return d.addMany()
	}
	name := anyOf(d.Rand, "unknown", "from", "RegionId", "Action", "", "a b", "审", "limit[]", "X-Auth-Token", "\xff", "constructor")
	extra := sent{name: name, value: anyOf(d.Rand, odd...)}
	if d.subject.op.RPC != nil && d.IntN(2) == 0 {
		d.form = append(d.form, extra)
	} else {
		d.query = append(d.query, extra)
	}
	return "unknown parameter " + strconv.Quote(name)
}

// addMany adds about as many parameters as there may be.
func (d *draft) addMany() string {
	many := strings.Repeat("&a", mostPairs-5+d.IntN(8))
	add := func(text string) string { return text + many }
	if d.body == nil && len(d.form) > 0 {
		d.rawBody = add
	} else {
		d.rawQuery = add
	}
	return "ten thousand parameters"
}

var mediaTypes = []string{
	"application/json", "application/x-www-form-urlencoded", "Application/JSON", "APPLICATION/X-WWW-FORM-URLENCODED", "application/json;charset=utf-8", "application/json ;x",
	"application/x-www-form-urlencoded; charset=utf-8", "application/json;", ";", "; charset=utf-8", "application", "json", "text/json", "text/plain", "text/plain;charset=utf-8",
	"application/*", "*/*", "application/json, text/plain", "application/problem+json", "application/x-json", "multipart/form-data", "multipart/form-data; boundary=x",
	"application/octet-stream", "text/xml", "application/jsonx", "application /json", "application/ json", "application/json\tx", "\xff", "ａpplication/json", "application/jſon",
}

func (d *draft) changeMedia() string {
	if d.IntN(4) == 0 {
		d.contentType = nil
		if d.IntN(3) == 0 {
			d.contentType = new(string)
		}
		return "no Content-Type"
	}
	name := anyOf(d.Rand, mediaTypes...)
	d.contentType = &name
	if d.body == nil && len(d.form) == 0 && d.IntN(2) == 0 {
		d.form = []sent{{name: "a", value: "b"}}
	}
	return "Content-Type " + strconv.Quote(name)
}

// changeRaw changes bytes of what is sent.
func (d *draft) changeRaw() string {
	mend := func(text string) string { return spoiltBytes(d.Rand, text) }
	if d.body == nil && len(d.form) == 0 || d.IntN(4) == 0 {
		d.rawQuery = mend
		return "bytes of the query"
	}
	switch d.IntN(6) {
	case 0:
		d.rawBody = func(string) string {
			return anyOf(d.Rand, "", " ", "\n\t ", "null", "{}", "[]", "\"\"", "&", "=", "a", "\x00", "\ufeff{}")
		}
		return "another body"
	case 1:
		d.rawBody = func(text string) string {
			return text + anyOf(d.Rand, " ", "\n", "{}", "1", "x", ",", "}", "]", "\x00", "//", "&", "&a=b", "&%zz", "\xff", " null", "\u00a0")
		}
		return "something behind the body"
	}
	d.rawBody = mend
	return "bytes of the body"
}

// spoiltBytes changes, adds, doubles or takes away a few bytes.
func spoiltBytes(r *rand.Rand, text string) string {
	for range 1 + r.IntN(2) {
		at := r.IntN(len(text) + 1)
		end := min(len(text), at+1+r.IntN(3))
		switch r.IntN(6) {
		case 0:
			text = text[:at] + text[end:]
		case 1:
			text = text[:at] + text[at:end] + text[at:]
		case 2:
			text = text[:at]
		case 3:
			text = text[:at] + string([]byte{byte(r.IntN(256))}) + text[min(len(text), at+1):]
		default:
			text = text[:at] + anyOf(r, "\"", "{", "}", "[", "]", ",", ":", "\\", "&", "=", "%", "+", ";", " ", "0", "-", ".", "e", "\x00", "\xff", "\n", "%00", "%ff", "null") + text[at:]
		}
	}
	return text
}

// finish writes the request down.
func (d *draft) finish() *trial {
	op := d.subject.op
	t := &trial{subject: d.subject, method: d.method, path: d.path(op), query: d.write(d.query), header: http.Header{}, changes: d.changes, lenient: d.IntN(8) == 0}
	for _, f := range d.header {
		t.header.Add(f.name, f.value)
	}
	if d.contentType != nil {
		t.header.Set("Content-Type", fieldText(*d.contentType))
	}
	body := d.writeBody()
	if d.rawQuery != nil {
		t.query = lineText(d.rawQuery(t.query))
	}
	if d.rawBody != nil {
		body = d.rawBody(body)
	}
	t.body = []byte(body)
	return t
}

// lineText is what of a text can stand in a request line.
func lineText(text string) string {
	b := []byte(text)
	return string(slices.DeleteFunc(b, func(c byte) bool { return c <= ' ' || c == 0x7f || c == '#' }))
}

func (d *draft) path(op *specs.Operation) string {
	path := op.Path
	for name, arg := range d.args {
		path = strings.ReplaceAll(path, "{"+name+"}", strings.ReplaceAll(lineText(arg), "?", "%3F"))
	}
	return path
}

func (d *draft) writeBody() string {
	loose := d.IntN(4) == 0
	switch {
	case d.body == nil:
		return d.write(d.form)
	case d.contentType != nil && strings.Contains(strings.ToLower(*d.contentType), "json") || d.body.kind != '{' || !d.subject.oracle.takesForm():
		var b strings.Builder
		d.body.write(&b, d.Rand, loose)
		return b.String()
	}
	var fields []sent
	for i, part := range d.body.parts {
		fields = append(fields, sent{name: d.body.names[i], value: part.text})
	}
	return d.write(append(fields, d.form...))
}

// write encodes pairs, in one of the ways in which clients do.
func (d *draft) write(pairs []sent) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 || d.IntN(50) == 0 {
			b.WriteByte('&')
		}
		d.encode(&b, p.name, p.raw)
		if !p.bare {
			b.WriteByte('=')
			d.encode(&b, p.value, p.raw)
		}
	}
	return b.String()
}

func (d *draft) encode(b *strings.Builder, text string, raw bool) {
	style := d.IntN(8)
	if raw || style > 2 {
		if !raw {
			text = url.QueryEscape(text)
		}
		b.WriteString(lineText(text))
		return
	}
	for i := range len(text) {
		c := text[i]
		switch {
		case style == 0, strings.IndexByte("%&=+#; ", c) >= 0, c < ' ', c == 0x7f, style == 1 && c >= 0x80:
			hex := strconv.FormatUint(uint64(c)+0x100, 16)[1:]
			if style != 1 {
				hex = strings.ToUpper(hex)
			}
			b.WriteString("%" + hex)
		default:
			b.WriteByte(c)
		}
	}
}
