package mockserver

import (
	"maps"
	"net/http"
	"strconv"
)

// ReplyHeader is the header of a reply. It has room for as many fields as a vendor's reply has, so that it takes no memory
// beside the call's journal entry; more fit in all the same. Names are case-insensitive. Its zero value is ready.
type ReplyHeader struct {
	count  int
	names  [roomyHeader]string // canonical
	values [roomyHeader]string
	more   http.Header
	length [1]string
}

const roomyHeader = 6

// Set sets a field, in place of one of that name.
func (h *ReplyHeader) Set(name, value string) {
	h.SetCanonical(http.CanonicalHeaderKey(name), value)
}

// SetCanonical is Set for a name as net/http spells it, which that would first have to find out.
func (h *ReplyHeader) SetCanonical(name, value string) {
	i := h.find(name)
	switch {
	case i < h.count:
	case h.count < roomyHeader:
		h.count++
	default:
		if h.more == nil {
			h.more = http.Header{}
		}
		h.more[name] = []string{value}
		return
	}
	h.names[i], h.values[i] = name, value
}

// Get returns a field, "" if there is none of that name.
func (h *ReplyHeader) Get(name string) string {
	return h.getCanonical(http.CanonicalHeaderKey(name))
}

func (h *ReplyHeader) getCanonical(name string) string {
	if i := h.find(name); i < h.count {
		return h.values[i]
	}
	return HeaderOf(h.more, name)
}

// find returns the place of a field, that behind the last one if there is none of that name.
func (h *ReplyHeader) find(name string) int {
	for i := range h.count {
		if h.names[i] == name {
			return i
		}
	}
	return h.count
}

// All is the header in the form of net/http.
func (h *ReplyHeader) All() http.Header {
	all := make(http.Header, h.count+len(h.more))
	h.writeTo(all)
	return all.Clone()
}

// writeTo puts the fields into the header of a net/http reply, which only reads them.
func (h *ReplyHeader) writeTo(to http.Header) {
	for i := range h.count {
		to[h.names[i]] = h.values[i : i+1 : i+1]
	}
	maps.Copy(to, h.more)
}

// lengthOf is the Content-Length of a body.
func (h *ReplyHeader) lengthOf(body []byte) []string {
	h.length[0] = strconv.Itoa(len(body))
	return h.length[:]
}

// clone is a copy for somebody who may want the header as it was.
func (h *ReplyHeader) clone() ReplyHeader {
	out := *h
	out.more = h.more.Clone()
	return out
}
