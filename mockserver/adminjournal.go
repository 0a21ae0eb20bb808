package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// adminJournal mounts what reads the journal.
func (s *Server) adminJournal(g *gin.RouterGroup) {
	g.GET("/requests", s.adminRequests)
	g.DELETE("/requests", s.adminClearRequests)
	g.GET("/requests/unmatched", s.adminUnmatched)
	g.GET("/requests/stream", s.adminStream)
	g.GET("/requests/:id", s.adminRequest)
	g.POST("/requests/find", s.adminFind)
	g.POST("/requests/count", s.adminCount)
	g.POST("/requests/verify", s.adminVerify)
	g.POST("/requests/verify-sequence", s.adminVerifySequence)
}

// queryParameters reads the query string of a list or stream. Unknown names are errors.
func queryParameters(values url.Values, also ...string) (JournalQuery, error) {
	var q JournalQuery
	texts := map[string]*string{"world": &q.World, "vendor": &q.Vendor, "operation": &q.Operation, "method": &q.Method, "path": &q.Path,
		"code": &q.Code, "error": &q.Error, "order": &q.Order}
	numbers := map[string]*int{"status": &q.Status, "limit": &q.Limit, "offset": &q.Offset}
	ids := map[string]*uint64{"after": &q.After, "before": &q.Before}
	times := map[string]*time.Time{"since": &q.Since, "until": &q.Until}
	flags := map[string]*bool{"unmatched": &q.Unmatched, "refused_signature": &q.RefusedSignature, "warned": &q.Warned,
		"faulted": &q.Faulted}
	bodies := true
	flags["bodies"] = &bodies
	var problems []error
	for name, list := range values {
		text := list[len(list)-1]
		var err error
		switch {
		case texts[name] != nil:
			*texts[name] = text
		case numbers[name] != nil:
			*numbers[name], err = wholeNumber(text)
		case ids[name] != nil:
			if *ids[name], err = strconv.ParseUint(text, 10, 64); err != nil {
				err = errWholeNumber
			}
		case times[name] != nil:
			if *times[name], err = time.Parse(time.RFC3339Nano, text); err != nil {
				err = errors.New("want a time such as 2026-01-15T08:00:00Z")
			}
		case flags[name] != nil:
			if *flags[name], err = strconv.ParseBool(text); err != nil {
				err = errors.New("want true or false")
			}
		case name == "parameter":
			q.Parameters, err = equalities(list)
		default:
			err = unknownParameter(name, also)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s=%q: %w", name, text, err))
		}
	}
	q.WithoutBodies = !bodies
	if len(problems) > 0 {
		return q, &QueryError{errors.Join(problems...).Error()}
	}
	return q, nil
}

var errWholeNumber = errors.New("want a whole number from 0 on")

func wholeNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, errWholeNumber
	}
	return n, nil
}

func unknownParameter(name string, also []string) error {
	for _, known := range also {
		if name == known {
			return nil
		}
	}
	return errors.New("no such parameter; there are world, vendor, operation, method, path, status, code, error, since, until, after, " +
		"before, unmatched, refused_signature, warned, faulted, parameter (NAME=VALUE), limit, offset, order, bodies" + strings.Join(append([]string{""}, also...), ", "))
}

// equalities reads parameter=NAME=VALUE.
func equalities(list []string) ([]ParameterMatch, error) {
	var out []ParameterMatch
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, errors.New("want NAME=VALUE")
		}
		out = append(out, ParameterMatch{Name: name, Equals: &value})
	}
	return out, nil
}

// adminRequests lists the journal, in one of three formats.
func (s *Server) adminRequests(c *gin.Context) {
	q, err := queryParameters(c.Request.URL.Query(), "format")
	if err != nil {
		adminFailure(c, err)
		return
	}
	switch format := c.DefaultQuery("format", "json"); format {
	case "json":
		s.listRequests(c, q)
	case "har", "curl":
		s.exportRequests(c, q, format)
	default:
		adminError(c, http.StatusBadRequest, fmt.Sprintf("format %q: want json, har or curl", format))
	}
}

func (s *Server) adminFind(c *gin.Context) {
	var q JournalQuery
	if err := bind(c, &q); err != nil {
		adminFailure(c, err)
		return
	}
	s.listRequests(c, q)
}

// listRequests writes the entries one after the other, so that a journal of many bytes is never there twice.
func (s *Server) listRequests(c *gin.Context, q JournalQuery) {
	sel, err := s.selection(q)
	if err != nil {
		adminFailure(c, err)
		return
	}
	s.streamJSON(c, "requests", func(each func(any) error) (uint64, error) {
		return s.visit(sel, func(e *Entry) error { return each(e.whole(!q.WithoutBodies)) })
	})
}

func (s *Server) adminUnmatched(c *gin.Context) {
	q, err := queryParameters(c.Request.URL.Query())
	q.Unmatched = true
	var sel *selection
	if err == nil {
		sel, err = s.selection(q)
	}
	if err != nil {
		adminFailure(c, err)
		return
	}
	s.streamJSON(c, "requests", func(each func(any) error) (uint64, error) {
		return s.visit(sel, func(e *Entry) error { return each(s.unmatched(e, !q.WithoutBodies)) })
	})
}

// streamJSON answers {"NAME": [...], "missed": n}.
func (s *Server) streamJSON(c *gin.Context, name string, visit func(each func(any) error) (uint64, error)) {
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(http.StatusOK)
	between := fmt.Sprintf("{%q:[", name)
	missed, err := visit(func(v any) error {
		line, err := json.Marshal(v)
		if err == nil {
			_, err = c.Writer.WriteString(between)
		}
		if err == nil {
			_, err = c.Writer.Write(line)
		}
		between = ",\n"
		return err
	})
	if err != nil {
		c.Abort()
		return
	}
	if between != ",\n" {
		_, _ = c.Writer.WriteString(between)
	}
	fmt.Fprintf(c.Writer, "],\"missed\":%d}\n", missed)
}

func (s *Server) exportRequests(c *gin.Context, q JournalQuery, format string) {
	if q.Order == "" {
		q.Order = "oldest" // what happened first comes first
	}
	sel, err := s.selection(q)
	if err != nil {
		adminFailure(c, err)
		return
	}
	if format == "har" {
		c.Header("Content-Type", "application/json; charset=utf-8")
		_, err = s.writeHAR(c.Writer, sel)
	} else {
		c.Header("Content-Type", "text/plain; charset=utf-8")
		_, err = s.writeCurl(c.Writer, sel, s.vendorsURL(c.Request))
	}
	if err != nil {
		c.Abort()
	}
}

func (s *Server) adminRequest(c *gin.Context) {
	id, err := strconv.ParseUint(c.Param("id"), 10, 64)
	if err != nil {
		adminError(c, http.StatusBadRequest, fmt.Sprintf("request %q: want the number of an entry", c.Param("id")))
		return
	}
	v, ok := s.Request(id)
	if !ok {
		adminError(c, http.StatusNotFound, fmt.Sprintf("the journal has no request %d: it was evicted or cleared, or never made", id))
		return
	}
	c.JSON(http.StatusOK, v)
}

func (s *Server) adminClearRequests(c *gin.Context) {
	for name := range c.Request.URL.Query() {
		if name != "world" {
			adminError(c, http.StatusBadRequest, fmt.Sprintf("%s: requests are cleared by world or all together", name))
			return
		}
	}
	n, err := s.ClearRequests(c.Query("world"))
	if err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"cleared": n})
}
