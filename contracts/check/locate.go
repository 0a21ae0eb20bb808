package check

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// found is which operation an interaction calls. op is nil if no document has it; why then says so in words.
type found struct {
	vendor *vendor
	op     *operation
	args   []string // of the path's parameters
	why    string
	at     place
	spec   Spec
	// near is how much of the request fits an operation: 0 nothing, 1 the path, 2 the action too, 3 all but the method.
	near int
}

// blame says why an operation does not fit, unless another one fits better.
func (f *found) blame(near int, spec Spec, at place, format string, args ...any) {
	if near > f.near {
		f.near, f.spec, f.at, f.why = near, spec, at, fmt.Sprintf(format, args...)
	}
}

// locate finds the vendor and the operation of a request: the vendor by the Host header if it is one of a vendor's hosts,
// else by path, RPC action and method; what is left open, by the provider's name.
func (c *Checker) locate(in *interaction) found {
	vendors := c.vendors
	if host, ok := header(in.request.headers, "Host"); ok {
		if v := c.byHost(host.value); v != nil {
			vendors = []*vendor{v}
		}
	}
	var near []found
	for _, v := range vendors {
		f := v.locate(in)
		if f.op != nil {
			return f
		}
		if f.vendor != nil {
			near = append(near, f)
		}
	}
	if v := c.byProvider(in.pact.Provider); v != nil && (len(near) == 0 || len(near) > 1) {
		near = append([]found{v.locate(in)}, near...)
		near[0].vendor = v
	}
	if len(near) > 0 {
		return near[0]
	}
	if len(vendors) == 1 {
		f := vendors[0].locate(in)
		f.vendor = vendors[0]
		return f
	}
	return found{why: fmt.Sprintf("%s %s is an operation of none of the vendors", in.request.method.value, in.request.path.value),
		at: in.request.path.place}
}

func (c *Checker) byHost(host string) *vendor {
	if h, _, ok := strings.Cut(host, ":"); ok {
		host = h
	}
	for _, v := range c.vendors {
		for _, pattern := range v.Hosts {
			if hostFits(pattern, strings.ToLower(host)) {
				return v
			}
		}
	}
	return nil
}

// hostFits compares a host with a pattern in which * is one label or part of it.
func hostFits(pattern, host string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == host
	}
	middle, ok := strings.CutPrefix(host, before)
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, after)
	return ok && middle != "" && !strings.Contains(middle, ".")
}

// byProvider finds the vendor whose name stands in the provider's ("Quick BI", "wps-365"), if it is only one.
func (c *Checker) byProvider(provider string) *vendor {
	provider = letters(provider)
	var found *vendor
	for _, v := range c.vendors {
		if !strings.Contains(provider, letters(v.Name)) {
			continue
		}
		if found != nil {
			return nil
		}
		found = v
	}
	return found
}

// letters are the letters and digits of a name, in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// locate finds the operation of a request among the vendor's. Where it does not, the vendor is set only if the path
// claims to be one of its: it begins like an operation's.
func (v *vendor) locate(in *interaction) found {
	path, method := in.request.path, in.request.method
	f := found{at: path.place, why: fmt.Sprintf("no operation of %s has the path %s; there are %s", v.Name, path.value, v.list())}
	f.spec = fieldOf(v.operations[0].Document.T.Paths.Origin, v.operations[0].Path)
	var call rpcCall
	if v.rpc.action != "" {
		call = v.rpcCall(in)
	}
	for _, op := range v.operations {
		if begins(op.Path, path.value) {
			f.vendor = v
		}
		args, ok := op.match(path.value)
		if !ok {
			continue
		}
		if op.RPC != nil && !call.names(op, &f) {
			continue
		}
		if !op.serves(method.value) {
			f.blame(3, fieldOf(op.Document.T.Paths.Origin, op.Path), method.place, "%s is not served with %s, but with %s", v.called(op), method.value, v.methods(op))
			continue
		}
		return found{vendor: v, op: op, args: args}
	}
	return f
}

// called is an operation by its action, or by its path.
func (v *vendor) called(op *operation) string {
	if op.RPC != nil {
		return op.RPC.Action
	}
	return op.Path
}

// methods are those that serve what is called like the operation.
func (v *vendor) methods(op *operation) string {
	var list []string
	for _, other := range v.operations {
		if v.called(other) == v.called(op) {
			list = append(append(list, other.Method), other.Also...)
		}
	}
	return strings.Join(list, ", ")
}

// list names the vendor's operations.
func (v *vendor) list() string {
	var names []string
	for _, op := range v.operations {
		name := op.Method + " " + op.Path
		if op.RPC != nil {
			name = "action " + op.RPC.Action
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// begins says whether two paths have the same first segment.
func begins(a, b string) bool {
	first := func(s string) string { s, _, _ = strings.Cut(strings.TrimPrefix(s, "/"), "/"); return s }
	return first(a) == first(b)
}

// match reports whether the path is the operation's and returns its decoded arguments.
func (op *operation) match(path string) ([]string, bool) {
	rest, ok := strings.CutPrefix(path, "/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != len(op.segments) {
		return nil, false
	}
	var args []string
	for i, want := range op.segments {
		if want != "" || op.Path == "/" {
			if parts[i] != want {
				return nil, false
			}
			continue
		}
		arg, err := url.PathUnescape(parts[i])
		if err != nil || arg == "" {
			return nil, false
		}
		args = append(args, arg)
	}
	return args, true
}

// rpcCall is what a request says of the RPC operation it means.
type rpcCall struct{ action, version text }

// rpcCall reads action and version: from the headers where the request carries Authorization (the newer signature), else
// from the parameters, which stand in the query or in a form; failing both, from the headers.
func (v *vendor) rpcCall(in *interaction) rpcCall {
	_, signed := header(in.request.headers, "Authorization")
	pairs := in.rpcPairs()
	pick := func(inHeader, inPairs string) text {
		h, _ := header(in.request.headers, inHeader)
		p := first(pairs, inPairs)
		if signed && h.value != "" || p.value == "" {
			return h
		}
		return p
	}
	return rpcCall{pick(v.rpc.actionHeader, v.rpc.action), pick(v.rpc.versionHeader, v.rpc.version)}
}

func first(pairs []pair, name string) text {
	for _, p := range pairs {
		if p.name == name {
			return p.text
		}
	}
	return text{}
}

// names says whether the call means the operation, and leaves in f why not.
func (c rpcCall) names(op *operation, f *found) bool {
	v := op.vendor
	switch {
	case c.action.value == "":
		f.blame(1, op.spec, f.at, "the request names no action, neither %s nor %s; there are %s", v.rpc.action, v.rpc.actionHeader, v.list())
	case c.action.value != op.RPC.Action:
		f.blame(1, op.spec, c.action.place, "%s has no action %s; there are %s", v.Name, c.action.value, v.list())
	case c.version.value != "" && c.version.value != op.RPC.Version:
		f.blame(2, op.spec, c.version.place, "%s has no version %s, but %s", op.ID, c.version.value, op.RPC.Version)
	default:
		return true
	}
	return false
}
