package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

func startRows() []row {
	return []row{
		{id: "ready", work: "ready after start, demo world", target: "≤ 30 ms", measure: ready},
		{id: "world-snapshot", work: "a world of that many approvers from its own form on disk", target: "≤ 2 s", measure: worldFromDisk},
		{id: "world-seed", work: "a world of that many approvers from a seed", target: "≤ 2 s", measure: worldFromSeed},
		{id: "world-json", work: "a world of that many approvers from JSON", target: "≤ 15 s", measure: worldFromJSON},
	}
}

func memoryRows() []row {
	return []row{
		{id: "memory-idle", work: "memory, idle", target: "≤ 30 MB", measure: memoryIdle},
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

// worldFromDisk keeps a world in a folder, and starts on it again.
func worldFromDisk(ctx context.Context, b *bench) (*figure, error) {
	flags, err := b.worldFlags(largeServer)
	if err != nil {
		return nil, err
	}
	data := b.path("data")
	s, err := b.serve(ctx, append(flags, "--data", data)...)
	if err != nil {
		return nil, err
	}
	s.stop()
	return b.scaled(b.starts(ctx, b.few(3), 2*time.Second, append(flags, "--data", data)...))
}

// worldFromSeed has a running server generate a world.
func worldFromSeed(ctx context.Context, b *bench) (*figure, error) {
	return b.scaled(repeated(b.few(3), 2*time.Second, func() (elapsed, spent time.Duration, err error) {
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
		limited, cancel := context.WithTimeout(ctx, b.patience)
		defer cancel()
		err = s.admin(limited, http.MethodPost, "/worlds", map[string]any{"name": "large", "base": "demo",
			"generate": map[string]any{"seed": 7, "counts": map[string]int{"dataarts.approvers": b.records}}}, nil)
		elapsed = time.Since(begin)
		if err == nil {
			spent, err = s.cpu()
		}
		return elapsed, spent - before, err
	}))
}

// scaled says so where the large world is not of a million records: the figure is then not the target's.
func (b *bench) scaled(f *figure, err error) (*figure, error) {
	if err == nil && b.records != 1_000_000 {
		f.unjudged, f.note = true, fmt.Sprintf("%d records, not 1,000,000", b.records)
	}
	return f, err
}

func memoryIdle(ctx context.Context, b *bench) (*figure, error) {
	var all []int64
	for range b.few(8) {
		s, err := b.serve(ctx)
		if err != nil {
			return nil, err
		}
		n, err := s.settled(ctx)
		s.stop()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return &figure{value: megabytes(median(all)), spread: megabytes(slices.Min(all)) + "…" + megabytes(slices.Max(all)),
		met: median(all) <= 30e6, note: "resident"}, nil
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
		text, err := s.text(ctx, "/debug/pprof/heap?gc=1&debug=1")
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

func (s *server) text(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/__admin"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", path, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
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
