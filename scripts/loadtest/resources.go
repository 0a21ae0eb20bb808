package main

import (
	"context"
	"fmt"
	"time"
)

func startRows() []row {
	return []row{{"ready", "ready after start, demo world", "≤ 30 ms", ready}}
}

// ready starts the server many times.
func ready(ctx context.Context, b *bench) (*figure, error) {
	starts := 20
	if b.quick {
		starts = 5
	}
	var all []time.Duration
	for range starts {
		s, err := b.serve(ctx, b.patience)
		if err != nil {
			return nil, err
		}
		s.stop()
		all = append(all, s.ready)
	}
	return durations(all, 30*time.Millisecond), nil
}

func memoryRows() []row { return nil }
func costRows() []row   { return nil }

func durations(all []time.Duration, most time.Duration) *figure {
	middle := median(all)
	least, greatest := all[0], all[0]
	for _, d := range all {
		least, greatest = min(least, d), max(greatest, d)
	}
	return &figure{value: shown(middle), spread: shown(least) + "…" + shown(greatest), met: middle <= most}
}

func shown(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
