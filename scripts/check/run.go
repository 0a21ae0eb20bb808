package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// step is one section of the run.
type step struct {
	name string
	run  func(context.Context, *project) tally
}

// stage is what runs at the same time: lanes, whose steps run one after the other. A stage begins when the one before it has
// ended.
type stage [][]step

// progress is how far a run has come. Lanes share it.
type progress struct {
	mu           sync.Mutex
	begun, steps int
	total        tally
}

// runStages runs every step, whatever the others did, and prints the closing summary.
func runStages(ctx context.Context, p *project, stages []stage) tally {
	start := time.Now()
	at := &progress{}
	for _, s := range stages {
		at.steps += len(slices.Concat(s...))
	}
	for _, s := range stages {
		var lanes sync.WaitGroup
		for _, lane := range s {
			lanes.Go(func() { at.runLane(ctx, p, lane, len(s) > 1) })
		}
		lanes.Wait()
	}
	at.total.print(p.out, time.Since(start))
	return at.total
}

// runLane runs steps in turn. Beside other lanes, the output of a step appears as a whole when it ends.
func (at *progress) runLane(ctx context.Context, p *project, lane []step, beside bool) {
	for _, s := range lane {
		var kept bytes.Buffer
		in := p
		if beside {
			in = p.to(&kept)
		}
		t := at.runStep(ctx, in, s)
		at.mu.Lock()
		_, _ = p.out.Write(kept.Bytes())
		at.total.add(t)
		at.mu.Unlock()
	}
}

// runStep runs a step between a heading and a line that says how it ended.
func (at *progress) runStep(ctx context.Context, p *project, s step) (t tally) {
	at.mu.Lock()
	at.begun++
	number := at.begun
	at.mu.Unlock()
	fmt.Fprintf(p.out, "\n== %d/%d %s ==\n", number, at.steps, s.name)
	start := time.Now()
	if err := ctx.Err(); err != nil {
		t.one(s.name, err)
	} else {
		t = s.run(ctx, p)
	}
	for _, l := range t.skips {
		fmt.Fprintf(p.out, "skipped: %s\n", l)
	}
	for _, l := range t.failures {
		fmt.Fprintf(p.out, "failed: %s\n", l)
	}
	fmt.Fprintf(p.out, "-- %s: %s, %s\n", s.name, t.verdict(), rounded(time.Since(start)))
	return t
}
