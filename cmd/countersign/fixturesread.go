package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml3 "github.com/oasdiff/yaml3"
)

// item is one record of a file.
type item struct {
	// text is the record as JSON.
	text []byte
	// line is where it begins, from 1.
	line int
	// at finds the line of a JSON pointer in the record; of one that leads nowhere, that of the last place on the way.
	at func(pointer string) int
}

// unreadable says that a file is not of its format, and where.
type unreadable struct {
	line int
	err  error
}

func (e *unreadable) Error() string { return e.err.Error() }
func (e *unreadable) Unwrap() error { return e.err }

// fixtureExtensions are the files that are looked for in folders.
var fixtureExtensions = []string{".json", ".ndjson", ".jsonl", ".yaml", ".yml", ".har"}

// fixtureFiles are the files named, and those in the folders named.
func fixtureFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &usageError{placed(path, err)}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.Contains(fixtureExtensions, filepath.Ext(name)) {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file in %s ends in %s", strings.Join(paths, ", "), strings.Join(fixtureExtensions, ", "))
	}
	return files, nil
}

// readItems hands on the records of a file, one after the other. Errors: those of visit, *unreadable, the system's.
func readItems(file string, visit func(*item) error) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	switch filepath.Ext(file) {
	case ".ndjson", ".jsonl":
		return readLines(in, visit)
	case ".yaml", ".yml":
		return readYAML(in, visit)
	}
	return readJSON(in, visit)
}

// readLines reads one record a line.
func readLines(r io.Reader, visit func(*item) error) error {
	in := bufio.NewReaderSize(r, outputBuffer)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if record := bytes.TrimSpace(text); len(record) > 0 {
			if err := visitJSON(record, line, visit); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// visitJSON hands on a record that begins in a line.
func visitJSON(record []byte, line int, visit func(*item) error) error {
	if i := invalidUTF8(record); i >= 0 {
		return &unreadable{line + bytes.Count(record[:i], []byte("\n")), fmt.Errorf("the byte %#x is not UTF-8, which JSON is written in", record[i])}
	}
	if err := json.Unmarshal(record, new(json.RawMessage)); err != nil {
		return &unreadable{line, err}
	}
	return visit(&item{record, line, func(pointer string) int { return line + bytes.Count(record[:offsetOf(record, pointer)], []byte("\n")) }})
}

// invalidUTF8 is where a text leaves UTF-8, -1 if it does not. encoding/json would put another character there.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// readJSON reads an array of records, or one record.
func readJSON(r io.Reader, visit func(*item) error) error {
	counted := &lineReader{in: r}
	in := bufio.NewReader(counted)
	for {
		c, err := in.ReadByte()
		if err != nil {
			return &unreadable{counted.lineAt(counted.read), errors.New("the file is empty")}
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			_ = in.UnreadByte() // of the byte that was just read
			break
		}
	}
	skipped := counted.read - int64(in.Buffered())
	first, _ := in.Peek(1)
	dec := json.NewDecoder(in)
	if first[0] == '[' {
		_, _ = dec.Token() // the bracket
	}
	for dec.More() {
		var text json.RawMessage
		if err := dec.Decode(&text); err != nil {
			return counted.broken(skipped+dec.InputOffset(), err)
		}
		if err := visitJSON(text, counted.lineAt(skipped+dec.InputOffset()-int64(len(text))), visit); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	if whole := first[0] != '[' && errors.Is(err, io.EOF); err != nil && !whole {
		return counted.broken(skipped+dec.InputOffset(), err)
	}
	return nil
}

// broken says where and why what was read is not JSON: at its end, where it ends too early.
func (r *lineReader) broken(offset int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &unreadable{r.lineAt(r.read), errors.New("the file ends before its JSON does")}
	}
	return &unreadable{r.lineAt(offset), err}
}

// lineReader knows where the lines of what it read begin.
type lineReader struct {
	in   io.Reader
	read int64
	ends []int64 // of lines
}

func (r *lineReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			r.ends = append(r.ends, r.read+int64(i))
		}
	}
	r.read += int64(n)
	return n, err
}

