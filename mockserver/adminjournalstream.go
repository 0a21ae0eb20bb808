package mockserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// heartbeat is how often a stream without news says that it is still there, so that proxies keep it and a client that
	// has gone is noticed.
	heartbeat = 15 * time.Second
	// streamPatience is how long one piece of a stream may take to be written. A client that reads more slowly is cut off.
	streamPatience = 30 * time.Second
)

// adminStream sends the journal as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html):
// from now on, or from the entry behind Last-Event-ID on.
func (s *Server) adminStream(c *gin.Context) {
	q, err := queryParameters(c.Request.URL.Query())
	var sel *selection
	var after *uint64
	if err == nil {
		sel, err = s.selection(q)
	}
	if err == nil {
		after, err = lastEventID(c.GetHeader("Last-Event-ID"))
	}
	if err != nil {
		adminFailure(c, err)
		return
	}
	if after == nil && q.After > 0 {
		after = &q.After
	}
	w := s.journal.watch(sel, after)
	st := newStream(c)
	if !st.begin() {
		w.stop()
		return
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	w.each(ctx, s.beats(ctx), st.send)
	if s.journal.isClosed() {
		st.write("event: end\ndata: {\"countersign\":\"the server is shutting down\"}\n\n")
	}
}

func lastEventID(text string) (*uint64, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, badQuery("Last-Event-ID %q: want the id of an entry", text)
	}
	return &id, nil
}

// beats ticks until ctx ends.
func (s *Server) beats(ctx context.Context) <-chan struct{} {
	beat := make(chan struct{})
	go func() {
		for s.sleep(ctx, heartbeat) == nil {
			select {
			case beat <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return beat
}

func (j *journal) isClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// stream writes server-sent events.
type stream struct {
	w       gin.ResponseWriter
	control *http.ResponseController
}

func newStream(c *gin.Context) *stream {
	return &stream{c.Writer, http.NewResponseController(c.Writer)}
}

// begin sends the header.
func (st *stream) begin() bool {
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	st.w.WriteHeader(http.StatusOK)
	return st.write(": countersign\nretry: 1000\n\n")
}

// write sends a piece at once. The server's limit on writing is for replies that end; where the connection has no
// deadlines there is none to move.
func (st *stream) write(text string) bool {
	_ = st.control.SetWriteDeadline(wallClock().Add(streamPatience))
	if _, err := st.w.WriteString(text); err != nil {
		return false
	}
	return st.control.Flush() == nil
}

// send writes one event; nil is a heartbeat.
func (st *stream) send(seen *Watched) bool {
	switch {
	case seen == nil:
		return st.write(": still here\n\n")
	case seen.Request == nil:
		return st.write(fmt.Sprintf("event: lost\ndata: {\"lost\":%d,\"countersign\":\"up to %[1]d entries were evicted or cleared before they could be sent\"}\n\n", seen.Lost))
	}
	line, err := json.Marshal(seen.Request)
	if err != nil {
		return false
	}
	return st.write(fmt.Sprintf("id: %d\nevent: request\ndata: %s\n\n", seen.Request.ID, line))
}
