package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign/contracts/client/quickbi"
)

func startRows() []row {
	return []row{
		{id: "ready", work: "ready after start, demo world", target: "≤ 30 ms", measure: ready},
		{id: "world-packed", work: "a world of that many approvers from its own form (packed)", target: "≤ 2 s",
			measure: imports("?form=packed", "application/vnd.countersign.world", 2*time.Second)},
		{id: "world-seed", work: "a world of that many approvers from a seed", target: "≤ 2 s", measure: worldFromSeed},
		{id: "world-json", work: "a world of that many approvers from JSON", target: "≤ 15 s", measure: worldFromJSON},
		{id: "world-json-import", work: "the same, exported as JSON", target: "≤ 15 s", measure: imports("", "application/json", 15*time.Second)},
	}
}

func memoryRows() []row {
	return []row{
		{id: "memory-idle", work: "memory, idle, once every vendor was asked something", target: "≤ 30 MB", measure: memoryIdle},
		{id: "memory-records", work: "memory of 1,000,000 approvers", target: "≤ 600 MB", measure: memoryRecords},
		{id: "memory-cache", work: "memory of the encoding cache", target: "≤ 64 MB", measure: memoryCache},
	}
}

// ready starts the server many times.
func ready(ctx context.Context, b *bench) (*figure, error) {
	return b.starts(ctx, b.few(20), 30*time.Millisecond)
}

// few is n, or less of it in a quick run.
func (b *bench) few(n int) int {
	if b.quick {
		return max(1, n/4)
	}
	return n
}

// starts says how long the server took until it answered, each time.
func (b *bench) starts(ctx context.Context, times int, most time.Duration, flags ...string) (*figure, error) {
	return repeated(times, most, func() (elapsed, spent time.Duration, err error) {
		s, err := b.serve(ctx, flags...)
		if err != nil {
			return 0, 0, err
		}
		s.stop()
		return s.ready, s.spent(), nil
	})
}

// repeated takes the time of something, and what it spends of the processor; once only if it is hopeless.
func repeated(times int, most time.Duration, measure func() (elapsed, spent time.Duration, err error)) (*figure, error) {
	var all, cpu []time.Duration
	for range times {
		took, spent, err := measure()
		if err != nil {
			return nil, err
		}
		all, cpu = append(all, took), append(cpu, spent)
		if took > time.Second && took > 5*most {
			break
		}
	}
	f := durations(all, most)
	f.byCPU = shown(median(cpu))
	return f, nil
}

// worldFromJSON serves a world file. The demo world's start is part of it.
func worldFromJSON(ctx context.Context, b *bench) (*figure, error) {
	flags, err := b.worldFlags(largeServer)
	if err != nil {
		return nil, err
	}
	return b.scaled(b.starts(ctx, b.few(3), 15*time.Second, flags...))
}

// imports measures importing what was exported in a form, into a server that has the demo world alone.
func imports(query, contentType string, most time.Duration) func(context.Context, *bench) (*figure, error) {
	return func(ctx context.Context, b *bench) (*figure, error) {
		file := b.path("exported")
		if err := b.export(ctx, query, file); err != nil {
			return nil, err
		}
		return b.scaled(repeated(b.few(3), most, func() (elapsed, spent time.Duration, err error) {
			return b.timed(ctx, func(s *server) error { return s.importFile(ctx, file, contentType) })
		}))
	}
}

