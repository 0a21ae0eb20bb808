package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// serveFlags are the flags of serve as they were given.
type serveFlags struct {
	addr, readyFile string
	data            string
	world           string
	seed            uint64
	generate        generateFlag
	clock           string
	signingClock    choice
	strict          bool
	assume          decisions
	logFormat       choice
	logLevel        choice
	tlsAddr         string
	tlsCert, tlsKey string
	tlsHosts        []string
	journalBytes    byteSize
	adminToken      string
	adminAddr       string
	pprof           bool
}

func newServeFlags() *serveFlags {
	f := &serveFlags{signingClock: oneOf("wall", "world"), assume: decisions{}, logFormat: oneOf("text", "json"),
		logLevel: oneOf("debug", "info", "warn", "error"), journalBytes: mockserver.DefaultJournalBytes}
	f.logLevel.value = "info"
	return f
}

func (f *serveFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.addr, "addr", defaultAddr, "`HOST:PORT` to listen on; port 0 takes a free one; no host means every interface")
	flags.StringVar(&f.readyFile, "ready-file", "", "write the URL to `FILE` once it serves, on further lines the HTTPS URL and \"admin URL\", if there are such; removed when it stops")
	flags.StringVar(&f.world, "world", "", "world `FILE`, YAML or JSON: records, seed, clocks, decisions")
	flags.StringVar(&f.data, "data", "", "keep worlds in `FOLDER`: what was answered outlives the process; without it worlds live in memory alone")
	flags.Uint64Var(&f.seed, "seed", 0, "source of ids and chance; the same seed gives the same answers")
	f.generate.addTo(cmd)
	flags.StringVar(&f.clock, "clock", "wall", "world `TIME`: wall, 2026-01-15T08:00:00Z (stands still) or 2026-01-15T08:00:00Z+ (runs from there)")
	f.signingClock.addTo(cmd, "signing-clock", "clock that the timestamps of signatures are judged by")
	flags.BoolVar(&f.strict, "strict", false, "refuse what is otherwise only warned of in the journal (unknown parameters, ...)")
	flags.Var(f.assume, "assume", "decide a guess otherwise, as often as wanted ('countersign specs explain' lists them)")
	flags.StringVar(&f.tlsAddr, "tls-addr", "", "`HOST:PORT` to serve HTTPS on as well")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "certificate `FILE` (PEM); without it a CA of your own is made and kept in the user's cache folder")
	flags.StringVar(&f.tlsKey, "tls-key", "", "key `FILE` (PEM) of --tls-cert")
	flags.StringArrayVar(&f.tlsHosts, "tls-host", nil, "further `NAME` or address that the made certificate is for, as often as wanted")
	f.logFormat.addTo(cmd, "log-format", "how the log is written")
	f.logLevel.addTo(cmd, "log-level", "what is logged; debug has a line for every request")
	flags.Var(&f.journalBytes, "journal-bytes", "how much the journal of requests holds")
	flags.StringVar(&f.adminToken, "admin-token", "", "`TOKEN` that /__admin asks for; default $"+tokenVariable+", or a new one where other machines can reach it")
	flags.StringVar(&f.adminAddr, "admin-addr", "", "`HOST:PORT` for /__admin alone; the other addresses then serve the vendors alone")
	flags.BoolVar(&f.pprof, "pprof", false, "serve profiles of the process under /__admin/debug/pprof/")
	completeFiles(cmd, "world", "tls-cert", "tls-key", "ready-file")
	completeFolders(cmd, "data")
	completeFlag(cmd, "clock", func() []string { return []string{"wall"} })
}

// check refuses what can be seen to be wrong before anything is read.
func (f *serveFlags) check(changed func(string) bool) error {
	if err := checkAddr("--addr", f.addr); err != nil {
		return err
	}
	for _, other := range [][2]string{{"--tls-addr", f.tlsAddr}, {"--admin-addr", f.adminAddr}} {
		if other[1] == "" {
			continue
		}
		if err := checkAddr(other[0], other[1]); err != nil {
			return err
		}
	}
	for _, name := range []string{"tls-cert", "tls-key", "tls-host"} {
		if changed(name) && f.tlsAddr == "" {
			return usagef("--%s is of no use without --tls-addr", name)
		}
	}
	if changed("tls-cert") != changed("tls-key") {
		return usagef("--tls-cert and --tls-key go together")
	}
	if changed("tls-cert") && changed("tls-host") {
		return usagef("--tls-host is of no use with --tls-cert: the names stand in the given certificate")
	}
	if _, err := mockserver.ParseClock(f.clock); err != nil {
		return usagef("--clock: %w", err)
	}
	return nil
}

func checkAddr(flag, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("%s %q: want HOST:PORT, such as 127.0.0.1:8750", flag, addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return usagef("%s %q: the port is a number from 0 (any free one) to 65535", flag, addr)
	}
	return nil
}

// setting is the default world: what the world file says, then what flags say.
func (f *serveFlags) setting(changed func(string) bool) (w mockserver.WorldSetting, err error) {
	if f.world != "" {
		if w, err = readWorld(f.world); err != nil {
			return w, err
		}
	}
	if changed("seed") {
		w.Seed = f.seed
	}
	if changed("generate") {
		w.Generate = f.generate.of(w.Seed)
	}
	if changed("clock") {
		w.Clock = f.clock
	}
	if changed("signing-clock") {
		w.SigningClock = f.signingClock.value
	}
	if changed("strict") {
		w.Strict = f.strict
	}
	if len(f.assume) > 0 {
		all := map[string]string{}
		maps.Copy(all, w.Assumptions)
		maps.Copy(all, f.assume)
		w.Assumptions = all
	}
	return w, nil
}

func (f *serveFlags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel.value)); err != nil {
		panic(fmt.Sprintf("log level: %v", err)) // the flag takes known words only
	}
	opts := &slog.HandlerOptions{Level: level}
	if f.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
