package mockserver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// What the journal takes of the heap, as a share of its budget, once it is full: not more, and not so little that the
// budget says nothing. heapSlack is for what the rest of a server that has just been busy keeps, in bytes.
const (
	heapBudget = 16 << 20
	mostOfHeap = 1.0
	heapSlack  = 1 << 20
)

// journalLoads are requests of every kind that weighs, and how much of the budget they have to fill at least. Refused
// signatures are charged for the longest texts that their explanation may keep, and this vendor's keeps none.
var journalLoads = map[string]struct {
	least   float64
	request func(i int) (method, path, body string, header http.Header, chunked bool)
}{
	"Small": {0.6, func(i int) (string, string, string, http.Header, bool) {
		return "GET", fmt.Sprintf("/acme/notes/demo?mode=&i=%d", i), "", demoKey(), false
	}},
	"Headers": {0.6, func(int) (string, string, string, http.Header, bool) {
		h := demoKey()
		for n := range 40 {
			h.Set(fmt.Sprintf("X-Some-Header-%d", n), strings.Repeat("v", 5*n))
		}
		return "GET", "/acme/notes/demo?mode=", "", h, false
	}},
	"Bodies": {0.8, func(i int) (string, string, string, http.Header, bool) {
		return "POST", "/acme/notes", `{"id":"a","text":"` + strings.Repeat("x", 200_000+i) + `"}`, jsonKey(), false
	}},
	"Chunked": {0.6, func(i int) (string, string, string, http.Header, bool) {
		return "POST", "/acme/notes", `{"id":"a","text":"` + strings.Repeat("x", 70_000+i) + `"}`, jsonKey(), true
	}},
	"Form": {0.6, func(int) (string, string, string, http.Header, bool) {
		h := demoKey()
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		return "POST", "/acme/notes", strings.Repeat("a=b&", 2000), h, false
	}},
	"Warned": {0.6, func(int) (string, string, string, http.Header, bool) {
		return "GET", "/acme/notes/demo?mode=" + strings.Repeat("&unknown-parameter-of-some-length=1", 40), "", demoKey(), false
	}},
	"Refused": {0.1, func(int) (string, string, string, http.Header, bool) {
		return "GET", "/acme/notes/demo?mode=" + strings.Repeat("&a=b", 100), "", withKey(http.Header{}, "wrong"), false
	}},
}

// TestJournalKeepsItsBudget fills journals for real and holds the heap against their budget: each in a process of its
// own, since a heap has all that goes on in a process.
func TestJournalKeepsItsBudget(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("processes of their own, whose heap is measured: a run without the race detector does this")
	}
	for name := range journalLoads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inOwnProcess(t, "TestFillJournal", name)
		})
	}
	t.Run("Sustained", func(t *testing.T) {
		t.Parallel()
		inOwnProcess(t, "TestLoadJournal", "all")
	})
}

const heapCase = "COUNTERSIGN_TEST_HEAP"

func inOwnProcess(t *testing.T, test, name string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), heapCase+"="+name)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+test)) {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range bytes.Lines(out) {
		if bytes.Contains(line, []byte("of the budget")) {
			t.Logf("%s", bytes.TrimSpace(line))
		}
	}
}

func liveHeap() float64 {
	runtime.GC()
	runtime.GC() // what the first one found in pools is gone with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// TestFillJournal is the child process of TestJournalKeepsItsBudget.
func TestFillJournal(t *testing.T) {
	t.Parallel()
	load, ok := journalLoads[os.Getenv(heapCase)]
	if !ok {
		t.Skip("for a process of its own")
	}
	srv := start(t, mockserver.Options{JournalBytes: heapBudget})
	shoot := func(i int) {
		method, path, body, header, chunked := load.request(i)
		var r io.Reader = strings.NewReader(body)
		if chunked {
			r = io.MultiReader(r) // hides its length
		}
		fire(t, method, srv.URL+path, r, header)
	}
	for i := range 50 {
		shoot(i)
	}
	if _, err := srv.ClearRequests(""); err != nil {
		t.Fatal(err)
	}
	before := liveHeap()
	for i := 0; ; i++ {
		shoot(i)
		if i%64 > 0 {
			continue
		}
		if c, err := srv.Count(mockserver.JournalQuery{Before: 1}); err != nil || c.Missed > uint64(i)/4 {
			break
		}
	}
	taken := (liveHeap() - before) / heapBudget
	list, missed := srv.Requests(mockserver.JournalQuery{WithoutBodies: true})
	t.Logf("%d entries (%d evicted) take %.2f of the budget", len(list), missed, taken)
	if taken < load.least || taken > mostOfHeap+float64(heapSlack)/heapBudget {
		t.Errorf("want %.2f to %.2f", load.least, mostOfHeap)
	}
	runtime.KeepAlive(srv)
}

func fire(t *testing.T, method, url string, body io.Reader, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
}

// whileCollecting is how much of the budget the heap may be beyond it under load: a collection counts everything that is
// made while it runs as alive.
const whileCollecting = 0.25

// TestLoadJournal is the other child process: every kind of request at once, from several clients in several worlds,
// while a reader verifies and lists. What any collection finds alive is within the budget, but for what is alive where
// the journal holds next to nothing.
func TestLoadJournal(t *testing.T) {
	t.Parallel()
	if os.Getenv(heapCase) != "all" {
		t.Skip("for a process of its own")
	}
	const budget, rounds = 32 << 20, 120
	idle, _ := sustained(t, 1<<10, rounds)
	peak, after := sustained(t, budget, rounds)
	t.Logf("under load %.2f of the budget, after it %.2f of the budget (without a journal %.1f MiB)", (peak-idle)/budget, (after-idle)/budget, idle/(1<<20))
	if peak-idle > budget*(mostOfHeap+whileCollecting) || after-idle > budget*mostOfHeap {
		t.Errorf("want not more than %.2f under load and %.2f after it", mostOfHeap+whileCollecting, mostOfHeap)
	}
	if after-idle < budget/4 {
		t.Error("the journal was not filled, so this test proves nothing")
	}
}

// sustained returns the biggest heap that any collection found alive, and the one that is alive in the end, in bytes.
func sustained(t *testing.T, budget, rounds int) (peak, after float64) {
	t.Helper()
	srv := start(t, mockserver.Options{JournalBytes: budget})
	keys := []http.Header{demoKey(), world(t, srv, "a"), world(t, srv, "b")}
	var load, reader sync.WaitGroup
	read := make(chan int, 1)
	for g := range 4 {
		load.Go(func() {
			for i := range rounds {
				for _, kind := range []string{"Small", "Headers", "Bodies", "Form", "Warned", "Refused"} {
					method, path, body, header, _ := journalLoads[kind].request(i)
					if kind != "Refused" {
						header.Set("X-Key", keys[g%3].Get("X-Key"))
					}
					fire(t, method, srv.URL+path, strings.NewReader(body), header)
				}
				select {
				case read <- i:
				default:
				}
			}
		})
	}
	reader.Go(func() {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for range read {
			metrics.Read(sample)
			peak = max(peak, float64(sample[0].Value.Uint64()))
			if v, err := srv.Verify(mockserver.Expectation{JournalQuery: mockserver.JournalQuery{World: "a", Status: 200}}); err != nil {
				t.Errorf("%v %v", v, err)
			}
			list, _ := srv.Requests(mockserver.JournalQuery{RefusedSignature: true, Limit: 5})
			runtime.KeepAlive(list)
		}
	})
	load.Wait()
	close(read)
	reader.Wait()
	after = liveHeap()
	runtime.KeepAlive(srv)
	return peak, after
}
