package mockserver

import (
	"net/http"
	"time"

	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// Vendor makes a vendor's plug. Each vendor package exports one: quickbi.New, wps.New, dataarts.New.
type Vendor func(Env) (*Plug, error)

// Env is what a vendor may use while it builds its plug.
type Env struct {
	// LoadSpec returns what the vendor's documents say to a server.
	LoadSpec func(vendor string) (*specs.Rules, error)
}

// Plug is everything the core knows of a vendor.
type Plug struct {
	// Name is the vendor's short name, the same as its folder below specs/.
	Name string
	Spec *specs.Rules
	// Paths are the path prefixes that belong to the vendor whatever the Host ("/v7/"); "/" alone is the root path, not
	// a prefix. Hosts come from the documents' servers.
	Paths []string
	// Signed reports whether a request on a path nobody claims carries this vendor's signature scheme. May be nil.
	Signed func(*Request) bool
	// Identify appends what a request names its world by, the most telling first. It runs for every request, before
	// anything is known of it.
	Identify func(r *Request, claims []Claim) []Claim
	// Locate names the operation of an RPC request by action and version. nil: operations are found by path. It
	// returns a *Refusal when the action or version is missing or unknown.
	Locate func(*Call) (operationID string, err error)
	// Begin sets what every reply of the vendor needs, errors too, before anything can be refused (a request id, say).
	// May be nil.
	Begin func(*Call)
	// Authenticate checks the request exactly as received and sets Call.Caller. It returns a *Refusal.
	Authenticate func(*Call) error
	// Refuse puts a reason of the core into the vendor's words.
	Refuse func(*Call, Reason) *Refusal
	// Revise may answer another catalogue entry, or another status, for a refusal where one of the world's switches says
	// so. May be nil.
	Revise func(*Call, *Refusal) *Refusal
	// Throttle names the catalogue entry with which the vendor refuses too many calls. Operations that cannot answer it
	// are not throttled. Empty: the vendor is not known to throttle.
	Throttle string
	// Furnish adds to a refusal made from a catalogue entry alone, for an injected fault, what goes with the entry beside
	// its texts: headers, Extra. retryAfter is how long the client is asked to wait (Retry-After is set already); 0: it is
	// not. May be nil.
	Furnish func(c *Call, r *Refusal, retryAfter time.Duration)
	// Success puts a handler's value into the vendor's envelope, Failure a refusal. What they return is encoded as
	// JSON and must fit the operation's documented response.
	Success func(*Call, any) any
	Failure func(*Call, *Refusal) any
	// Format appends an envelope to b in a format other than JSON; ok is false where JSON is wanted. May be nil. The core
	// checks the envelope, not this encoding.
	Format func(c *Call, envelope any, b []byte) (body []byte, contentType string, ok bool)
	// ContentType is that of JSON replies. Default: application/json; charset=utf-8.
	ContentType string
	// Handlers has one function for every operation of the documents, by operationId.
	Handlers map[string]Handler
	// Collections are the vendor's tables. Their short names are unique within the vendor.
	Collections []*store.Collection
	// States are the provider states, their names unique across vendors.
	States []State
	// Demo fills an empty world with the demo records.
	Demo func(*Setup) error
	// Mint gives everything that the world's records claim new values, drawn from Setup.Rand: of the demo records or not,
	// minted before or not. What cannot go on without its old value goes.
	Mint func(*Setup) error
	// Describe returns the vendor's section of `countersign env` (its "url" is given as base) for the world's present records.
	Describe func(s *Setup, base string) (any, error)
}

// Claim is a credential or an id that belongs to one world. Kind and Value together are the text that the collections'
// Claims return: "access-key:" and "LTAI...".
type Claim struct{ Kind, Value string }

// Handler does the work of one operation and returns the value that Plug.Success takes. It fails with a *Refusal; any
// other error is a bug of the stand-in. It works in Call.Tx, which is read-only for GET operations.
type Handler func(*Call) (any, error)

// Reason is why the core itself refuses a request.
type Reason int

// The core's reasons.
const (
	// NoSuchOperation: the path belongs to the vendor but no operation has it.
	NoSuchOperation Reason = iota + 1
	// NoSuchMethod: the path is an operation's but not with this method.
	NoSuchMethod
	// TooLarge: the body is over the limit.
	TooLarge
	// Unreadable: the body ended early, the query is not percent-encoded, or the like.
	Unreadable
	// Broken: the stand-in itself failed (a panic, a bug); it is logged and counted.
	Broken
)

// Header is http.Header, named here so that plugs need not import net/http for it.
type Header = http.Header
