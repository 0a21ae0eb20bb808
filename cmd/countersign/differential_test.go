package main

import (
	"flag"
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	differentialCases = flag.Uint64("cases", 0, "how many requests TestDifferential draws; 0: 20,000, or 2,000 with the race detector")
	differentialCase  = flag.Int64("case", -1, "draw only the case of this number, and print it")
	differentialSeed  = flag.Uint64("seed", 1, "what TestDifferential draws from")
)

// enoughCases is from how many on each difference and each place must have been met.
const enoughCases = 20_000

// TestDifferential holds the compiled checks to the verdict of kin-openapi's validator on drawn requests: the same
// acceptance with the same values, or a refusal at the place that the validator finds first in the order of the document.
func TestDifferential(t *testing.T) {
	t.Parallel()
	server := serverOf(t, bare)
	d := &differential{handler: server.Handler(), subjects: subjectsOf(t, server), met: make([]atomic.Int64, len(differences))}
	if *differentialCase >= 0 {
		c := newTrial(d.subjects, *differentialSeed, uint64(*differentialCase)) //nolint:gosec // not negative
		t.Log(d.account(c))
		return
	}
	total := *differentialCases
	if total == 0 {
		total = enoughCases
		if raced {
			total /= 10
		}
	}
	d.judgeAll(t, total)
	if total >= enoughCases && !t.Failed() {
		d.reach(t)
	}
}

// differential is one comparison.
type differential struct {
	handler  http.Handler
	subjects []*subject
	met      []atomic.Int64 // by difference
}

// opinion is what the library makes of a request, corrected by the differences.
type opinion struct {
	*merged
	raw   []finding // as the library has it
	found []finding
	met   []int // differences that mattered
}

func (d *differential) opinion(t *trial) *opinion {
	o := &opinion{merged: t.subject.oracle.merge(t)}
	if !o.routed && !o.flooded {
		o.found = []finding{{place: placeNoOperation}}
		return o
	}
	for i := range differences {
		if ready := differences[i].ready; ready != nil && ready(o.merged) {
			o.met = append(o.met, i)
		}
	}
	o.raw = o.kin()
	o.found = o.raw
	for i := range differences {
		if differences[i].judge == nil {
			continue
		}
		before := o.found
		if o.found = differences[i].judge(o.merged, before); !reflect.DeepEqual(before, o.found) {
			o.met = append(o.met, i)
		}
	}
	return o
}

// verdict is what the server ought to say.
func (o *opinion) verdict() string {
	if len(o.found) > 0 {
		return o.decide(o.found)
	}
	seen := o.values()
	return acceptance + seen.String()
}

// agree reports whether server and library say the same of a request.
func (d *differential) agree(t *trial) bool {
	return ours(d.handler, t) == d.opinion(t).verdict()
}

// judge is agree, and counts.
func (d *differential) judge(t *trial) bool {
	o := d.opinion(t)
	if ours(d.handler, t) != o.verdict() {
		return false
	}
	for _, i := range o.met {
		d.met[i].Add(1)
	}
	if len(o.found) == 0 {
		t.subject.accepted.Add(1)
		return true
	}
	t.subject.refused.Add(1)
	if at := t.subject.places[general(o.first(o.found).place)]; at != nil {
		at.Add(1)
	}
	return true
}

// mostDisagreements bounds what one run prints.
const mostDisagreements = 10

func (d *differential) judgeAll(t *testing.T, total uint64) {
	t.Helper()
	each(total, func(n uint64) bool {
		c := newTrial(d.subjects, *differentialSeed, n)
		if d.judge(c) {
			return true
		}
		t.Errorf("case %d of seed %d: %s", n, *differentialSeed, d.account(c))
		return false
	})
}

// each tries the cases of all numbers, on all cores, until so many have failed.
func each(total uint64, try func(n uint64) bool) {
	var next, bad atomic.Uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < total && bad.Load() < mostDisagreements; n = next.Add(1) - 1 {
				if !try(n) {
					bad.Add(1)
				}
			}
		})
	}
	workers.Wait()
}

// reach tells what the cases have met, and misses what they must.
func (d *differential) reach(t *testing.T) {
	t.Helper()
	for i := range differences {
		t.Logf("%8d × %s", d.met[i].Load(), differences[i].name)
		if d.met[i].Load() == 0 {
			t.Errorf("no case met the difference %q: it is none any more", differences[i].name)
		}
	}
	for _, s := range d.subjects {
		accepted, refused := s.accepted.Load(), s.refused.Load()
		t.Logf("%8d accepted, %8d refused: %s", accepted, refused, s.op.ID)
		if accepted*5 < refused || refused*50 < accepted {
			t.Errorf("%s: %d accepted and %d refused: too few of one kind to tell anything", s.op.ID, accepted, refused)
		}
		for _, place := range s.oracle.refusable() {
			if s.places[place].Load() == 0 {
				t.Errorf("%s: no case was refused at %s", s.op.ID, place)
			}
		}
	}
}

// TestDifferencesAreExplained holds the list to its form.
func TestDifferencesAreExplained(t *testing.T) {
	t.Parallel()
	var names []string
	for _, d := range differences {
		if d.name == "" || d.why == "" || d.source == "" || d.ready == nil == (d.judge == nil) {
			t.Errorf("the difference %q lacks a reason, a source or a rule, or has two", d.name)
		}
		names = append(names, d.name)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(differences) {
		t.Error("two differences have one name")
	}
}
