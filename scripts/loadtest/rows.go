package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/countersign/countersign/contracts/client/quickbi"
)

// row is a line of the table of targets.
type row struct {
	id, work string
	target   string
	measure  func(ctx context.Context, b *bench) (*figure, error)
	// peer says that it is about another program: only measured where asked for.
	peer bool
}

// figure is what was measured of a row.
type figure struct {
	value, spread string
	// byCPU is the same ratio by CPU time, where there is one.
	byCPU string
	met   bool
	// unjudged says that what was measured is not what the target is about.
	unjudged bool
	// note says how it was measured, or what hinders it.
	note string
}

// notMeasured is the error of a row that cannot be measured here.
type notMeasured struct{ why string }

func (e *notMeasured) Error() string { return e.why }

// The works of the table.
func list1() work    { return work{smallServer, lists(1, always(0)), http.StatusOK, 1} }
func list50() work   { return work{largeServer, lists(50, always(0)), http.StatusOK, 1} }
func create() work   { return work{membersServer, creates(true), http.StatusOK, 0} }
func define30() work { return work{demoServer, definitions(30), http.StatusOK, 1} }
func closed(s quickbi.Scheme) work {
	return work{demoServer, callbacks(s, quickbi.Approve), http.StatusBadRequest, 0}
}

func random50(records int) work {
	return work{largeServer, lists(50, anyPage(50, records)), http.StatusOK, 20_000}
}

// The same, refused by validation.
func badList1() work  { return work{smallServer, lists(0, always(0)), http.StatusBadRequest, 1} }
func badList50() work { return work{largeServer, lists(101, always(0)), http.StatusBadRequest, 1} }
func badCreate() work { return work{membersServer, creates(false), http.StatusBadRequest, 1} }
func badDefine() work { return work{demoServer, definitions(31), http.StatusBadRequest, 1} }
func badCallback(s quickbi.Scheme) work {
	return work{demoServer, callbacks(s, "yes"), http.StatusBadRequest, 0}
}

func rows() []row {
	return slices.Concat(speedRows(), refusalRows(), derivedRows(), startRows(), memoryRows(), costRows(), peerRows())
}

func speedRows() []row {
	fixed := func(w work) func(*bench) work { return func(*bench) work { return w } }
	return []row{
		speed("list-1", "DataArts list, 1 record", 0.75, fixed(list1())),
		speed("list-50-hot", "DataArts list, 50 records of the large world, a hot page", 0.85, fixed(list50())),
		speed("list-50-random", "DataArts list, 50 records of the large world, uniformly random pages", 0.55,
			func(b *bench) work { return random50(b.records) }),
		speed("create", "DataArts create", 0.70, fixed(create())),
		speed("callback-v3", "Quick BI ResultCallback refused (closed), V3", 0.70, fixed(closed(quickbi.V3))),
		speed("callback-v1", "Quick BI ResultCallback refused (closed), V1", 0.70, fixed(closed(quickbi.V1))),
		speed("wps-30", "WPS page of 30 definitions, hot", 0.80, fixed(define30())),
	}
}

func speed(id, what string, target float64, w func(*bench) work) row {
	return row{id: id, work: what, target: fmt.Sprintf("≥ %.2f of bare gin", target), measure: func(ctx context.Context, b *bench) (*figure, error) {
		d, err := b.againstGin(ctx, id, w(b))
		if err != nil {
			return nil, err
		}
		b.duels = append(b.duels, d)
		return d.figure(target), nil
	}}
}

func refusalRows() []row {
	return []row{
		refusal("refused-list-1", "list, 1 record", badList1(), list1()),
		refusal("refused-list-50", "list, 50 records", badList50(), list50()),
		refusal("refused-create", "create", badCreate(), create()),
		refusal("refused-callback-v3", "ResultCallback, V3", badCallback(quickbi.V3), closed(quickbi.V3)),
		refusal("refused-callback-v1", "ResultCallback, V1", badCallback(quickbi.V1), closed(quickbi.V1)),
		refusal("refused-wps-30", "WPS page of 30", badDefine(), define30()),
	}
}

func refusal(id, what string, refused, accepted work) row {
	return row{id: id, work: "refused by validation: " + what, target: "≥ 1 of the same accepted", measure: func(ctx context.Context, b *bench) (*figure, error) {
		d, err := b.againstAccepted(ctx, id, refused, accepted)
		if err != nil {
			return nil, err
		}
		b.others = append(b.others, d)
		return d.figure(1), nil
	}}
}

// figure judges the median of the rounds.
func (d *duel) figure(target float64) *figure {
	return &figure{value: fmt.Sprintf("%.2f", median(d.Rate)), spread: spread(d.Rate), byCPU: fmt.Sprintf("%.2f", median(d.ByCPU)),
		met: median(d.Rate) >= target, note: d.bottleneck()}
}

func spread(values []float64) string {
	return fmt.Sprintf("%.2f…%.2f", slices.Min(values), slices.Max(values))
}

func rowNamed(id string) (row, bool) {
	all := rows()
	i := slices.IndexFunc(all, func(r row) bool { return r.id == id })
	if i < 0 {
		return row{}, false
	}
	return all[i], true
}
