package mockserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver/store"
)

// adminRecordRoutes are for the records of a world. Ids may hold slashes, so they are the rest of the path.
func (s *Server) adminRecordRoutes(g *gin.RouterGroup) {
	g.GET("/worlds/:world/:collection", s.adminCollection)
	g.POST("/worlds/:world/:collection", s.adminCreateRecord)
	g.GET("/worlds/:world/:collection/*id", s.adminRecord)
	g.PUT("/worlds/:world/:collection/*id", s.adminPutRecord)
	g.PATCH("/worlds/:world/:collection/*id", s.adminPatchRecord)
	g.DELETE("/worlds/:world/:collection/*id", s.adminDeleteRecord)
}

// errNotJSON says that a body that should be a record is none.
var errNotJSON = errors.New("body: want a record as a JSON object")

// recordFailure answers an error about records: 422 for what is JSON but no record that could stand there.
func recordFailure(c *gin.Context, err error) {
	var schema *RecordError
	var invalid *store.InvalidError
	var dangling *store.ReferenceError
	var referred *ReferredError
	status := 0
	switch {
	case errors.As(err, &schema), errors.As(err, &invalid), errors.As(err, &dangling):
		status = http.StatusUnprocessableEntity
	case errors.As(err, &referred):
		status = http.StatusConflict
	case errors.Is(err, ErrRecordTaken):
		adminError(c, http.StatusConflict, err.Error()+"; PUT replaces it, PATCH changes it")
		return
	default:
		adminFailure(c, err)
		return
	}
	text := err.Error()
	if schema != nil {
		text = "record of " + schema.Collection + ": " + text
	}
	adminError(c, status, text)
}

// theCollection finds the world and the collection of the path, with everything that is due done, or answers and returns a
// nil world.
func (s *Server) theCollection(c *gin.Context) (*World, placed) {
	w := s.theWorld(c)
	if w == nil {
		return nil, placed{}
	}
	p, col, err := s.findCollection(c.Param("collection"))
	if err != nil {
		adminFailure(c, err)
		return nil, placed{}
	}
	w.passTime()
	return w, placed{p, p.place(col.Name())}
}

// recordID is the rest of the path.
func recordID(c *gin.Context) string { return strings.TrimPrefix(c.Param("id"), "/") }

// bodyRecord reads the record in the body.
func bodyRecord(c *gin.Context, in placed) (any, error) {
	data, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if !json.Valid(data) {
		return nil, errNotJSON
	}
	return in.decode(data)
}

func (s *Server) adminCreateRecord(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	rec, err := bodyRecord(c, in)
	if err == nil {
		err = w.createRecord(c.Request.Context(), in, rec)
	}
	if err != nil {
		recordFailure(c, err)
		return
	}
	c.JSON(http.StatusCreated, rec)
}

func (s *Server) adminRecord(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	rec, err := w.record(c.Request.Context(), in, recordID(c))
	if err != nil {
		recordFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, rec)
}

