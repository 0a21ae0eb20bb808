package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressPatience is how long a run may take before it shows how far it is.
const progressPatience = time.Second

// progress shows on a terminal how far a long run is, and takes it away when the run is over.
type progress struct {
	out   io.Writer // nil: nobody looks
	now   func() time.Time
	since time.Time
	total uint64
	bar   *progressbar.ProgressBar
}

// newProgress is quiet where standard error is no terminal, and where the records go to that same terminal.
func (a *app) newProgress(total uint64, toOutput bool) *progress {
	p := &progress{now: a.now, since: a.now(), total: total}
	if shared := toOutput && isTerminal(a.out); !shared && isTerminal(a.err) {
		p.out = a.err
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && terminalWidth(f) > 0
}

// show tells how many records are done.
func (p *progress) show(done uint64) {
	if p.out == nil || p.bar == nil && p.now().Sub(p.since) < progressPatience {
		return
	}
	if p.bar == nil {
		total := int64(p.total) //nolint:gosec // so many records nobody makes
		if total <= 0 {
			total = -1 // not known
		}
		const pause = 100 * time.Millisecond
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("records"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"),
			progressbar.OptionThrottle(pause), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(int64(done)) //nolint:gosec // the same
}

// done takes the bar away. It may be called again.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}
