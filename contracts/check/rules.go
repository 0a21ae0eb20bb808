package check

import (
	"strings"
)

// matchingRule are the matchers for one part of a message.
type matchingRule struct {
	place
	// about is path, query, header, status or body.
	about string
	// name is that of the query parameter or header; steps lead to the value in the body.
	name     string
	index    int // of the value of that name; -1 for all
	steps    []step
	matchers []matcher
	// any says that one matcher suffices (combine OR).
	any bool
}

// matcher is one matcher of a rule.
type matcher struct {
	place
	kind string
}

// readRules reads matchingRules, whose form changed with version 3: before, an object of paths that begin with what they
// are about ($.body.x); after, an object of categories. Each is recognised by its keys.
func (in *interaction) readRules(at place) []matchingRule {
	if at.isNull() {
		return nil
	}
	if at.kind != object {
		in.bad(at, "matchingRules is not an object")
		return nil
	}
	var list []matchingRule
	for _, key := range at.names {
		if strings.HasPrefix(key, "$") {
			list = append(list, in.readOldRule(key, at.field(key))...)
		} else {
			list = append(list, in.readCategory(key, at.field(key))...)
		}
	}
	return list
}

var categories = map[string]string{"path": "path", "query": "query", "header": "header", "headers": "header", "status": "status", "body": "body"}

func (in *interaction) readOldRule(key string, at place) []matchingRule {
	path, err := steps(key)
	if err != nil || len(path) == 0 || categories[path[0].name] == "" {
		in.bad(at, "the matching rule %q is about no part of a message", key)
		return nil
	}
	r := matchingRule{place: at, about: categories[path[0].name], index: -1}
	r.locate(path[1:])
	kind, _ := at.field("match").string()
	if kind == "" {
		kind = impliedKind(at)
	}
	r.matchers = []matcher{{at, kind}}
	return []matchingRule{r}
}

// impliedKind is what a matcher of version 2 without a name is.
func impliedKind(at place) string {
	if at.field("regex").node != nil {
		return "regex"
	}
	return "type"
}

func (r *matchingRule) locate(path []step) {
	switch r.about {
	case "body":
		r.steps = path
	case "query", "header":
		for _, s := range path {
			if s.name != "" {
				r.name += s.name
			} else if !s.all {
				r.index = s.index
			}
		}
	}
}

func (in *interaction) readCategory(key string, at place) []matchingRule {
	about := categories[key]
	if about == "" {
		return nil // metadata and contents of messages
	}
	if at.kind != object || at.node == nil {
		in.bad(at, "the matching rules for %s are not an object", key)
		return nil
	}
	if at.fields["matchers"] != nil && (about == "path" || about == "status") {
		return in.readRule(matchingRule{place: at, about: about, index: -1})
	}
	var list []matchingRule
	for _, name := range at.names {
		r := matchingRule{place: at.field(name), about: about, index: -1}
		path := []step{{name: name, index: -1}}
		if strings.HasPrefix(name, "$") {
			var err error
			if path, err = steps(name); err != nil {
				in.bad(r.place, "the path of a matching rule: %v", err)
				continue
			}
		}
		r.locate(path)
		list = append(list, in.readRule(r)...)
	}
	return list
}

func (in *interaction) readRule(r matchingRule) []matchingRule {
	matchers := r.field("matchers")
	if matchers.node == nil || matchers.kind != array {
		in.bad(r.place, "a matching rule has no array of matchers")
		return nil
	}
	combine, _ := r.field("combine").string()
	r.any = strings.EqualFold(combine, "OR")
	for i := range matchers.items {
		at := matchers.item(i)
		kind, _ := at.field("match").string()
		r.matchers = append(r.matchers, matcher{at, kind})
	}
	return []matchingRule{r}
}
