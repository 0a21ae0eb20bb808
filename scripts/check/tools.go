package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// goTool is the path of a tool of scripts/tools, which are all built when the first of them is asked for.
func (p *project) goTool(ctx context.Context, name string) (string, error) {
	bin := p.path(".cache", "bin")
	pins := []string{p.path("scripts", "tools", "go.mod"), p.path("scripts", "tools", "go.sum")}
	err := p.once(bin, pins, "Go tools (minutes, the first time)", func() error {
		return p.run(ctx, "scripts/tools", "go", "build", "-o", bin+string(filepath.Separator), "tool")
	})
	return filepath.Join(bin, name), err
}

// nodeTools is the folder of the commands of scripts/node, installed when they are first asked for.
func (p *project) nodeTools(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", err
	}
	dir := p.path(".cache", "node")
	pins := p.nodePins("scripts", "node")
	err := p.once(dir, pins, "Node tools", func() error {
		for _, pin := range pins {
			if err := copyFile(pin, filepath.Join(dir, filepath.Base(pin))); err != nil {
				return err
			}
		}
		return p.npmCI(ctx, filepath.Join(".cache", "node"))
	})
	return filepath.Join(dir, "node_modules", ".bin"), err
}

// nodeSDKs installs the vendors' Node SDKs beside the tests that load them, where Node looks for them.
func (p *project) nodeSDKs(ctx context.Context) error {
	if _, err := exec.LookPath("node"); err != nil {
		return err
	}
	return p.once(p.path(sdktest, "node", "node_modules"), p.nodePins(sdktest, "node"), "vendors' Node SDKs", func() error {
		return p.npmCI(ctx, filepath.Join(sdktest, "node"))
	})
}

// nodePins are the files of a folder that say what npm installs there.
func (p *project) nodePins(folder ...string) []string {
	var pins []string
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		pins = append(pins, filepath.Join(p.path(folder...), name))
	}
	return pins
}

func (p *project) npmCI(ctx context.Context, dir string) error {
	return p.run(ctx, dir, "npm", "ci", "--ignore-scripts", "--loglevel=error")
}

// once does the work that fills dir, unless it was done before with the same pins. A stamp in dir says so.
func (p *project) once(dir string, pins []string, what string, work func() error) error {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	for _, pin := range pins {
		data, err := os.ReadFile(pin)
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, len(data))
		sum.Write(data)
	}
	want := hex.EncodeToString(sum.Sum(nil))
	stamp := filepath.Join(dir, "stamp")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	start := time.Now()
	if err := work(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(p.out, "prepared the %s in %s\n", what, rounded(time.Since(start)))
	return os.WriteFile(stamp, []byte(want), 0o644)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
