package mockserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
	"github.com/countersign/countersign/specs/compiled"
)

// plugged is a plug with what the server makes of it at start.
type plugged struct {
	*Plug
	index int
	ops   []*Operation
	hosts []hostPattern
	// defaults are what a world decides that says nothing.
	defaults switches
	// demo holds the demo records; worlds are forks of it.
	demo    *store.Store
	secrets secretNames
	// records has the collections' schemas, in the order of the collections.
	records []*specs.Schema
	// catalogue is for calls of no operation.
	catalogue catalogue
	// unmatched are the calls of no operation.
	unmatched timings
}

// The streams of chance that are not a call's.
const (
	demoStream = iota + 1
	mintStream
	loadStream
)

func seeded(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) } //nolint:gosec // must be repeatable

// demoTime is what demo records take for the present when they are made, whatever the clock of the world.
var demoTime = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// plugAll makes the plugs and plugs them in.
func (s *Server) plugAll(vendors []Vendor) error {
	for _, vendor := range vendors {
		p, err := vendor(Env{LoadSpec: compiled.Load})
		if err != nil {
			return err
		}
		if err := s.plugIn(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) plugIn(p *Plug) (err error) {
	if err := p.complete(); err != nil {
		return fmt.Errorf("vendor %s: %w", p.Name, err)
	}
	in := &plugged{Plug: p, index: len(s.plugs), hosts: hostPatterns(p.Spec.Hosts), secrets: secretNamesOf(p.Spec)}
	in.catalogue.spec = p.Spec
	if in.ops, err = compileOperations(p); err != nil {
		return fmt.Errorf("vendor %s: %w", p.Name, err)
	}
	if in.records, err = compileRecords(p); err == nil {
		err = in.checkThrottle()
	}
	if err != nil {
		return fmt.Errorf("vendor %s: %w", p.Name, err)
	}
	for _, a := range p.Spec.Assumptions {
		if _, taken := s.defaults[a.ID]; taken {
			return fmt.Errorf("vendor %s: assumption %s is numbered twice", p.Name, a.ID)
		}
		s.defaults[a.ID], in.defaults = a.Default, in.defaults.with(a.ID, a.Default)
	}
	for i := range p.States {
		name := p.States[i].Name
		if _, taken := s.states[name]; taken {
			return fmt.Errorf("vendor %s: provider state %q is there twice", p.Name, name)
		}
		s.states[name] = stateOf{in, &p.States[i]}
	}
	for _, e := range p.Spec.Errors {
		if of := s.states[e.State]; e.State != "" && of.plug != in {
			return fmt.Errorf("vendor %s: error %s names the provider state %q, which the vendor does not have", p.Name, e.Name, e.State)
		}
	}
	s.plugs = append(s.plugs, in)
	s.specs = append(s.specs, p.Spec)
	return in.fillDemo(s)
}

type stateOf struct {
	plug  *plugged
	state *State
}

func (s *Server) state(name string) (*plugged, *State) {
	of := s.states[name]
	return of.plug, of.state
}

func (s *Server) plug(name string) *plugged {
	i := slices.IndexFunc(s.plugs, func(p *plugged) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return s.plugs[i]
}

// fillDemo makes the demo records once; every world forks them.
func (p *plugged) fillDemo(s *Server) error {
	st, err := store.New(p.Collections...)
	if err != nil {
		return err
	}
	w := &World{name: DefaultWorld, server: s}
	err = st.Update(context.Background(), func(tx *store.Tx) error {
		return p.Demo(&Setup{Tx: tx, Rand: seeded(0, demoStream), World: w, now: demoTime, plug: p, trusted: true})
	})
	if err != nil {
		return fmt.Errorf("vendor %s: demo records: %w", p.Name, err)
	}
	p.demo = st
	return nil
}

// complete reports what a plug lacks.
func (p *Plug) complete() error {
	var missing []string
	for name, there := range map[string]bool{
		"Name": p.Name != "", "Spec": p.Spec != nil, "Identify": p.Identify != nil, "Authenticate": p.Authenticate != nil,
		"Refuse": p.Refuse != nil, "Success": p.Success != nil, "Failure": p.Failure != nil, "Demo": p.Demo != nil,
		"Mint": p.Mint != nil, "Describe": p.Describe != nil, "Paths": len(p.Paths) > 0,
	} {
		if !there {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return errors.New("the plug lacks " + strings.Join(missing, ", "))
	}
	if p.ContentType == "" {
		p.ContentType = "application/json; charset=utf-8"
	}
	return nil
}

// hostPattern is a vendor's host name; where it varies, what it begins with: "quickbi-public.*.aliyuncs.com" stands for
// every host under quickbi-public, so that a name of the user's own network ("quickbi-public.test") finds the vendor too.
type hostPattern struct {
	text  string
	whole bool
}

func hostPatterns(hosts []string) []hostPattern {
	var out []hostPattern
	for _, h := range hosts {
		before, _, varies := strings.Cut(h, "*")
		if before != "" {
			out = append(out, hostPattern{before, !varies})
		}
	}
	return out
}

func (h hostPattern) match(host string) bool {
	if h.whole {
		return h.text == host
	}
	return strings.HasPrefix(host, h.text)
}
