package main

import (
	"context"
	"io"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkFixtures makes records end to end: flags, documents, generator, format, output. One core is measured with
// -cpu 1.
func BenchmarkFixtures(b *testing.B) {
	file := filepath.Join(b.TempDir(), "out")
	for _, tt := range []struct {
		name  string
		count int
		args  []string
	}{
		{"Approvers", 500_000, []string{"--kind", "dataarts.approvers"}},
		{"ApproversToFile", 500_000, []string{"--kind", "dataarts.approvers", "--out", file}},
		{"ApprovalDefines", 50_000, []string{"--kind", "wps.approval_defines"}},
		{"ApprovalDefinesToFile", 50_000, []string{"--kind", "wps.approval_defines", "--out", file}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			args := append([]string{"fixtures", "--format", "ndjson", "--count", strconv.Itoa(tt.count)}, tt.args...)
			for b.Loop() {
				if code := testApp(io.Discard, io.Discard).run(context.Background(), args); code != exitOK {
					b.Fatalf("exit code %d", code)
				}
			}
			b.ReportMetric(float64(tt.count)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
