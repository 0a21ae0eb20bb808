package mockserver

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// What leaves the document is noticed: statuses, types, fields too many, too few or of another kind, requests taken that
// should not be.
func TestCheckAdmin(t *testing.T) {
	t.Parallel()
	const health = `"vendors":[],"worlds":1,"bugs":0,"panics":0`
	for _, tt := range []struct {
		name, method, route, query, body string
		status                           int
		contentType, answer, says        string
	}{
		{"OK", "GET", "/health", "", "", 200, "application/json", `{"status":"ready",` + health + `}`, ""},
		{"OKNoBody", "DELETE", "/worlds/:world", "", "", 204, "", "", ""},
		{"ErrNoOperation", "GET", "/nothing", "", "", 200, "application/json", `{}`, "no such operation"},
		{"ErrNoMethod", "DELETE", "/health", "", "", 200, "application/json", `{}`, "no such operation"},
		{"ErrStatus", "GET", "/health", "", "", 418, "application/json", `{}`, "the status 418"},
		{"ErrType", "GET", "/health", "", "", 200, "text/html", `{}`, "text/html"},
		{"ErrNotJSON", "GET", "/health", "", "", 200, "application/json", `{`, "EOF"},
		{"ErrFieldMissing", "GET", "/health", "", "", 200, "application/json", `{` + health + `}`, `"status"`},
		{"ErrFieldTooMany", "GET", "/health", "", "", 200, "application/json", `{"status":"ready","mood":"good",` + health + `}`, "mood"},
		{"ErrFieldNested", "GET", "/worlds/:world/faults", "", "", 200, "application/json", `{"faults":[{"rule":1}]}`, "rule"},
		{"ErrValue", "GET", "/health", "", "", 200, "application/json", `{"status":"tired",` + health + `}`, "tired"},
		{"ErrBody", "DELETE", "/worlds/:world", "", "", 204, "", "{}", "no body"},
		{"ErrErrorForm", "GET", "/health", "", "", 403, "application/json", `{"message":"no"}`, "countersign"},
		{"OKRequest", "POST", "/worlds", "", `{"seed":18446744073709551615}`, 201, "application/json", `{"name":"a","env":{}}`, ""},
		{"ErrRequest", "POST", "/worlds", "", `{"sede":7}`, 201, "application/json", `{"name":"a","env":{}}`, "sede"},
		{"OKRequestRefused", "POST", "/worlds", "", `{"sede":7}`, 400, "application/json", `{"countersign":"no"}`, ""},
		{"ErrRequestBody", "POST", "/reset", "", `{}`, 200, "application/json", `{}`, "body is not documented"},
		{"ErrParameter", "GET", "/requests", "limit=x", "", 200, "text/plain", "", "limit"},
		{"ErrParameterUnknown", "GET", "/requests", "limits=1", "", 200, "text/plain", "", "limits"},
		{"OKParameters", "GET", "/requests", "limit=1&parameter=a=b&parameter=c=d&warned=true", "", 200, "text/plain", "", ""},
		{"OKFilters", "GET", "/worlds/:world/:collection", "anything=1", "", 404, "application/json", `{"countersign":"no"}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bugs []string
			s := &Server{opts: Options{}, log: slog.New(slog.DiscardHandler), onBug: func(err error) { bugs = append(bugs, err.Error()) }}
			engine := s.engine()
			engine.Handle(tt.method, adminPrefix+tt.route, s.checkAdmin, func(c *gin.Context) {
				_, _ = (&kept{}).ReadFrom(c.Request.Body)
				if tt.contentType != "" {
					c.Header("Content-Type", tt.contentType)
				}
				c.Status(tt.status)
				_, _ = c.Writer.WriteString(tt.answer)
			})
			req := httptest.NewRequestWithContext(t.Context(), tt.method, adminPrefix+strings.ReplaceAll(tt.route, ":", "")+"?"+tt.query, strings.NewReader(tt.body))
			engine.ServeHTTP(httptest.NewRecorder(), req)
			got := strings.Join(bugs, "\n")
			if (tt.says == "") != (got == "") || !strings.Contains(got, tt.says) || s.Bugs() != int64(len(bugs)) {
				t.Errorf("%d bugs, heard of %q, want %q", s.Bugs(), got, tt.says)
			}
		})
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	t.Parallel()
	if got, want := label("a", "x\\y\"z\n"), `a="x\\y\"z\n"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// BenchmarkObserve is what the metrics cost a call whose stages are not timed.
func BenchmarkObserve(b *testing.B) {
	s := &Server{wall: wallClock}
	c := &Call{Op: &Operation{}}
	b.ReportAllocs()
	for b.Loop() {
		c.stages = s.timeStages(1)
		c.stages.enter(stageValidate)
		c.stages.enter(stageHandle)
		c.stages.enter(stageEncode)
		c.stages.enter(stageWrite)
		c.stages.over(time.Time{})
		s.observe(c, 200, 3*time.Millisecond)
	}
}
