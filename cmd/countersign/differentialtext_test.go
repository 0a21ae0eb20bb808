package main

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// wording makes texts for a value of a schema: good ones, and ones that lie beside, on and behind every line it draws.
type wording struct {
	schema *openapi3.Schema
	fit    []string // of texts with a pattern
}

// stock are texts that somebody's schema may want.
var stock = []string{"a", "0", "42", "true", "abc-DEF_019", "2026-01-15", "2024-02-30", "a@b.cd", "first.last+tag@mail.example.com",
	"c5ea0db8-0000-4000-9081-04bc0df4c6a3", "2024-04-19T09:59:58.000Z", "审批", "dlg_ds"}

// odd are texts that parsers and counters stumble over.
var odd = []string{
	"", " ", "\t", "  \t ", "\u00a0", "\u3000", "\u2028", "\u0085", "\ufeff", "\u200b", "a ", " a", "a\n", "\na", "a\r\n", "\x00", "a\x00b", "\x7f", "\x1f",
	"é", "e\u0301", "审批", "😀", "👩\u200d👩\u200d👧", "\U0010ffff", "\ufffd", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe5\xae", "%", "%41", "%zz", "+", "a+b",
	"&", "=", "a=b&c=d", ";", "#", "?", "/", "\\", "\"", "'", "<a>", "a,b", "a,,b", ",", "[]", "{}", "[1]", "null", "nil", "NULL", "undefined", "true", "false",
	"None", "NaN", "Infinity", "-", "+", ".", "$", "^", "(", "$ref", "__proto__", "\\u0041", "\\n",
}

// integers are all sorts of spellings, good and bad.
var integers = []string{
	"0", "1", "2", "-1", "-0", "+0", "+1", "+", "-", "01", "00", "007", "-01", "000000000000000000000000000000000000001", "1.0", "1.", ".5", "1.5", "1e2", "1E0", "1e0", "1e400",
	"1_0", "0x1", "0b1", "0o7", "1,2", " 1", "1 ", "1\n", "\t1", "１", "١", "१", "½", "一", "--1", "+-1", "1-", "2147483647", "2147483648", "-2147483648", "-2147483649",
	"9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616",
	"99999999999999999999999999999999999999999999999999", "-99999999999999999999", "NaN", "Inf", "true", "null", "", " ", "1a", "a1", "\"1\"", "[1]", "1\x00",
}

// booleans likewise.
var booleans = []string{"true", "false", "True", "TRUE", "False", "FALSE", "t", "f", "T", "F", "1", "0", "2", "yes", "no", "on", "off", "", " ", " true", "true ", "truefalse", "null", "\"true\"", "-0"}

// wordings are kept, since patterns are dear to compile.
var wordings sync.Map

func wordingOf(in *openapi3.Schema) *wording {
	if w, ok := wordings.Load(in); ok {
		return w.(*wording)
	}
	w, _ := wordings.LoadOrStore(in, newWording(in))
	return w.(*wording)
}

func newWording(in *openapi3.Schema) *wording {
	w := &wording{schema: in}
	if in.Pattern == "" {
		return w
	}
	re := regexp.MustCompile(in.Pattern)
	candidates := slices.Clone(stock)
	if text, ok := in.Example.(string); ok {
		candidates = append(candidates, text)
	}
	for _, text := range candidates {
		if re.MatchString(text) && w.longEnough(text) {
			w.fit = append(w.fit, text)
		}
	}
	return w
}

func (w *wording) longEnough(text string) bool {
	n := uint64(utf8.RuneCountInString(text)) //nolint:gosec // no text is that long
	return n >= w.schema.MinLength && (w.schema.MaxLength == nil || n <= *w.schema.MaxLength)
}

// good is a text that the schema most likely takes.
func (w *wording) good(r *rand.Rand) string {
	in := w.schema
	switch {
	case len(in.Enum) > 0:
		return enumText(in.Enum[r.IntN(len(in.Enum))])
	case in.Type.Is("boolean"):
		return anyOf(r, "true", "false")
	case in.Type.Is("integer"), in.Type.Is("number"):
		return w.goodInteger(r)
	case len(w.fit) > 0:
		return w.fit[r.IntN(len(w.fit))]
	case in.Format == "date-time":
		return anyOf(r, "2024-04-19T09:59:58.000Z", "2016-12-31T23:59:60Z", "1970-01-01T00:00:00+08:00")
	}
	return runes(r, w.goodLength(r))
}

func (w *wording) goodLength(r *rand.Rand) int {
	low, high := max(1, int(w.schema.MinLength)), 24 //nolint:gosec // bounds of our own documents
	if most := w.schema.MaxLength; most != nil {
		if r.IntN(60) == 0 {
			return int(*most) //nolint:gosec // the same
		}
		high = min(high, int(*most)) //nolint:gosec // the same
	}
	return low + r.IntN(max(1, high-low+1))
}

