package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

const connections = 32

//go:embed load.lua
var script []byte

// batch is a file of signed requests.
type batch struct {
	file   string
	count  int
	once   bool // no request may be sent twice
	signed time.Time
	first  *recorded
}

// sign writes count requests into a file.
func (b *bench) sign(ctx context.Context, name string, next signer, count int, once bool) (*batch, error) {
	out := &batch{file: b.path(name), count: count, once: once, signed: time.Now()}
	var text bytes.Buffer
	for i := range count {
		r, err := next(ctx, i)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out.first = r
		}
		fmt.Fprintf(&text, "%d\n", len(r.wire))
		text.Write(r.wire)
	}
	return out, os.WriteFile(out.file, text.Bytes(), 0o600)
}

// again is the batch for a program that does not mind a request that it has seen.
func (b *batch) again() *batch {
	out := *b
	out.once = false
	return &out
}

// round is what wrk says of a round, and what it cost.
type round struct {
	Requests int64         `json:"requests"`
	Micros   int64         `json:"micros"`
	Bytes    int64         `json:"bytes"`
	P50      int64         `json:"p50"` // microseconds
	P99      int64         `json:"p99"`
	Broken   int64         `json:"broken"`
	Refused  int64         `json:"refused"` // status 400 and above
	Ended    int64         `json:"ended"`   // threads that ran out of requests
	Loading  int64         `json:"loading"` // microseconds of the processor, until wrk had read the requests
	CPU      time.Duration `json:"cpu"`     // of the program that answered
	WrkCPU   time.Duration `json:"wrk_cpu"`
}

func (r *round) rate() float64 { return float64(r.Requests) / float64(r.Micros) * 1e6 }

// busy is the share of the round that the generator worked.
func (r *round) busy() float64 {
	return float64(r.WrkCPU.Microseconds()) / float64(r.Micros) / float64(threads())
}

// perRequest is the CPU time that a request took, of both sides.
func (r *round) perRequest() float64 { return float64(r.CPU+r.WrkCPU) / float64(r.Requests) }

// threads of wrk: one is enough below four cores, where a second one would only take turns with the server.
func threads() int {
	if runtime.NumCPU() >= 4 {
		return 2
	}
	return 1
}

// load sends a batch to a process for some seconds. wantStatus is what all replies have.
func (b *bench) load(ctx context.Context, p *process, requests *batch, wantStatus, seconds int) (*round, error) {
	lua := b.path("load.lua")
	if err := os.WriteFile(lua, script, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t", strconv.Itoa(threads()), "-c", strconv.Itoa(connections), "-d", strconv.Itoa(seconds)+"s", "--timeout", "30s",
		"-s", lua, "http://"+p.addr)
	cmd.Env = append(os.Environ(), "LOAD_FILE="+requests.file, "LOAD_THREADS="+strconv.Itoa(threads()), "LOAD_ONCE="+onceFlag(requests.once))
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("wrk: %w: %s", err, last(out, 500))
	}
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	r := &round{}
	_, line, _ := bytes.Cut(out, []byte("\n@"))
	if err := json.Unmarshal(line, r); err != nil {
		return nil, fmt.Errorf("wrk said: %s", last(out, 500))
	}
	r.CPU, r.WrkCPU = after-before, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()-time.Duration(r.Loading)*time.Microsecond
	if err := r.check(wantStatus); err != nil {
		return nil, err
	}
	return r, nil
}

func onceFlag(once bool) string {
	if once {
		return "1"
	}
	return "0"
}

// errRanOut says that a round sent all that was signed for it.
var errRanOut = errors.New("the signed requests ran out")

// check finds what makes a round worthless.
func (r *round) check(wantStatus int) error {
	want := int64(0)
	if wantStatus >= 400 {
		want = r.Requests
	}
	switch {
	case r.Requests == 0 || r.Micros == 0:
		return fmt.Errorf("nothing was answered")
	case r.Broken > 0:
		return fmt.Errorf("%d connections broke or timed out", r.Broken)
	case r.Refused != want:
		return fmt.Errorf("of %d replies %d have a status of 400 or above, where all should have %d", r.Requests, r.Refused, wantStatus)
	case r.Ended > 0:
		return fmt.Errorf("%w after %d", errRanOut, r.Requests)
	}
	return nil
}
