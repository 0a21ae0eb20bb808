package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// Thirty times as many records take no more memory: what is written is a quarter of a gigabyte.
func TestFixturesMemoryIsFlat(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the detector keeps books of its own; a run without it does this")
	}
	few, many := peakOfFixtures(t, "10000"), peakOfFixtures(t, "300000")
	t.Logf("10,000 records: %d KiB, 300,000: %d KiB", few, many)
	if slack := 8 << 10; many > few+slack {
		t.Errorf("%d KiB for 300,000 records, %d KiB for 10,000", many, few)
	}
}

// peakOfFixtures is the most memory, in KiB, that the command had resident while it wrote so many records. The kernel's
// word at the end of the process would not do: there it counts what this process had when it started the other.
func peakOfFixtures(t *testing.T, count string) int {
	t.Helper()
	var complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "countersign", "fixtures", "--kind", "dataarts.approvers", "--format", "ndjson", "--count", count)
	cmd.Stderr = &complaints
	records, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := peakWhileReading(t, records, cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, complaints.Bytes())
	}
	if peak == 0 {
		t.Fatal("the command was never looked at")
	}
	return peak
}

// peakWhileReading reads to the end and looks at the writer, which waits for its reader, every 256 KiB.
func peakWhileReading(t *testing.T, r io.Reader, pid int) int {
	t.Helper()
	peak, chunk := 0, make([]byte, 256<<10)
	for {
		_, err := io.ReadFull(r, chunk)
		if now, ok := peakOf(pid); ok {
			peak = now
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return peak
		case err != nil:
			t.Fatal(err)
		}
	}
}

// peakOf is not ok once the process has ended.
func peakOf(pid int) (kib int, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); n == 1 {
			return kib, true
		}
	}
	return 0, false
}
