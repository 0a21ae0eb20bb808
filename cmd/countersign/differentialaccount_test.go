package main

import (
	"fmt"
	"net/http"
	"strings"
)

// account tells both verdicts on a request, and the least request that they differ on.
func (d *differential) account(t *trial) string {
	o := d.opinion(t)
	us, them := ours(d.handler, t), o.verdict()
	text := fmt.Sprintf("%s\nwe: %.3000s\nthe library: %.3000s\nit finds %+v, the differences make it %+v (met: %s)\nit was drawn by %q",
		t, us, them, o.raw, o.found, d.names(o.met), t.changes)
	if us == them {
		return text + "\nthey agree"
	}
	least := d.least(t)
	return text + fmt.Sprintf("\nthe least request that they differ on: %s\nwe: %.1000s\nthe library: %.1000s", least, ours(d.handler, least), d.opinion(least).verdict())
}

func (d *differential) names(met []int) string {
	var all []string
	for _, i := range met {
		all = append(all, differences[i].name)
	}
	return strings.Join(all, "; ")
}

// mostTries bounds the search for the least request.
const mostTries = 1000

// least takes away from a request what is not needed for the disagreement: headers, then pieces of the query and the body.
func (d *differential) least(t *trial) *trial {
	best := *t
	left := mostTries
	try := func(change func(c *trial)) bool {
		if left--; left < 0 {
			return false
		}
		c := best
		c.header = best.header.Clone()
		change(&c)
		if d.agree(&c) {
			return false
		}
		best = c
		return true
	}
	try(func(c *trial) { c.lenient = false })
	for _, name := range sortedNames(t.header) {
		if !try(func(c *trial) { c.header.Del(name) }) {
			try(func(c *trial) { c.header[http.CanonicalHeaderKey(name)] = c.header[name][:1] })
		}
	}
	shrink(best.query, func(text string) bool { return try(func(c *trial) { c.query = text }) })
	shrink(string(best.body), func(text string) bool { return try(func(c *trial) { c.body = []byte(text) }) })
	return &best
}

// shrink cuts pieces out of a text, large ones first, as long as what is left is still wanted.
func shrink(text string, wanted func(text string) bool) {
	for size := len(text); size > 0; size /= 2 {
		for at := 0; at+size <= len(text); {
			if less := text[:at] + text[at+size:]; wanted(less) {
				text = less
			} else {
				at += max(1, size/2)
			}
		}
	}
}