func (w *wording) goodInteger(r *rand.Rand) string {
	low, high := int64(0), int64(1000)
	if w.schema.Min != nil {
		low = int64(*w.schema.Min)
	}
	if w.schema.Max != nil {
		high = int64(*w.schema.Max)
	}
	return strconv.FormatInt(low+r.Int64N(high-low+1), 10)
}

func enumText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return "null"
}

// near is a text at the edge of what the schema takes, or over it.
func (w *wording) near(r *rand.Rand) string {
	in := w.schema
	switch {
	case in.Type.Is("boolean"):
		return anyOf(r, booleans...)
	case in.Type.Is("integer"), in.Type.Is("number"):
		return w.nearInteger(r)
	}
	if soup := w.soup(); soup != nil && r.IntN(3) == 0 {
		return w.nearForm(r, soup)
	}
	if in.MaxLength != nil && r.IntN(5) == 0 {
		return w.nearLength(r)
	}
	switch r.IntN(6) {
	case 0:
		return w.nearLength(r)
	case 1:
		return bent(r, w.good(r))
	case 2:
		return recased(r, w.good(r))
	case 3:
		return anyOf(r, stock...)
	case 4:
		return anyOf(r, integers...)
	}
	return anyOf(r, odd...)
}

// soup are the characters that a form is about, nil where there is none.
func (w *wording) soup() []rune {
	switch {
	case w.schema.Pattern != "":
		return append([]rune(w.schema.Pattern), []rune("09azAZ_aa00.-@\né")...)
	case w.schema.Format == "date-time":
		return []rune("0123456789TZ:.+-tz ")
	}
	return nil
}

// nearForm is a good text with some characters of the soup in it, or nothing but them.
func (w *wording) nearForm(r *rand.Rand, soup []rune) string {
	text, steps := []rune(nil), 1+r.IntN(12)
	if r.IntN(3) > 0 {
		text, steps = []rune(w.good(r)), 1+r.IntN(3)
	}
	for range steps {
		at := r.IntN(len(text) + 1)
		c := soup[r.IntN(len(soup))]
		switch {
		case at == len(text), r.IntN(3) == 0:
			text = slices.Insert(text, at, c)
		case r.IntN(2) == 0:
			text[at] = c
		default:
			text = slices.Delete(text, at, at+1)
		}
	}
	return string(text)
}

func (w *wording) nearInteger(r *rand.Rand) string {
	edges := append([]int64{math.MinInt32, math.MaxInt32}, bounds(w.schema)...)
	if r.IntN(3) > 0 {
		return anyOf(r, integers...)
	}
	text := strconv.FormatInt(edges[r.IntN(len(edges))]+int64(r.IntN(3))-1, 10)
	switch r.IntN(8) {
	case 0:
		return "0" + text
	case 1:
		return text + ".0"
	case 2:
		return "+" + text
	}
	return text
}

func bounds(in *openapi3.Schema) (edges []int64) {
	for _, at := range []*float64{in.Min, in.Max} {
		if at != nil {
			edges = append(edges, int64(*at))
		}
	}
	for _, v := range in.Enum {
		if n, ok := v.(float64); ok {
			edges = append(edges, int64(n))
		}
	}
	return edges
}

// nearLength is a text one short of, at, or one over a bound, counted in runes.
func (w *wording) nearLength(r *rand.Rand) string {
	edge := int(w.schema.MinLength) //nolint:gosec // bounds of our own documents
	if most := w.schema.MaxLength; most != nil && r.IntN(3) > 0 {
		edge = int(*most) //nolint:gosec // the same
	}
	n := max(0, edge+r.IntN(3)-1)
	if r.IntN(2) == 0 {
		return strings.Repeat(anyOf(r, "a", "0", "é", "审", "😀"), n)
	}
	return runes(r, n)
}

// bent is a text with one change somewhere.
func bent(r *rand.Rand, text string) string {
	at := r.IntN(len(text) + 1)
	switch r.IntN(4) {
	case 0:
		return text[:at] + anyOf(r, odd...) + text[at:]
	case 1:
		return text[:at] + text[min(len(text), at+1):]
	case 2:
		return text + text
	}
	return text[:at] + string(rune(r.IntN(128))) + text[at:]
}

func recased(r *rand.Rand, text string) string {
	switch r.IntN(3) {
	case 0:
		return strings.ToUpper(text)
	case 1:
		return strings.ToLower(text)
	}
	return strings.Title(text) //nolint:staticcheck // any other case will do
}

var alphabets = []string{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "abc-_.@ ", "aé审批😀e\u0301Ж"}

// runes is a text of n characters.
func runes(r *rand.Rand, n int) string {
	alphabet := []rune(alphabets[0])
	if r.IntN(4) == 0 {
		alphabet = []rune(anyOf(r, alphabets...))
	}
	var b strings.Builder
	for range n {
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func anyOf(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }
