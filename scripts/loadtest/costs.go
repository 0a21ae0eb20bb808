package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"
)

func costRows() []row {
	return []row{
		{id: "page-cost", work: "page of 50, 100 against all records: any offset", target: "≤ 1.3 ×", measure: pageCost},
		{id: "page-cost-exact", work: "page of 50, 100 against all records: an exact hit", target: "≤ 1.3 ×", measure: exactCost},
		{id: "search-first", work: "containment search over all names, the first after a change", target: "≤ 20 ms", measure: searchFirst},
		{id: "search-again", work: "containment search on an unchanged collection, against an exact hit", target: "≤ 1.3 ×", measure: searchAgain},
		{id: "journal", work: "journal with its default budget on, against off", target: "≥ 0.9", measure: journalCost},
		{id: "scaling", work: "from one core to two", target: "≥ 1.7 ×", measure: scaling},
	}
}

// pageCost compares servers that differ in how many records they have. The worst offset decides.
func pageCost(ctx context.Context, b *bench) (*figure, error) {
	few := work{smallServer, lists(50, always(0)), http.StatusOK, 1}
	var worst *figure
	ratio, note := 0.0, ""
	for _, part := range []struct {
		name   string
		offset int
	}{{"first", 0}, {"middle", b.records / 100 * 50}, {"last", b.records - 50}} {
		d, err := b.compare(ctx, "page-cost-"+part.name, few, work{largeServer, lists(50, always(part.offset)), http.StatusOK, 1})
		if err != nil {
			return nil, err
		}
		note += fmt.Sprintf("%s page %.2f ", part.name, d.dearer())
		if d.dearer() > ratio {
			ratio, worst = d.dearer(), d.dearerFigure(1.3)
		}
	}
	worst.note = note
	return worst, nil
}

func exactCost(ctx context.Context, b *bench) (*figure, error) {
	d, err := b.compare(ctx, "page-cost-exact", work{smallExactServer, finds(approverName(77), 50, always(0)), http.StatusOK, 1},
		work{largeExactServer, finds(approverName(b.records-1), 50, always(0)), http.StatusOK, 1})
	if err != nil {
		return nil, err
	}
	return d.dearerFigure(1.3), nil
}

// searchAgain compares a search that finds one record by a part of its name with one that finds it by its whole name.
func searchAgain(ctx context.Context, b *bench) (*figure, error) {
	d, err := b.compare(ctx, "search-again", work{largeExactServer, finds(approverName(b.records-1), 50, always(0)), http.StatusOK, 1},
		work{largeServer, finds(partOf(b.records-1), 50, always(0)), http.StatusOK, 1})
	if err != nil {
		return nil, err
	}
	return d.dearerFigure(1.3), nil
}

// partOf is in the name of one approver only, among those of the last decimal digits.
func partOf(i int) string { return approverName(i)[len("app"):] }

// searchFirst changes the collection, and then asks for a part of a name that nobody has asked for.
func searchFirst(ctx context.Context, b *bench) (*figure, error) {
	s, err := b.server(ctx, largeServer)
	if err != nil {
		return nil, err
	}
	i := 0
	return b.scaled(repeated(b.few(20), 20*time.Millisecond, func() (elapsed, spent time.Duration, err error) {
		i++
		return s.searchChanged(ctx, i, b.records)
	}))
}

func (s *server) searchChanged(ctx context.Context, i, records int) (elapsed, spent time.Duration, err error) {
	who := map[string]any{"user_id": memberID(records + i), "approver_name": "newcomer-" + strconv.Itoa(i)}
	if err := s.admin(ctx, http.MethodPost, "/worlds/default/states", map[string]any{"name": "approver-exists", "params": who}, nil); err != nil {
		return 0, 0, err
	}
	sign, err := finds(partOf(records-1-i), 50, always(0))(s)
	if err != nil {
		return 0, 0, err
	}
	r, err := sign(ctx, 0)
	if err != nil {
		return 0, 0, err
	}
	before, err := s.cpu()
	if err != nil {
		return 0, 0, err
	}
	answer, err := r.ask(ctx, s.addr)
	if err == nil && answer.status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", answer.status, last(answer.body, 300))
	}
	if err != nil {
		return 0, 0, err
	}
	spent, err = s.cpu()
	return answer.took, spent - before, err
}

// journalOff are flags that leave the journal out, the first that serve takes. One of a byte keeps nothing, though its
// entries are made.
var journalOff = []struct{ flag, note string }{
	{"--journal-bytes=0", ""},
	{"--journal-bytes=1", "against a journal of one byte, which keeps nothing: serve has no way to switch it off"},
}

func journalCost(ctx context.Context, b *bench) (*figure, error) {
	for _, off := range journalOff {
		without, err := b.serve(ctx, off.flag)
		if err != nil {
			continue
		}
		b.servers["without journal"] = without
		theirs := list1()
		theirs.server = "without journal"
		d, err := b.compare(ctx, "journal", theirs, list1())
		without.stop()
		delete(b.servers, "without journal")
		if err != nil {
			return nil, err
		}
		f := d.figure(0.9)
		f.note = off.note
		return f, nil
	}
	return nil, &notMeasured{"serve takes none of the flags for it"}
}

// scaling compares a server on two cores with one on one, where the generator has cores of its own.
func scaling(ctx context.Context, b *bench) (*figure, error) {
	if n := runtime.NumCPU(); n < 4 {
		return nil, &notMeasured{fmt.Sprintf("wants 4 cores, so that the generator runs elsewhere; here are %d", n)}
	}
	one, err := b.onCores(ctx, 1)
	if err != nil {
		return nil, err
	}
	two, err := b.onCores(ctx, 2)
	if err != nil {
		return nil, err
	}
	d, err := b.compare(ctx, "scaling", one, two)
	if err != nil {
		return nil, err
	}
	return d.figure(1.7), nil
}

// onCores is a work on a server that may use that many cores.
func (b *bench) onCores(ctx context.Context, n int) (work, error) {
	w := list1()
	w.server = fmt.Sprintf("demo on %d cores", n)
	s, err := b.serveWith(ctx, []string{fmt.Sprintf("GOMAXPROCS=%d", n)})
	if err == nil {
		b.servers[w.server] = s
	}
	return w, err
}

// compare measures two works against each other: rate of the second over that of the first.
func (b *bench) compare(ctx context.Context, row string, first, second work) (*duel, error) {
	theirs, _, err := b.side(ctx, row+"-other", first, 0)
	if err != nil {
		return nil, err
	}
	ours, _, err := b.side(ctx, row, second, 0)
	if err != nil {
		return nil, err
	}
	d, err := b.fight(ctx, row, theirs, ours, b.seconds)
	if err == nil {
		b.others = append(b.others, d)
	}
	return d, err
}

// dearer is how many times as long ours takes.
func (d *duel) dearer() float64 { return 1 / median(d.Rate) }

func (d *duel) dearerFigure(most float64) *figure {
	return &figure{value: fmt.Sprintf("%.2f ×", d.dearer()), spread: fmt.Sprintf("%.2f…%.2f", 1/slices.Max(d.Rate), 1/slices.Min(d.Rate)),
		byCPU: fmt.Sprintf("%.2f ×", 1/median(d.ByCPU)), met: d.dearer() <= most}
}