// lineAt is the line of a place, from 1.
func (r *lineReader) lineAt(offset int64) int {
	before, _ := slices.BinarySearch(r.ends, offset)
	return before + 1
}

// steps takes a JSON pointer apart.
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	all := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, s := range all {
		all[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	return all
}

// offsetOf is where a JSON pointer leads to in a valid text.
func offsetOf(text []byte, pointer string) int {
	at := 0
	for _, step := range steps(pointer) {
		from, ok := child(text[at:], step)
		if !ok {
			break
		}
		at += from
	}
	return at
}

// child is where a property (its name) or an item of a value begins.
func child(text []byte, step string) (int, bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	begin, err := dec.Token()
	if err != nil || begin != json.Delim('{') && begin != json.Delim('[') {
		return 0, false
	}
	for i := 0; dec.More(); i++ {
		name := strconv.Itoa(i)
		if begin == json.Delim('{') {
			token, err := dec.Token()
			if err != nil {
				return 0, false
			}
			name, _ = token.(string)
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return 0, false
		}
		if name == step {
			return int(dec.InputOffset()) - len(value), true
		}
	}
	return 0, false
}

// readYAML reads sequences of records, or one record, from each document of a file.
func readYAML(r io.Reader, visit func(*item) error) error {
	dec := yaml3.NewDecoder(r)
	for {
		var doc yaml3.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return &unreadable{1, plainYAML(err)}
		}
		records := doc.Content
		if len(records) == 1 && records[0].Kind == yaml3.SequenceNode {
			records = records[0].Content
		}
		for _, n := range records {
			if err := visitNode(n, visit); err != nil {
				return err
			}
		}
	}
}

func visitNode(n *yaml3.Node, visit func(*item) error) error {
	text, err := appendNode(nil, n)
	if err != nil {
		return &unreadable{n.Line, err}
	}
	return visit(&item{text, n.Line, func(pointer string) int { return nodeAt(n, pointer).Line }})
}

// appendNode appends YAML as JSON. A date without quotes is the text that it is.
func appendNode(buf []byte, n *yaml3.Node) ([]byte, error) {
	var err error
	switch n.Kind {
	case yaml3.AliasNode:
		return appendNode(buf, n.Alias)
	case yaml3.SequenceNode, yaml3.MappingNode:
		mapping := n.Kind == yaml3.MappingNode
		buf = append(buf, map[bool]byte{true: '{', false: '['}[mapping])
		for i, part := range n.Content {
			switch {
			case i > 0 && mapping && i%2 == 1:
				buf = append(buf, ':')
			case i > 0:
				buf = append(buf, ',')
			}
			if mapping && i%2 == 0 {
				part = &yaml3.Node{Kind: yaml3.ScalarNode, Tag: "!!str", Value: part.Value}
			}
			if buf, err = appendNode(buf, part); err != nil {
				return buf, err
			}
		}
		return append(buf, map[bool]byte{true: '}', false: ']'}[mapping]), nil
	}
	return appendScalar(buf, n)
}

func appendScalar(buf []byte, n *yaml3.Node) ([]byte, error) {
	var value any = n.Value
	switch n.ShortTag() {
	case "!!null":
		value = nil
	case "!!bool", "!!int", "!!float":
		if err := n.Decode(&value); err != nil {
			return buf, plainYAML(err)
		}
	}
	text, err := json.Marshal(value)
	return append(buf, text...), err
}

// nodeAt is where a JSON pointer leads to, or the last place on the way.
func nodeAt(n *yaml3.Node, pointer string) *yaml3.Node {
	for _, step := range steps(pointer) {
		if n.Kind == yaml3.AliasNode {
			n = n.Alias
		}
		next := n
		for i, part := range n.Content {
			switch {
			case n.Kind == yaml3.SequenceNode && strconv.Itoa(i) == step:
				next = part
			case n.Kind == yaml3.MappingNode && i%2 == 0 && part.Value == step:
				next = n.Content[i+1]
			}
		}
		if next == n {
			break
		}
		n = next
	}
	return n
}
