package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/countersign/countersign/fixtures/gen/format"
)

// outputBuffer is how much is written at once, in bytes.
const outputBuffer = 256 << 10

// interruptions are looked for after this many records.
const interruptions = 1 << 10

// folder reports whether --out names a folder.
func (f *fixtureFlags) folder() bool {
	if strings.HasSuffix(f.out, "/") || strings.HasSuffix(f.out, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(f.out)
	return f.out != "" && err == nil && info.IsDir()
}

// guessFormat takes the format that the name of a file tells, where nobody says one.
func (f *fixtureFlags) guessFormat() {
	if f.changed("format") || f.folder() {
		return
	}
	extension := filepath.Ext(f.out)
	if other := map[string]string{".yml": ".yaml", ".jsonl": ".ndjson"}[extension]; other != "" {
		extension = other
	}
	for _, n := range format.Names() {
		if n.Extension() == extension {
			f.format.value = string(n)
		}
	}
}

// file is the file that a set goes into, "" for standard output. The folder is made.
func (f *fixtureFlags) file(s *fixtureSet) (string, error) {
	switch {
	case f.out == "" || f.out == "-":
		return "", nil
	case !f.folder():
		return f.out, nil
	}
	if err := os.MkdirAll(f.out, 0o777); err != nil { //nolint:gosec // the umask decides
		return "", err
	}
	return filepath.Join(f.out, s.name+format.Name(f.format.value).Extension()), nil
}

// writeSet writes a set where the flags say.
func (a *app) writeSet(ctx context.Context, f *fixtureFlags, s *fixtureSet) error {
	file, err := f.file(s)
	if err != nil {
		return err
	}
	bar := a.newProgress(s.total, file == "")
	defer bar.done()
	done := uint64(0)
	each := func(r *format.Record) error {
		if f.validate {
			if err := s.validate(r); err != nil {
				return fmt.Errorf("record %d of %s leaves the documents: %w; %d before it fit", done, s.name, err, done)
			}
		}
		if done++; done%interruptions == 0 {
			bar.show(done)
			return ctx.Err()
		}
		return nil
	}
	write := func(w io.Writer) error {
		if err := s.write(w, format.Name(f.format.value), each); err != nil {
			return err
		}
		return ctx.Err()
	}
	if file == "" {
		err = a.toStandardOutput(write)
	} else {
		err = toFile(file, write)
	}
	bar.done()
	switch {
	case errors.Is(err, context.Canceled) && file != "":
		return fmt.Errorf("interrupted; %s was not written", file)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted after %d records", done)
	case err != nil:
		return err
	case f.validate:
		fmt.Fprintf(a.err, "%s: %s checked, all fit the documents\n", s.name, plural(int(done), "record")) //nolint:gosec // only told
	}
	if s.note != "" {
		fmt.Fprintf(a.err, "%s: %s\n", s.name, s.note)
	}
	return nil
}

func (a *app) toStandardOutput(write func(io.Writer) error) error {
	out := bufio.NewWriterSize(a.out, outputBuffer)
	if err := write(out); err != nil {
		_ = out.Flush() // what was made until then; the error that counts is the first
		return placed("standard output", err)
	}
	return placed("standard output", out.Flush())
}

// toFile writes a file in one piece: its name leads to all of it or to what was there before. Devices and pipes are
// written as they are.
func toFile(file string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(file); err == nil { // a link stays one
		file = target
	}
	info, err := os.Stat(file)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return toDevice(file, write)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return placed(file, err)
	}
	temporary := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+"."+rand.Text()[:8]+".part")
	out, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the umask decides
	if err != nil {
		return placed(file, err)
	}
	defer func() { _ = os.Remove(temporary) }() // gone already where it was renamed
	if info != nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = buffered(out, write)
	}
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return placed(file, err)
	}
	return placed(file, os.Rename(temporary, file))
}

func toDevice(file string, write func(io.Writer) error) error {
	out, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return placed(file, err)
	}
	err = buffered(out, write)
	return placed(file, errors.Join(err, out.Close()))
}

func buffered(w io.Writer, write func(io.Writer) error) error {
	out := bufio.NewWriterSize(w, outputBuffer)
	if err := write(out); err != nil {
		return err
	}
	return out.Flush()
}

// placed names the file that somebody asked for in an error of the file system, instead of the temporary one.
func placed(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return fmt.Errorf("%s: %w", name, path.Err)
	case errors.As(err, &link):
		return fmt.Errorf("%s: %w", name, link.Err)
	}
	return err
}
