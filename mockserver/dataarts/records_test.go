package dataarts

import (
	"testing"
	"time"
)

// usualTimes are texts that are read without time.Parse, others those that are left to it.
var (
	usualTimes = []string{"2024-04-19T09:59:58Z", "0000-01-01T00:00:00Z", "9999-12-28T23:59:59Z", "2024-02-28T00:00:00Z"}
	otherTimes = []string{"", "2024-04-19", "2024-04-31T00:00:00Z", "2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z",
		"2024-04-00T00:00:00Z", "2024-04-01T24:00:00Z", "2024-04-01T00:60:00Z", "2024-04-01T00:00:60Z", "2024-04-01 00:00:00Z", "2024-04-01T00:00:00z",
		"2024-04-01T00:00:0Z", "2024-04-01T00:00:000Z", "2024-04-01T00:00:+1Z", "2024-04-01T00:00:00.5Z", "2024-04-01T00:00:00+08:00", "2024/04/01T00:00:00Z"}
)

func TestUnixTime(t *testing.T) {
	t.Parallel()
	for _, text := range usualTimes {
		if _, ok := usualTime([]byte(text)); !ok {
			t.Errorf("%s is left to time.Parse", text)
		}
		readAsParsed(t, text)
	}
	for _, text := range otherTimes {
		if at, ok := usualTime([]byte(text)); ok {
			t.Errorf("%q is read as %v", text, at)
		}
		readAsParsed(t, text)
	}
}

// TestUnixTimeOfAnyDay reads days of every year that has four digits.
func TestUnixTimeOfAnyDay(t *testing.T) {
	t.Parallel()
	for at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10000; at = at.Add(13*24*time.Hour + 12345*time.Second) {
		var got unixTime
		if err := got.UnmarshalText(at.AppendFormat(nil, time.RFC3339)); err != nil || int64(got) != at.Unix() {
			t.Fatalf("%v: got %d, error %v", at, got, err)
		}
	}
}

// readAsParsed holds what is read of a text against time.Parse.
func readAsParsed(t *testing.T, text string) {
	t.Helper()
	var got unixTime
	err := got.UnmarshalText([]byte(text))
	want, wantErr := time.Parse(time.RFC3339, text)
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() || int64(got) != want.Unix() {
		t.Errorf("%q: got %d, error %v; want %d, error %v", text, got, err, want.Unix(), wantErr)
	}
}

func FuzzUnixTime(f *testing.F) {
	for _, text := range append(usualTimes, otherTimes...) {
		f.Add(text)
	}
	f.Fuzz(readAsParsed)
}

func BenchmarkUnixTime(b *testing.B) {
	text := []byte("2024-04-19T09:59:58Z")
	var at unixTime
	b.ReportAllocs()
	for b.Loop() {
		if err := at.UnmarshalText(text); err != nil {
			b.Fatal(err)
		}
	}
}