func (s *Server) adminPutRecord(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	rec, err := bodyRecord(c, in)
	if err == nil {
		if id := in.collection().ID(rec); id != recordID(c) {
			err = fmt.Errorf("body: the id of the record is %q, but the path names %q", id, recordID(c))
		}
	}
	created := false
	if err == nil {
		created, err = w.putRecord(c.Request.Context(), in, rec)
	}
	if err != nil {
		recordFailure(c, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.JSON(status, rec)
}

func (s *Server) adminPatchRecord(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	patch, err := io.ReadAll(c.Request.Body)
	if err != nil {
		adminFailure(c, fmt.Errorf("body: %w", err))
		return
	}
	rec, err := w.patchRecord(c.Request.Context(), in, recordID(c), patch)
	if err != nil {
		recordFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, rec)
}

func (s *Server) adminDeleteRecord(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	cascade := c.Query("cascade")
	if cascade != "" && cascade != "true" && cascade != "false" {
		adminError(c, http.StatusBadRequest, fmt.Sprintf("cascade=%s: want true or false", cascade))
		return
	}
	gone, err := w.deleteRecord(c.Request.Context(), in, recordID(c), cascade == "true")
	if err != nil {
		recordFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"deleted": gone})
}

// adminCollection lists records in the order of their ids. They are written as they are read: a million of them need no
// memory to speak of.
func (s *Server) adminCollection(c *gin.Context) {
	w, in := s.theCollection(c)
	if w == nil {
		return
	}
	l, err := newListing(c, in)
	if err != nil {
		adminError(c, http.StatusBadRequest, err.Error())
		return
	}
	c.Header("Content-Type", "application/json; charset=utf-8")
	if err := l.write(c.Request.Context(), w, c.Writer); err != nil {
		s.log.Error("a list of records ended early", "world", w.name, "collection", in.name(), "error", err)
		panic(http.ErrAbortHandler) // the status is out: the client is to notice
	}
}

// listing is what is asked for of a collection.
type listing struct {
	in          placed
	skip, limit int
	filters     []fieldFilter
}

type fieldFilter struct{ field, want string }

// defaultLimit is how many records are listed if nobody says.
const defaultLimit = 100

// newListing reads the query: skip, limit (0: all), and further parameters as properties that records must have with that
// value.
func newListing(c *gin.Context, in placed) (*listing, error) {
	l := &listing{in: in}
	var err1, err2 error
	l.skip, err1 = queryInt(c, "skip", 0)
	l.limit, err2 = queryInt(c, "limit", defaultLimit)
	if err1 != nil || err2 != nil {
		return nil, errors.New("skip and limit want whole numbers from 0 on")
	}
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	of := in.plug.Spec.Collection(in.collection().Name())
	for name, values := range query {
		if name == "skip" || name == "limit" {
			continue
		}
		if of.Shape.Property(name) == nil {
			return nil, fmt.Errorf("records of %s have no %q to filter by", in.name(), name)
		}
		for _, v := range values {
			l.filters = append(l.filters, fieldFilter{name, v})
		}
	}
	slices.SortFunc(l.filters, func(a, b fieldFilter) int { return strings.Compare(a.field, b.field) })
	return l, nil
}

// write writes the list: {"collection", "records", "total"}; total counts all that fit, whatever skip and limit say.
func (l *listing) write(ctx context.Context, w *World, to io.Writer) error {
	out := bufio.NewWriter(to)
	tx := w.store(l.in.plug).Snapshot(ctx)
	fmt.Fprintf(out, `{"collection":%q,"records":[`, l.in.name())
	var total int
	var err error
	if len(l.filters) == 0 {
		total = tx.CountAny(l.in.collection())
		err = l.page(tx, out)
	} else {
		total, err = l.filtered(tx, out)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `],"total":%d}`, total)
	return out.Flush()
}

func (l *listing) page(tx *store.Tx, out *bufio.Writer) error {
	var failed error
	n := 0
	err := tx.Scan(l.in.collection(), store.PrimaryIndex, "", store.Range{Skip: l.skip, Limit: l.limit}, func(rec any) bool {
		var text []byte
		if text, failed = json.Marshal(rec); failed == nil {
			failed = writeItem(out, n, text)
		}
		n++
		return failed == nil
	})
	return errors.Join(err, failed)
}

func writeItem(out *bufio.Writer, n int, text []byte) error {
	if n > 0 {
		_ = out.WriteByte(',') // the writer remembers what fails
	}
	_, err := out.Write(text)
	return err
}

func (l *listing) filtered(tx *store.Tx, out *bufio.Writer) (total int, err error) {
	var failed error
	err = tx.Scan(l.in.collection(), store.PrimaryIndex, "", store.Range{}, func(rec any) bool {
		var text []byte
		if text, failed = json.Marshal(rec); failed != nil {
			return false
		}
		if !l.fits(text) {
			return true
		}
		if total++; total > l.skip && (l.limit == 0 || total <= l.skip+l.limit) {
			failed = writeItem(out, total-l.skip-1, text)
		}
		return failed == nil
	})
	return total, errors.Join(err, failed)
}

// fits reports whether a record has the values that are asked for: a text as it is, anything else as JSON has it.
func (l *listing) fits(record []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(record, &fields) != nil {
		return false
	}
	for _, f := range l.filters {
		raw, there := fields[f.field]
		if !there {
			return false
		}
		var text string
		if json.Unmarshal(raw, &text) != nil || raw[0] == 'n' { // null decodes into a text, too
			text = string(raw)
		}
		if text != f.want {
			return false
		}
	}
	return true
}
