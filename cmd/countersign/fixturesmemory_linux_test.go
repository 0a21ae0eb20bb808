package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Thirty times as many records take no more memory: what is written is a quarter of a gigabyte.
func TestFixturesMemoryIsFlat(t *testing.T) {
	t.Parallel()
	most := func(count string) int64 {
		cmd := exec.CommandContext(t.Context(), "countersign", "fixtures", "--kind", "dataarts.approvers", "--format", "ndjson", "--count", count, "--out", os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss // in KiB
	}
	few, many := most("10000"), most("300000")
	t.Logf("10,000 records: %d KiB, 300,000: %d KiB", few, many)
	slack := int64(16 << 10)
	if raced { // the detector keeps books of its own
		slack *= 2
	}
	if many > few+slack {
		t.Errorf("%d KiB for 300,000 records, %d KiB for 10,000", many, few)
	}
}
