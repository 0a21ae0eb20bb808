package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// opinion is what a matcher says of an example. The zero value is that all is well, or that it is not for us to say.
type opinion struct {
	// rule is ruleExample, or one that says that the matcher was not considered.
	rule *Rule
	text string
}

func wrongf(format string, args ...any) opinion {
	return opinion{ruleExample, fmt.Sprintf(format, args...)}
}

// example is a value that a matcher is for. Outside of bodies there are only texts, also for numbers and booleans.
type example struct {
	place
	onlyTexts bool
	// partOf are texts that the value may be a part of; a matcher may be for one of these instead.
	partOf []string
}

// judges are the matchers of the specifications. A nil judge is known and not considered: formats of dates, and those
// that look at keys or values with rules of their own.
var judges = map[string]func(m matcher, n example) opinion{
	"equality": nil, "type": judgeSize, "regex": judgeRegex, "include": judgeInclude, "number": judgeNumber, "integer": judgeInteger,
	"decimal": judgeNumber, "boolean": judgeBoolean, "null": judgeNull, "notEmpty": judgeNotEmpty, "statusCode": judgeStatus,
	"date": nil, "time": nil, "datetime": nil, "timestamp": nil, "contentType": nil, "values": nil, "arrayContains": nil, "eachKey": nil,
	"eachValue": nil, "semver": nil,
}

func (m matcher) judge(n example) opinion {
	judge, known := judges[m.kind]
	switch {
	case !known:
		return opinion{ruleMatcherKind, fmt.Sprintf("the matcher %q is not known; it is not considered", m.kind)}
	case judge == nil:
		return opinion{}
	}
	o := judge(m, n)
	for _, whole := range n.partOf {
		if o.rule == ruleExample {
			o = judge(m, example{place: place{&node{scalar: whole}, n.path}, onlyTexts: true})
		}
	}
	return o
}

func (m matcher) number(name string) (int, bool) {
	s, ok := m.field(name).text()
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func judgeSize(m matcher, n example) opinion {
	if n.kind != array {
		return opinion{}
	}
	if least, ok := m.number("min"); ok && len(n.items) < least {
		return wrongf("has %d items, the matcher wants at least %d", len(n.items), least)
	}
	if most, ok := m.number("max"); ok && len(n.items) > most {
		return wrongf("has %d items, the matcher wants at most %d", len(n.items), most)
	}
	return opinion{}
}

func judgeRegex(m matcher, n example) opinion {
	pattern, ok := m.field("regex").string()
	if !ok {
		return opinion{ruleRegex, "a regex matcher has no regex; it is not considered"}
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return opinion{ruleRegex, fmt.Sprintf("%v; it is not considered", err)}
	}
	s, ok := n.text()
	if !ok {
		return wrongf("is not a text, the matcher wants %s", pattern)
	}
	if !re.MatchString(s) {
		return wrongf("is %q, the matcher wants %s", clip(s), pattern)
	}
	return opinion{}
}

func judgeInclude(m matcher, n example) opinion {
	part, _ := m.field("value").text()
	if s, ok := n.text(); !ok || !strings.Contains(s, part) {
		return wrongf("does not include %q, as the matcher wants", clip(part))
	}
	return opinion{}
}

// numeric is the text of a number.
func numeric(n example) (string, bool) {
	s, _ := n.text()
	_, isNumber := n.scalar.(json.Number)
	_, err := strconv.ParseFloat(s, 64)
	return s, isNumber || n.onlyTexts && err == nil
}

func judgeNumber(_ matcher, n example) opinion {
	if _, ok := numeric(n); !ok {
		return wrongf("is no number, as the matcher wants")
	}
	return opinion{}
}

func judgeInteger(_ matcher, n example) opinion {
	if s, ok := numeric(n); !ok || strings.ContainsAny(s, ".eE") {
		return wrongf("is no integer, as the matcher wants")
	}
	return opinion{}
}

func judgeBoolean(_ matcher, n example) opinion {
	s, _ := n.text()
	_, isBoolean := n.scalar.(bool)
	if !isBoolean && (!n.onlyTexts || s != "true" && s != "false") {
		return wrongf("is no boolean, as the matcher wants")
	}
	return opinion{}
}

func judgeNull(_ matcher, n example) opinion {
	if !n.isNull() {
		return wrongf("is not null, as the matcher wants")
	}
	return opinion{}
}

func judgeNotEmpty(_ matcher, n example) opinion {
	if s, ok := n.text(); n.isNull() || ok && s == "" || !ok && len(n.items)+len(n.fields) == 0 {
		return wrongf("is empty, the matcher wants something")
	}
	return opinion{}
}

// statusClasses are the words of the statusCode matcher with the first and last status of each.
var statusClasses = map[string][2]int{"information": {100, 199}, "success": {200, 299}, "redirect": {300, 399}, "clientError": {400, 499},
	"serverError": {500, 599}, "nonError": {100, 399}, "error": {400, 599}}

func judgeStatus(m matcher, n example) opinion {
	s, _ := n.text()
	status, err := strconv.Atoi(s)
	want := m.field("status")
	if err != nil || want.node == nil {
		return opinion{}
	}
	if want.kind == array {
		for _, item := range want.items {
			if w, _ := item.text(); w == s {
				return opinion{}
			}
		}
		return wrongf("is %d, which is none that the matcher lists", status)
	}
	class, _ := want.string()
	bounds, known := statusClasses[class]
	if !known {
		return opinion{}
	}
	if status < bounds[0] || status > bounds[1] {
		return wrongf("is %d, the matcher wants %s", status, class)
	}
	return opinion{}
}

func clip(s string) string {
	const most = 64
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "…"
	}
	return s
}
