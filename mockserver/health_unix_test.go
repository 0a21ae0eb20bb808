//go:build unix

package mockserver_test

import (
	"testing"

	"golang.org/x/sys/unix"
)

// mostConnections is how many connections a test and a server may hold open between them: want, or what the machine lets
// them, with the reason in the log. Each process has one end.
func mostConnections(t *testing.T, want int) int {
	t.Helper()
	var limit unix.Rlimit // Go raises the soft limit as far as it goes
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const others = 1000 // files that the tests beside this one have open
	if most := int(min(limit.Cur, 1<<20)) - others; most < want {
		t.Logf("%d connections instead of %d: a process may have %d files open", most, want, limit.Cur)
		want = most
	}
	if raceDetector && want > 6000 {
		t.Logf("6000 connections instead of %d: the race detector ends a process with more than 8128 goroutines", want)
		want = 6000
	}
	return want
}