// export writes the large world into a file.
func (b *bench) export(ctx context.Context, query, file string) error {
	s, err := b.server(ctx, freshServer)
	if err != nil {
		return err
	}
	from, err := s.call(ctx, http.MethodGet, "/worlds/default/export"+query, "", nil)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

func (s *server) importFile(ctx context.Context, file, contentType string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	answer, err := s.call(ctx, http.MethodPost, "/worlds/import?name=large", contentType, from)
	if err != nil {
		return err
	}
	return answer.Close()
}

// timed starts a server and says how long it takes to do something, and what that takes of the processor.
func (b *bench) timed(ctx context.Context, do func(*server) error) (elapsed, spent time.Duration, err error) {
	s, err := b.serve(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	before, err := s.cpu()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := do(s); err != nil {
		return 0, 0, err
	}
	elapsed = time.Since(begin)
	after, err := s.cpu()
	return elapsed, after - before, err
}

// worldFromSeed has a running server generate a world.
func worldFromSeed(ctx context.Context, b *bench) (*figure, error) {
	return b.scaled(repeated(b.few(3), 2*time.Second, func() (elapsed, spent time.Duration, err error) {
		return b.timed(ctx, func(s *server) error {
			limited, cancel := context.WithTimeout(ctx, b.patience)
			defer cancel()
			return s.admin(limited, http.MethodPost, "/worlds", map[string]any{"name": "large", "base": "demo",
				"generate": map[string]any{"seed": 7, "counts": map[string]int{"dataarts.approvers": b.records}}}, nil)
		})
	}))
}

// scaled says so where the large world is not of a million records: the figure is then not the target's.
func (b *bench) scaled(f *figure, err error) (*figure, error) {
	if err == nil && b.records != 1_000_000 {
		f.unjudged, f.note = true, fmt.Sprintf("%d records, not 1,000,000", b.records)
	}
	return f, err
}

// memoryIdle asks one thing of every vendor first: what a server needs that nobody has used says little.
func memoryIdle(ctx context.Context, b *bench) (*figure, error) {
	var all, owns []int64
	for range b.few(8) {
		n, own, err := b.idle(ctx)
		if err != nil {
			return nil, err
		}
		all, owns = append(all, n), append(owns, own)
	}
	return &figure{value: megabytes(median(all)), spread: megabytes(slices.Min(all)) + "…" + megabytes(slices.Max(all)),
		met: median(all) <= 30e6, note: "resident; without the pages of the program's file " + megabytes(median(owns))}, nil
}

// idle is the resident memory of a server that has answered a request for each vendor, and what of that is its own.
func (b *bench) idle(ctx context.Context) (resident, own int64, err error) {
	s, err := b.serve(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	for _, w := range []work{list1(), closed(quickbi.V3), define30()} {
		sign, err := w.sign(s)
		if err != nil {
			return 0, 0, err
		}
		r, err := sign(ctx, 0)
		if err != nil {
			return 0, 0, err
		}
		if _, err := w.try(ctx, s, r); err != nil {
			return 0, 0, err
		}
	}
	if resident, err = s.settled(ctx); err == nil {
		own, err = s.own()
	}
	return resident, own, err
}

// settled is the resident memory once it stays as it is: what a start leaves behind goes back to the system by and by.
func (p *process) settled(ctx context.Context) (int64, error) {
	before := int64(0)
	for range 60 {
		now, err := p.resident()
		if err != nil || before > 0 && now > before*99/100 {
			return now, err
		}
		before = now
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
	return before, nil
}

// memoryRecords is what the large world adds to an idle server, garbage collected, and memory given back.
func memoryRecords(ctx context.Context, b *bench) (*figure, error) {
	idle, err := b.serve(ctx, "--pprof")
	if err != nil {
		return nil, err
	}
	defer idle.stop()
	without, err := idle.heap(ctx)
	if err != nil {
		return nil, err
	}
	s, err := b.server(ctx, freshServer)
	if err != nil {
		return nil, err
	}
	with, err := s.heap(ctx)
	if err != nil {
		return nil, err
	}
	resident, err := s.settled(ctx)
	if err != nil {
		return nil, err
	}
	each := float64(with-without) / float64(b.records)
	return &figure{value: megabytes(int64(each * 1e6)), met: each <= 600,
		note: fmt.Sprintf("live heap, %.0f bytes each; the process has %s resident with %d of them", each, megabytes(resident), b.records)}, nil
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

// heap is the live heap of a server with --pprof, in bytes.
func (s *server) heap(ctx context.Context) (int64, error) {
	for range 2 { // the second collection frees what the first one finalized
		var text []byte
		answer, err := s.call(ctx, http.MethodGet, "/debug/pprof/heap?gc=1&debug=1", "", nil)
		if err == nil {
			text, err = io.ReadAll(answer)
			err = errors.Join(err, answer.Close())
		}
		if err != nil {
			return 0, err
		}
		if m := heapAlloc.FindSubmatch(text); m != nil {
			s.live, _ = strconv.ParseInt(string(m[1]), 10, 64)
		}
	}
	if s.live == 0 {
		return 0, fmt.Errorf("the profile does not say HeapAlloc")
	}
	return s.live, nil
}

// memoryCache is what asking for random pages, of all records together, leaves on the heap beside a journal of 1 MiB.
func memoryCache(ctx context.Context, b *bench) (*figure, error) {
	w := random50(b.records)
	w.server = freshServer
	s, err := b.server(ctx, freshServer)
	if err != nil {
		return nil, err
	}
	before, err := s.heap(ctx)
	if err != nil {
		return nil, err
	}
	load, _, err := b.side(ctx, "memory-cache", w, 0)
	if err != nil {
		return nil, err
	}
	r, err := b.loadSide(ctx, load, 5*b.seconds)
	if err != nil {
		return nil, err
	}
	after, err := s.heap(ctx)
	if err != nil {
		return nil, err
	}
	return &figure{value: megabytes(after - before), met: after-before <= 64e6,
		note: fmt.Sprintf("live heap after %d random pages of 50 out of %d records, the journal's 1 MiB included", r.Requests, b.records)}, nil
}

func durations(all []time.Duration, most time.Duration) *figure {
	middle := median(all)
	return &figure{value: shown(middle), spread: shown(slices.Min(all)) + "…" + shown(slices.Max(all)), met: middle <= most}
}

func shown(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
