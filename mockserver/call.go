package mockserver

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// Call is one request on its way through the pipeline.
type Call struct {
	// Request is the request as received.
	*Request
	// World is the world it belongs to.
	World *World
	// Op is the operation, nil before it is found.
	Op *Operation
	// Tx is the store transaction: a read-only snapshot until the handler runs, then the handler's own.
	Tx *store.Tx
	// Caller is who Authenticate found the caller to be, in the vendor's own type.
	Caller any
	// RequestID is set by Plug.Begin where the vendor has one.
	RequestID string
	// Rand is the call's own source of chance and ids, seeded from the world's seed and the number of the call.
	Rand *rand.Rand

	plug       *Plug
	plugged    *plugged
	switches   switches
	sequence   uint64 // the number of the call in its world
	problem    string
	now        time.Time
	signingNow time.Time
	args       []arg
	pathArgs   []string
	body       *specs.Tape // nil: none that was read
	header     *ReplyHeader
	warnings   []string
	explain    func() *Explanation
	fault      *fault
	extra      extra
	// watched says that transitions wait for calls, or have failed.
	watched bool
	stages  *stageClock
	memory  *callMemory
}

// arg is the value of a declared parameter, at the parameter's place in the document.
type arg struct {
	present bool
	text    string
	number  int64
}

// Now is world time: what records, ids and expiry go by.
func (c *Call) Now() time.Time { return c.now }

// SigningNow is the time that client timestamps and nonces are judged by.
func (c *Call) SigningNow() time.Time { return c.signingNow }

// Switch returns the alternative that the call's world has chosen for a numbered assumption ("QB-003"). An unknown
// number is a bug and panics.
func (c *Call) Switch(id string) string {
	if choice, known := c.switches.of(id); known {
		return choice
	}
	return c.World.Switch(c.plug.Name, id)
}

// Strict reports whether the world refuses what is otherwise only warned of.
func (c *Call) Strict() bool { return c.World.strict }

// Text returns a declared parameter's text and whether it was sent. An undeclared name is a bug and panics.
func (c *Call) Text(name string) (string, bool) {
	a := c.arg(name)
	return a.text, a.present
}

// Int returns a declared integer or boolean (0, 1) parameter and whether it was sent. For handlers: it has been validated.
func (c *Call) Int(name string) (int64, bool) {
	a := c.arg(name)
	return a.number, a.present
}

func (c *Call) arg(name string) arg {
	for i := range c.Op.params {
		if c.Op.params[i].name == name {
			return c.args[i]
		}
	}
	panic(fmt.Sprintf("operation %s declares no parameter %q", c.Op.ID, name))
}

// PathArg returns a path parameter, also before validation (Identify and Authenticate need project ids).
func (c *Call) PathArg(name string) string {
	for i, n := range c.Op.pathNames {
		if n == name && i < len(c.pathArgs) {
			return c.pathArgs[i]
		}
	}
	return ""
}

// mostWarnings and longestWarning, in bytes, bound what a request can make the journal keep of it.
const (
	mostWarnings   = 20
	longestWarning = 200
)

// Warn notes something in the journal that the client should know but is not refused for. After the first twenty
// warnings the journal says only that there are more.
func (c *Call) Warn(format string, args ...any) {
	switch {
	case c.warnedEnough():
		return
	case len(c.warnings) == mostWarnings:
		c.warnings = append(c.warnings, "there is more to warn of")
		return
	}
	text := fmt.Sprintf(format, args...)
	if len(text) > longestWarning {
		text = strings.ToValidUTF8(text[:longestWarning], "") + "…"
	}
	c.warnings = append(c.warnings, text)
}

func (c *Call) warnedEnough() bool { return len(c.warnings) > mostWarnings }

// ReplyHeader is the header of the reply.
func (c *Call) ReplyHeader() *ReplyHeader { return c.header }

// Refuse makes a refusal from the catalogue: the operation's entry of that name, else the vendor's. The arguments fill
// the %s of its code and message. An unknown name is a bug and panics.
func (c *Call) Refuse(name string, args ...string) *Refusal {
	return newRefusal(c.entry(name), args)
}

// entry finds an entry of the catalogue.
func (c *Call) entry(name string) *entry {
	from := &c.plugged.catalogue
	if c.Op != nil {
		from = &c.Op.catalogue
	}
	e := from.of(name)
	if e == nil {
		panic(fmt.Sprintf("vendor %s: operation %q has no error %q in its catalogue", c.plug.Name, from.operation, name))
	}
	return e
}

// UseNonce notes a nonce, of one or several parts, as used until signing time has passed until, and reports whether it
// was new. Call it once everything else about the signature is right.
func (c *Call) UseNonce(until time.Time, nonce ...string) bool {
	m := c.memory
	m.text = append(m.text[:0], c.plug.Name...)
	for _, part := range nonce {
		m.text = append(append(m.text, 0), part...)
	}
	text, fresh := c.World.nonces.use(m.text, c.signingNow, until)
	if fresh && c.World.server.keeps() {
		c.extra.nonces = append(c.extra.nonces, disk.Nonce{Text: text, Until: until.UnixMilli()})
	}
	return fresh
}

// ExplainWith sets what the journal shows of a refused signature. f runs when the entry is read, if ever: long after the
// call, so it must use nothing of the call but its Request: what was read before, and World.Records. It may keep secrets
// only for its work; what it returns must hold none.
func (c *Call) ExplainWith(f func() *Explanation) { c.explain = f }

// Hex returns n random hex digits from the call's chance.
func (c *Call) Hex(n int) string { return Hex(c.Rand, n) }

// UUID returns a random UUID of version 4 in upper case ("D787E1A3-A93C-424A-B626-C2B05DF8D885").
func (c *Call) UUID() string { return UUID(c.Rand) }

// UUID draws a UUID of version 4 in upper case.
func UUID(r *rand.Rand) string {
	var d [32]byte
	drawHex(d[:], r, 'A')
	d[12] = '4'
	d[16] = "89AB"[r.IntN(4)]
	var text [36]byte
	b := append(append(text[:0], d[:8]...), '-')
	b = append(append(b, d[8:12]...), '-')
	b = append(append(b, d[12:16]...), '-')
	b = append(append(b, d[16:20]...), '-')
	return string(append(b, d[20:]...))
}

// Hex draws n lower-case hex digits.
func Hex(r *rand.Rand, n int) string {
	var few [64]byte // most are no longer, and take one allocation then
	b := few[:min(n, len(few))]
	if n > len(few) {
		b = make([]byte, n)
	}
	drawHex(b, r, 'a')
	return string(b)
}

// drawHex fills b with digits; those above 9 begin with the letter ten.
func drawHex(b []byte, r *rand.Rand, ten byte) {
	for len(b) > 0 {
		var some [16]byte
		bits := r.Uint64()
		binary.LittleEndian.PutUint64(some[:], eightDigits(uint32(bits), ten)) //nolint:gosec // the lower half
		binary.LittleEndian.PutUint64(some[8:], eightDigits(uint32(bits>>32), ten))
		b = b[copy(b, some[:]):]
	}
}
