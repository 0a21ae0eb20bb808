//go:build unix

package mockserver_test

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/countersign/countersign/mockserver/disk"
)

// limitedTo, in the child's environment, is the size in bytes over which it may not write files: a disk that is full.
const limitedTo = "COUNTERSIGN_TEST_FILE_LIMIT"

func init() {
	limitFiles = func() error {
		text := os.Getenv(limitedTo)
		if text == "" {
			return nil
		}
		most, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return err
		}
		signal.Ignore(syscall.SIGXFSZ)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most})
	}
}

// A full disk refuses what it cannot keep, says so, and goes on answering reads; with room again all is as it was.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	c := spawn(t, dir)
	c.kill()
	info, err := os.Stat(dir + "/" + disk.FileName)
	if err != nil {
		t.Fatal(err)
	}
	c = spawn(t, dir, fmt.Sprintf("%s=%d", limitedTo, info.Size()+64<<10))
	filler := strings.Repeat("x", 20)
	written, refused := 0, answer{}
	for i := range 20_000 {
		refused = send(t, "POST", c.url+"/acme/notes", fmt.Sprintf(`{"id":"f%d","text":%q}`, i, filler), jsonKey())
		if refused.status != http.StatusOK {
			break
		}
		written++
	}
	if refused.body["code"] != "Broken" || !strings.Contains(fmt.Sprint(refused.body["reason"]), dir) {
		t.Fatalf("after %d notes: got %d %s, want an error that names the folder", written, refused.status, refused.raw)
	}
	read := func(id string) int {
		return send(t, "GET", c.url+"/acme/notes/"+id+"?mode=", "", demoKey()).status
	}
	last, lost := fmt.Sprint("f", written-1), fmt.Sprint("f", written)
	if read(last) != 200 || read(lost) != 404 || read("demo") != 200 {
		t.Errorf("the last note that was taken reads %d, the refused one %d, an old one %d", read(last), read(lost), read("demo"))
	}
	if got := send(t, "POST", c.url+"/__admin/worlds", `{"name":"more"}`, nil); got.status != http.StatusInsufficientStorage || !strings.Contains(got.raw, dir) {
		t.Errorf("a new world: got %d %s", got.status, got.raw)
	}
	h := demoKey()
	h.Set("X-Nonce", "n")
	if got := send(t, "GET", c.url+"/acme/notes/demo?mode=", "", h); got.status != 200 {
		t.Errorf("a read with a nonce: got %d %s", got.status, got.raw)
	}
	c.kill()
	c = spawn(t, dir)
	defer c.kill()
	if read(last) != 200 || read(lost) != 404 {
		t.Errorf("with room again the last note that was taken reads %d, the refused one %d", read(last), read(lost))
	}
}
