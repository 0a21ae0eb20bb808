package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/countersign/countersign/specs"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (k *checking) checkResponse() {
	in := &k.in.response
	r := k.op.reply(in.status)
	if r == nil {
		k.add(ruleStatus, in.at, fieldOf(k.op.Spec.Origin, "responses"), "%s does not document the status %d; it has %s",
			k.op.ID, in.status, k.op.statuses())
	}
	if in.status >= 400 {
		k.checkCode()
	}
	if r == nil {
		return
	}
	k.checkReplyHeaders(r)
	k.checkReplyBody(r)
}

func (op *operation) statuses() string {
	var list []int
	for status := range op.replies {
		list = append(list, status)
	}
	if op.fallback != nil {
		for _, e := range op.entries {
			list = append(list, e.Status)
		}
	}
	slices.Sort(list)
	var names []string
	for _, status := range slices.Compact(list) {
		names = append(names, itoa(status))
	}
	return strings.Join(names, ", ")
}

// checkCode compares the expected code, and the message where it is expected literally, with the catalogue.
func (k *checking) checkCode() {
	e := &k.expected
	if e.code == "" {
		return
	}
	switch {
	case len(e.coded) == 0:
		k.add(ruleCode, e.codeAt, fieldOf(k.op.Spec.Origin, "x-errors"), "%s does not document the error %s; it has %s",
			k.op.ID, clip(e.code), k.op.codes())
	case len(e.entries) == 0 && !k.otherStatus():
		k.add(ruleCodeStatus, k.in.response.at, k.vendor.where(e.coded[0]), "%s is documented with status %s, not %d", e.code, statuses(e.coded), e.status)
	case len(e.entries) > 0 && e.message != "" && k.isLiteral(e.messageAt) && !slices.ContainsFunc(e.entries, e.says):
		k.add(ruleMessage, e.messageAt, k.vendor.where(e.entries[0]), "the documented message of %s is %q", e.code, e.entries[0].Message)
	}
}

func (e *expectation) says(d *specs.Error) bool { return fits(d.Message, e.message) }

// otherStatus says that the status is another alternative of a guess that the error rests on.
func (k *checking) otherStatus() bool {
	for _, e := range k.expected.coded {
		for _, id := range e.Assumption {
			n := k.vendor.Assumption(id)
			if n != nil && slices.ContainsFunc(n.Alternatives, func(x specs.Alternative) bool { return x.Value == itoa(k.expected.status) }) {
				return true
			}
		}
	}
	return false
}

// codes names the errors of the operation and its document.
func (op *operation) codes() string {
	var names []string
	for _, e := range op.entries {
		if !op.vendor.gateway[e.File] {
			names = append(names, strings.ReplaceAll(e.Code, "%s", "<name>"))
		}
	}
	slices.Sort(names)
	list := strings.Join(slices.Compact(names), ", ")
	if len(op.vendor.gateway) > 0 {
		list += " and those of the gateway"
	}
	return list
}

func statuses(list []*specs.Error) string {
	var names []string
	for _, e := range list {
		names = append(names, itoa(e.Status))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " or ")
}

// isLiteral says that no matcher stands above or at an expected value: it is compared as it is.
func (k *checking) isLiteral(at place) bool {
	b := k.in.response.body
	for _, r := range k.in.response.rules {
		if r.about != "body" {
			continue
		}
		found, _ := find(b.place, r.steps)
		for _, f := range found {
			if rest, ok := strings.CutPrefix(at.path, f.path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				return false
			}
		}
	}
	return true
}

func (k *checking) checkReplyHeaders(r *reply) {
	for _, h := range k.in.response.headers {
		name := strings.ToLower(h.name)
		known := r.headers[name]
		switch {
		case known != nil:
			if _, v := known.schema.CheckText(h.name, h.value, specs.Refusals{}); v != nil {
				k.add(ruleReplyHeaderVal, h.place, known.spec, "the header %s %s", h.name, v.Reason)
			}
		case name == "content-type":
			k.checkReplyMedia(r, mediaType(h.value), h.place)
		case !httpReplyHeaders[name]:
			k.add(ruleReplyHeader, h.place, r.spec, "the reply %d of %s has no header %s", k.in.response.status, k.op.ID, h.name)
		}
	}
}

func (k *checking) checkReplyMedia(r *reply, media string, at place) {
	if len(r.media) > 0 && !slices.Contains(r.media, media) {
		k.add(ruleReplyMediaType, at, r.spec, "the reply is %s, not %s", strings.Join(r.media, " or "), media)
	}
}

// checkReplyBody holds the expected body against the schema, or against one that a switch of a world chooses instead.
// A contract names only what its consumer reads, so that nothing is required.
func (k *checking) checkReplyBody(r *reply) {
	b := k.in.response.body
	if b == nil {
		return
	}
	if _, ok := header(k.in.response.headers, "Content-Type"); !ok && b.media != "" {
		k.checkReplyMedia(r, b.media, b.mediaAt)
	}
	if len(r.schemas) == 0 || b.media != "" && !isJSONType(b.media) {
		return
	}
	if !b.isJSON {
		k.add(ruleReplyType, b.place, r.spec, "the body is not JSON")
		return
	}
	var best []*mismatch
	for i, s := range r.schemas {
		if list := s.mismatches(b); i == 0 || len(list) < len(best) {
			best = list
		}
	}
	for _, m := range best {
		k.add(m.rule, m.at, m.spec, "%s", m.text)
	}
}

type mismatch struct {
	rule *Rule
	at   place
	spec Spec
	text string
}

func (s replySchema) mismatches(b *body) []*mismatch {
	var list []*mismatch
	unknown := func(pointer string) {
		list = append(list, &mismatch{ruleReplyField, b.follow(pointer), schemaAt(s.ref, pointer), "the reply has no field " + pointer})
	}
	for _, v := range s.CheckAll(b.plain(), specs.Refusals{}, unknown) {
		rule := ruleReplyValue
		if v.Kind == specs.Malformed {
			rule = ruleReplyType
		}
		where := "the field " + v.Pointer
		if v.Pointer == "" {
			where = "the body"
		}
		if v.Kind != specs.Missing {
			list = append(list, &mismatch{rule, b.follow(v.Pointer), schemaAt(s.ref, v.Pointer), where + " " + v.Reason.String()})
		}
	}
	return list
}
