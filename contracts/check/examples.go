package check

import "strings"

// checkMatchers holds the examples of a message against the message's own matching rules.
func (k *checking) checkMatchers(rules []matchingRule, examples func(matchingRule) ([]example, bool)) {
	for _, r := range rules {
		found, open := examples(r)
		if len(found) == 0 && !open {
			k.add(ruleMatcherPath, r.place, Spec{}, "the matching rule for %s is for nothing in the example", r.subject())
			continue
		}
		for _, e := range found {
			k.judge(r, e)
		}
	}
}

func (r matchingRule) subject() string {
	if r.name != "" {
		return r.about + " " + r.name
	}
	return r.about
}

func (k *checking) judge(r matchingRule, e example) {
	var said []opinion
	for _, m := range r.matchers {
		o := m.judge(e)
		if r.any && (o.rule == nil || o.rule != ruleExample) {
			return // one suffices
		}
		if o.rule != nil {
			said = append(said, o)
		}
	}
	for _, o := range said {
		if o.rule == ruleExample {
			k.add(o.rule, e.place, Spec{}, "the example for %s %s", r.subject(), o.text)
		} else {
			k.add(o.rule, r.place, Spec{}, "the matching rule for %s: %s", r.subject(), o.text)
		}
	}
}

func (in *interaction) requestExamples(r matchingRule) ([]example, bool) {
	switch r.about {
	case "path":
		return []example{textExample(in.request.path)}, false
	case "query":
		return pairExamples(in.request.query, r), false
	case "header":
		return headerExamples(in.request.headers, r), false
	case "body":
		return in.request.body.examples(r)
	}
	return nil, false
}

func (in *interaction) responseExamples(r matchingRule) ([]example, bool) {
	switch r.about {
	case "status":
		return []example{{place: in.response.at, onlyTexts: true}}, false
	case "header":
		return headerExamples(in.response.headers, r), false
	case "body":
		return in.response.body.examples(r)
	}
	return nil, false
}

func textExample(t text) example {
	n := &node{scalar: t.value}
	if t.node != nil {
		n.offset = t.offset
	}
	return example{place: place{n, t.path}, onlyTexts: true}
}

func pairExamples(pairs []pair, r matchingRule) []example {
	var list []example
	n := 0
	for _, p := range pairs {
		if p.name != r.name && (r.about != "header" || !strings.EqualFold(p.name, r.name)) {
			continue
		}
		if r.index < 0 || r.index == n {
			list = append(list, textExample(p.text))
		}
		n++
	}
	return list
}

// headerExamples are the values of a header, each of which may also be looked at as what it is part of.
func headerExamples(headers []pair, r matchingRule) []example {
	list := pairExamples(headers, r)
	if whole, _ := header(headers, r.name); len(list) > 1 {
		for i := range list {
			list[i].partOf = []string{whole.value, strings.ReplaceAll(whole.value, ", ", ",")}
		}
	}
	return list
}

func (b *body) examples(r matchingRule) ([]example, bool) {
	switch {
	case b == nil:
		return nil, false
	case !b.isJSON: // rules of other formats have paths of their own
		if len(r.steps) == 0 {
			return []example{textExample(text{b.place, b.text})}, false
		}
		return nil, true
	}
	found, open := find(b.place, r.steps)
	list := make([]example, len(found))
	for i, f := range found {
		list[i] = example{place: f}
	}
	return list, open
}
