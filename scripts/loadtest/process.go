package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that was started and serves.
type process struct {
	cmd  *exec.Cmd
	addr string
	gone chan struct{}
}

// tick is the unit of the times in /proc: Linux has a hundred a second for every program to see.
const tick = 10 * time.Millisecond

// cpu is what the process has spent so far.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(text, []byte(") ")) // behind the name, which may have blanks
	fields := strings.Fields(string(after))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/PID/stat: %q %q", fields[11], fields[12])
	}
	return time.Duration(user+system) * tick, nil
}

// spent is what the process has spent from its start to its end; it has ended.
func (p *process) spent() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// resident is the memory of the process, in bytes; own is what of it is not the program's file.
func (p *process) resident() (int64, error) { return p.status("VmRSS") }
func (p *process) own() (int64, error)      { return p.status("RssAnon") }

// status is a field of the process's status that is a number of bytes.
func (p *process) status(field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, found := bytes.Cut(text, []byte("\n"+field+":"))
	fields := strings.Fields(string(after))
	if !found || len(fields) < 2 || fields[1] != "kB" {
		return 0, fmt.Errorf("no %s in /proc/PID/status", field)
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	return n << 10, err
}

// stop ends the process and waits for it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
}

func (p *process) start() error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.gone = make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(p.gone)
	}()
	return nil
}

// yardstick starts a bare gin handler that answers a request as the server has.
func (b *bench) yardstick(ctx context.Context, r *recorded, reply *reply) (*process, error) {
	file := b.path("reply")
	if err := os.WriteFile(file, reply.body, 0o600); err != nil {
		return nil, err
	}
	args := []string{"--method", r.method, "--path", r.path, "--status", strconv.Itoa(reply.status),
		"--content-type", reply.contentType, "--body", file}
	for name, values := range reply.header {
		args = append(args, "--header", name+": "+values[0])
	}
	p := &process{cmd: exec.CommandContext(ctx, b.bin+"/yardstick", args...)}
	p.cmd.Stderr = b.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	p.addr = strings.TrimSpace(line)
	p.gone = make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(p.gone)
	}()
	return p, err
}

// server is a running countersign.
type server struct {
	process
	// ready is how long it took from its start until it answered.
	ready time.Duration
	env   environment
	// live is its heap when it was last asked.
	live int64
}

// serve starts countersign with further flags, and returns once it answers. Its log goes to a file.
func (b *bench) serve(ctx context.Context, flags ...string) (*server, error) {
	return b.serveWith(ctx, nil, flags...)
}

// serveWith is serve with environment variables.
func (b *bench) serveWith(ctx context.Context, env []string, flags ...string) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--addr", addr}, strings.Fields(b.options.serve)...)
	s := &server{process: process{addr: addr, cmd: exec.CommandContext(ctx, b.bin+"/countersign", append(args, flags...)...)}}
	log, err := os.Create(b.path("serve.log"))
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = log
	s.cmd.Env = append(os.Environ(), env...)
	s.ready, err = s.launch(ctx, b.patience)
	text, _ := os.ReadFile(log.Name())
	if err := errors.Join(err, log.Close()); err != nil {
		return nil, fmt.Errorf("countersign serve %s: %w: %s", strings.Join(flags, " "), err, last(text, 500))
	}
	return s, nil
}

// launch starts the program, waits until its port answers whether it is well, and then asks what clients have to know.
func (s *server) launch(ctx context.Context, patience time.Duration) (time.Duration, error) {
	begin := time.Now()
	if err := s.start(); err != nil {
		return 0, err
	}
	for {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr); err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-s.gone:
			return 0, fmt.Errorf("it ended")
		case <-time.After(200 * time.Microsecond):
		}
		if time.Since(begin) > patience {
			s.stop()
			return 0, fmt.Errorf("not ready after %s", patience)
		}
	}
	err := s.admin(ctx, http.MethodGet, "/health", nil, nil)
	ready := time.Since(begin)
	if err == nil {
		err = s.admin(ctx, http.MethodGet, "/worlds/default/env", nil, &s.env)
	}
	return ready, err
}

// admin calls the admin API with JSON.
func (s *server) admin(ctx context.Context, method, path string, body, into any) error {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return err
		}
	}
	answer, err := s.call(ctx, method, path, "application/json", &text)
	if err != nil {
		return err
	}
	defer answer.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer).Decode(into)
}

// call calls the admin API and returns the body of its answer, which is not a refusal.
func (s *server) call(ctx context.Context, method, path, contentType string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+"/__admin"+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return nil, fmt.Errorf("%s %s: status %d: %s", method, path, resp.StatusCode, text)
	}
	return resp.Body, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func last(text []byte, n int) string {
	return strings.TrimSpace(string(text[max(0, len(text)-n):]))
}
