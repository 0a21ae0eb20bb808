package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words. The first is the default.
type choice struct {
	among []string
	value string
}

func oneOf(among ...string) choice { return choice{among: among, value: among[0]} }

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.among, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.among, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.among, ", "))
	}
	c.value = s
	return nil
}

// addTo makes it a flag of a command, completion included.
func (c *choice) addTo(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(c, name, usage)
	completeFlag(cmd, name, func() []string { return c.among })
}

// completeFlag offers words for a flag, each with a description behind a tab if it has one.
func completeFlag(cmd *cobra.Command, flag string, words func() []string) {
	completeWith(cmd, flag, func() ([]string, cobra.ShellCompDirective) { return words(), cobra.ShellCompDirectiveNoFileComp })
}

// completeFiles offers files for flags; nothing else of this command line is a file.
func completeFiles(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		completeWith(cmd, flag, func() ([]string, cobra.ShellCompDirective) { return nil, cobra.ShellCompDirectiveDefault })
	}
}

// completeFolders offers folders for flags.
func completeFolders(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		completeWith(cmd, flag, func() ([]string, cobra.ShellCompDirective) { return nil, cobra.ShellCompDirectiveFilterDirs })
	}
}

func completeWith(cmd *cobra.Command, flag string, answer func() ([]string, cobra.ShellCompDirective)) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return answer()
	})
	if err != nil {
		panic(err) // a flag that this command does not have
	}
}

// completeArg offers words for the only argument of a command.
func completeArg(cmd *cobra.Command, words func() []string) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// byteSize is a flag in bytes: 67108864, 64KiB, 64MiB or 1GiB.
type byteSize int

var byteUnits = []struct {
	suffix string
	bytes  int
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}

func (b *byteSize) Type() string { return "bytes" }

func (b *byteSize) String() string {
	for _, u := range slices.Backward(byteUnits) {
		if n := int(*b); n != 0 && n%u.bytes == 0 {
			return strconv.Itoa(n/u.bytes) + u.suffix
		}
	}
	return strconv.Itoa(int(*b))
}

func (b *byteSize) Set(s string) error {
	unit := 1
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = n, u.bytes
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > math.MaxInt/unit {
		return fmt.Errorf("want a positive number of bytes, such as 1048576, 512KiB or 64MiB")
	}
	*b = byteSize(n * unit)
	return nil
}

// decisions is the flag --assume: NUMBER=ALTERNATIVE, as often as wanted.
type decisions map[string]string

func (d decisions) Type() string { return "NUMBER=ALTERNATIVE" }

func (d decisions) String() string {
	var pairs []string
	for id, value := range d {
		pairs = append(pairs, id+"="+value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

func (d decisions) Set(s string) error {
	id, value, ok := strings.Cut(s, "=")
	if !ok || id == "" || value == "" {
		return fmt.Errorf("want NUMBER=ALTERNATIVE, such as QB-003=json")
	}
	if old, twice := d[id]; twice && old != value {
		return fmt.Errorf("%s is decided twice, as %q and as %q", id, old, value)
	}
	d[id] = value
	return nil
}
