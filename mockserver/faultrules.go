package mockserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// FaultRule makes calls go wrong on purpose. A world has its rules in an order; every rule counts the calls that match
// it, and of those that would act on a call the first one does. Calls that fail authentication or validation match no
// rule: a fault hides no mistake of the client.
type FaultRule struct {
	// ID tells the rule from the world's others: 1 to 64 letters, digits, dots, dashes or underscores. Empty: one is made.
	ID string `json:"id,omitempty"`
	// Vendor is whose calls match, Operation of which operation. Without Operation: all operations of the vendor that can
	// answer what the effect asks for.
	Vendor    string `json:"vendor"`
	Operation string `json:"operation,omitempty"`
	// Parameters must all be fulfilled.
	Parameters []ParameterMatch `json:"parameters,omitempty"`
	// Nth makes the rule act on one matching call only, the n-th since it was written, from 1 on. 0: not only.
	Nth int `json:"nth,omitempty"`
	// From is the first matching call that it may act on, Times how often it acts at most. 0: from the first; without end.
	From  int `json:"from,omitempty"`
	Times int `json:"times,omitempty"`
	// Probability, above 0 and up to 1, is that of acting on a call which it may act on. It is drawn from the seed and
	// the number of the matching call, and so is every other chance of the rule. nil: 1.
	Probability *float64 `json:"probability,omitempty"`
	// Seed is the source of chance. nil: the world's.
	Seed *uint64 `json:"seed,omitempty"`
	// TTL is how long the rule lives, in world time since it was written. 0: until it is deleted.
	TTL Duration `json:"ttl,omitempty"`
	// Moment is before (the handler does not run, nothing changes) or after it (it has run, what it did stays, and the
	// caller hears otherwise). Empty: after for effects that spoil the handler's own reply, before for all others.
	Moment Moment `json:"moment,omitempty"`
	// Effect is what happens.
	Effect FaultEffect `json:"effect"`
}

// Moment is when a fault acts.
type Moment string

// The two moments.
const (
	Before Moment = "before"
	After  Moment = "after"
)

// FaultEffect is what a fault does to a call: one effect, or several that go together. Error and Throttle exclude each
// other, Reset all but Latency, and Cut excludes Malformed.
type FaultEffect struct {
	// Error answers the entry of that name of the operation's, its document's or the vendor's catalogue, as if it had come
	// up by itself: the world's switches apply. Parameter fills the %s of its texts and stands where the vendor names the
	// parameter at fault; empty: a required parameter of the operation fills them.
	Error     string `json:"error,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	// Throttle refuses the call in the vendor's own form.
	Throttle *Throttling `json:"throttle,omitempty"`
	// Latency waits at the moment.
	Latency *Latency `json:"latency,omitempty"`
	// Reset resets the connection (TCP RST) instead of any reply.
	Reset bool `json:"reset,omitempty"`
	// Cut ends the connection within the body, Drip sends the body bit by bit.
	Cut  *Cut  `json:"cut,omitempty"`
	Drip *Drip `json:"drip,omitempty"`
	// Malformed spoils the body, with a Content-Length that fits: MalformedTruncated or MalformedGarbage.
	Malformed string `json:"malformed,omitempty"`
	// ContentType is sent in place of the reply's own.
	ContentType string `json:"content_type,omitempty"`
}

// The ways of FaultEffect.Malformed.
const (
	// MalformedTruncated leaves the second half of the body out.
	MalformedTruncated = "truncated"
	// MalformedGarbage sends as many random characters instead.
	MalformedGarbage = "garbage"
)

// Throttling is the vendor's own refusal of too many calls.
type Throttling struct {
	// RetryAfter, in whole seconds, is sent as Retry-After and where else the vendor says how long to wait. 0: neither.
	RetryAfter Duration `json:"retry_after,omitempty"`
}

// Latency is a wait: Fixed, or drawn evenly between Min and Max, or from a lognormal distribution with Median and Sigma.
// No wait is longer than an hour.
type Latency struct {
	Fixed  Duration `json:"fixed,omitempty"`
	Min    Duration `json:"min,omitempty"`
	Max    Duration `json:"max,omitempty"`
	Median Duration `json:"median,omitempty"`
	// Sigma is the standard deviation of the wait's natural logarithm, above 0 and up to 5.
	Sigma float64 `json:"sigma,omitempty"`
}

// Cut ends the connection in the middle of a reply whose Content-Length promises all of it.
type Cut struct {
	// After is how many bytes of the body are sent; at least one is always kept back. nil: half of them.
	After *int `json:"after,omitempty"`
}

// Drip sends Bytes of the body, waits for Every, and so on.
type Drip struct {
	Bytes int      `json:"bytes"`
	Every Duration `json:"every"`
}

// UnmarshalJSON reads a rule strictly, in world files too: an unknown field is an error that names those that there are.
func (r *FaultRule) UnmarshalJSON(data []byte) error {
	type plain FaultRule
	return strictly(data, (*plain)(r), "a fault rule")
}

// UnmarshalJSON reads an effect strictly.
func (e *FaultEffect) UnmarshalJSON(data []byte) error {
	type plain FaultEffect
	return strictly(data, (*plain)(e), "effect")
}

// strictly decodes into a pointer to a struct.
func strictly(data []byte, into any, what string) error {
	var sent map[string]json.RawMessage
	if json.Unmarshal(data, &sent) == nil { // else the decoder says better what is wrong
		known := jsonFields(reflect.TypeOf(into).Elem())
		for _, name := range slices.Sorted(maps.Keys(sent)) {
			if !slices.Contains(known, name) {
				return fmt.Errorf("%s has no %q; it has %s", what, name, strings.Join(known, ", "))
			}
		}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// jsonFields are the names of a struct's fields in JSON.
func jsonFields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
