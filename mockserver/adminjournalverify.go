package mockserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// incomplete is the status of answers over entries that were evicted: the state of the journal stands against them.
const incomplete = http.StatusConflict

// outcomeStatus are the statuses of verdicts.
var outcomeStatus = map[Outcome]int{Holds: http.StatusAccepted, Fails: http.StatusNotAcceptable, Incomplete: incomplete}

// adminVerdict is a verdict with its text; where it does not hold the text is also where errors have theirs.
type adminVerdict struct {
	Verdict
	Text  string `json:"text"`
	Error string `json:"countersign,omitempty"`
}

func answerVerdict(c *gin.Context, v Verdict, err error) {
	if err != nil {
		adminFailure(c, err)
		return
	}
	out := adminVerdict{Verdict: v, Text: v.String()}
	if v.Outcome != Holds {
		out.Error = out.Text
	}
	c.JSON(outcomeStatus[v.Outcome], out)
}

func (s *Server) adminVerify(c *gin.Context) {
	var e Expectation
	if err := bind(c, &e); err != nil {
		adminFailure(c, err)
		return
	}
	v, err := s.Verify(e)
	answerVerdict(c, v, err)
}

func (s *Server) adminVerifySequence(c *gin.Context) {
	var q Sequence
	if err := bind(c, &q); err != nil {
		adminFailure(c, err)
		return
	}
	v, err := s.VerifySequence(q)
	answerVerdict(c, v, err)
}

func (s *Server) adminCount(c *gin.Context) {
	var q JournalQuery
	if err := bind(c, &q); err != nil {
		adminFailure(c, err)
		return
	}
	n, err := s.Count(q)
	if err != nil {
		adminFailure(c, err)
		return
	}
	if n.Missed > 0 {
		c.JSON(incomplete, gin.H{"count": n.Count, "missed": n.Missed, "countersign": "incomplete: " + missedText(n.Missed)})
		return
	}
	c.JSON(http.StatusOK, n)
}
