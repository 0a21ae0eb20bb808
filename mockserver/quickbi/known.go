package quickbi

import (
	"sync/atomic"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// known is what a world remembers of the callers before: nearly every request comes from one of them. What is remembered
// counts for as long as the collections are as they were, since records never change.
type known struct {
	callers [knownSlots]atomic.Pointer[knownCaller]
}

const knownSlots = 16

// knownCaller is who calls with an access key.
type knownCaller struct {
	at  [3]store.Version
	key *AccessKey
	who caller
}

// knowledge is the key of Memo.
type knowledge struct{}

func knownIn(c *mockserver.Call) *known {
	return c.World.Memo(knowledge{}, func() any { return new(known) }).(*known)
}

// slot is where the caller with an access key is remembered.
func (k *known) slot(id string) *atomic.Pointer[knownCaller] {
	h := len(id)
	for i := max(len(id)-4, 0); i < len(id); i++ {
		h = 31*h + int(id[i])
	}
	return &k.callers[h%knownSlots]
}

func callersAt(tx *store.Tx) [3]store.Version {
	return [...]store.Version{accessKeys.Version(tx), users.Version(tx), organizations.Version(tx)}
}

// knownWith returns who calls with the key, nil if that has to be looked up.
func knownWith(c *mockserver.Call, id string) *knownCaller {
	was := knownIn(c).slot(id).Load()
	if was == nil || was.key.ID != id || !was.counts(c.Tx) {
		return nil
	}
	return was
}

// counts reports whether the transaction sees what is remembered.
func (k *knownCaller) counts(tx *store.Tx) bool { return k.at == callersAt(tx) }

// meet remembers who calls with the key, if somebody does.
func meet(c *mockserver.Call, key *AccessKey) {
	if who, known := callerWith(c.Tx, key); known {
		knownIn(c).slot(key.ID).Store(&knownCaller{callersAt(c.Tx), key, who})
	}
}
