package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// derivedRows come from what other rows have measured, and from the Go benchmark of allocations.
func derivedRows() []row {
	return []row{
		{id: "p99", work: "99th percentile at 32 connections, the worst of the works above", target: "≤ 1.5 × bare gin's", measure: slowest},
		{id: "allocations-list", work: "allocations above bare gin: a list", target: "≤ 8", measure: allocations(8, "list-1", "list-50", "wps-30")},
		{id: "allocations-create", work: "allocations above bare gin: a creation", target: "≤ 20", measure: allocations(20, "create")},
	}
}

func slowest(ctx context.Context, b *bench) (*figure, error) {
	if len(b.duels) == 0 {
		d, err := b.againstGin(ctx, "list-1", list1())
		if err != nil {
			return nil, err
		}
		b.duels = append(b.duels, d)
	}
	worst, note := 0.0, ""
	for _, d := range b.duels {
		worst = max(worst, d.p99())
		note += fmt.Sprintf("%s %.2f ", d.Row, d.p99())
	}
	return &figure{value: fmt.Sprintf("%.2f ×", worst), met: worst <= 1.5, note: note}, nil
}

// allocation is a line of the benchmark, such as "BenchmarkAllocations/list-1/gin-2  500  900 ns/op  48 B/op  2 allocs/op".
var allocation = regexp.MustCompile(`(?m)^BenchmarkAllocations/([a-z0-9-]+)/(gin|server)(?:-\d+)?\s.*\s(\d+) allocs/op$`)

// allocations runs the benchmark in process: no load, and exact.
func allocations(most int, works ...string) func(context.Context, *bench) (*figure, error) {
	return func(ctx context.Context, _ *bench) (*figure, error) {
		out, err := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkAllocations$", "-benchtime=2000x", "./scripts/loadtest").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("go test: %w: %s", err, last(out, 500))
		}
		return above(out, most, works)
	}
}

// above finds out by how many allocations the server exceeds bare gin; the worst of the works decides.
func above(out []byte, most int, works []string) (*figure, error) {
	counts := map[string]int{}
	for _, m := range allocation.FindAllSubmatch(out, -1) {
		counts[string(m[1])+"/"+string(m[2])], _ = strconv.Atoi(string(m[3]))
	}
	worst := 0
	var note bytes.Buffer
	for _, w := range works {
		server, ok1 := counts[w+"/server"]
		gin, ok2 := counts[w+"/gin"]
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("the benchmark does not say %s: %s", w, last(out, 500))
		}
		worst = max(worst, server-gin)
		fmt.Fprintf(&note, "%s %d and %d ", w, server, gin)
	}
	return &figure{value: strconv.Itoa(worst), met: worst <= most, note: note.String()}, nil
}
