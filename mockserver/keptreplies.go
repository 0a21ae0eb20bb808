package mockserver

import (
	"hash/maphash"
	"sync/atomic"
)

const (
	// keptReplies is how many replies are kept, each in the one place that its key has.
	keptReplies = 64
	// longestKept is the number of bytes of the longest reply that is kept.
	longestKept = 64 << 10
)

// Replies keeps replies that are asked for again and again as a whole, at most 64 of 64 KiB, for all worlds and servers of the
// process: pages of lists, and refusals. K is everything that a reply depends on: what was asked for, the versions of the
// collections that it is made of, records, what the world has decided.
type Replies[K comparable] struct {
	seed   maphash.Seed
	places [keptReplies]replyPlace[K]
}

// replyPlace is a place for a reply. seen is a hash of the key that was met last: a reply is kept when it is asked for the
// second time, and none takes the place of another before.
type replyPlace[K comparable] struct {
	seen atomic.Uint64
	is   atomic.Pointer[keptReply[K]]
}

type keptReply[K comparable] struct {
	key   K
	reply wholeReply
}

// wholeReply is an envelope with its JSON. Neither is changed any more.
type wholeReply struct {
	envelope Appender
	text     []byte
}

func (w *wholeReply) AppendJSON(b []byte) []byte { return append(b, w.text...) }

// NewReplies returns an empty Replies.
func NewReplies[K comparable]() *Replies[K] { return &Replies[K]{seed: maphash.MakeSeed()} }

// Of returns the reply that belongs to a key: the one kept, else what build makes, with build's error.
func (r *Replies[K]) Of(key K, build func() (Appender, error)) (Appender, error) {
	hash := maphash.Comparable(r.seed, key)
	place := &r.places[hash%keptReplies]
	if kept := place.is.Load(); kept != nil && kept.key == key {
		return &kept.reply, nil
	}
	envelope, err := build()
	if err != nil {
		return nil, err
	}
	if place.seen.Swap(hash) == hash {
		if text := envelope.AppendJSON(nil); len(text) <= longestKept {
			place.is.Store(&keptReply[K]{key, wholeReply{envelope, text}})
		}
	}
	return envelope, nil
}
