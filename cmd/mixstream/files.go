package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// Bounds of the agent's work, so that a turn in a huge folder ends soon.
const (
	maxFiles    = 5000
	maxMatches  = 10_000
	maxFileSize = 1 << 20
)

// files are the agent's tools for one folder.
type files struct{ root fs.FS }

func openFiles(dir string) (files, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return files{}, err
	}
	if !info.IsDir() {
		return files{}, fmt.Errorf("%s is not a folder", dir)
	}
	return files{os.DirFS(dir)}, nil
}

// listing is the content of a folder.
type listing struct {
	files   []file
	folders int
}

type file struct {
	path string
	size int64
}

// errEnough stops a walk.
var errEnough = errors.New("enough files")

// list walks the folder, without hidden and installed files.
func (f files) list(ctx context.Context) (listing, error) {
	var l listing
	err := fs.WalkDir(f.root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && p == ".":
			return err
		case err != nil:
			return nil // skip what cannot be read
		case p != "." && strings.HasPrefix(d.Name(), "."), d.Name() == "node_modules":
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			l.folders++
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return nil // it has been removed meanwhile
			}
			if l.files = append(l.files, file{p, info.Size()}); len(l.files) == maxFiles {
				return errEnough
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return l, err
}

// topic returns the name of the largest text file, without its extension.
func (l listing) topic() string {
	var largest file
	for _, f := range l.files {
		if isText(f.path) && f.size > largest.size && f.size <= maxFileSize {
			largest = f
		}
	}
	if largest.path == "" {
		return "readme"
	}
	name, _, _ := strings.Cut(path.Base(largest.path), ".")
	return name
}

// entryPoint returns the file to start with: a readme, else the first text file.
func (l listing) entryPoint() string {
	var first string
	for _, f := range l.files {
		if !isText(f.path) {
			continue
		}
		if name := strings.ToLower(path.Base(f.path)); strings.HasPrefix(name, "readme") {
			return f.path
		}
		if first == "" {
			first = f.path
		}
	}
	return first
}

// kinds returns the n most frequent extensions with their counts.
func (l listing) kinds(n int) []string {
	count := make(map[string]int)
	for _, f := range l.files {
		if ext := path.Ext(f.path); ext != "" {
			count[ext]++
		}
	}
	exts := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	var kinds []string
	for _, ext := range exts[:min(n, len(exts))] {
		kinds = append(kinds, fmt.Sprintf("%d %s", count[ext], ext))
	}
	return kinds
}

// match is a line that a search found.
type match struct {
	file string
	line int
}

// grep searches the text files for a word, ignoring case.
func (f files) grep(ctx context.Context, l listing, word string) ([]match, error) {
	var matches []match
	lower := bytes.ToLower([]byte(word))
	for _, file := range l.files {
		if ctx.Err() != nil {
			return matches, ctx.Err()
		}
		if !isText(file.path) || file.size > maxFileSize {
			continue
		}
		text, err := f.readFile(file.path)
		if err != nil || len(text) > maxFileSize {
			continue // removed, not readable, or larger than its listed size
		}
		line := 0
		for l := range bytes.Lines(text) {
			line++
			if bytes.Contains(bytes.ToLower(l), lower) {
				if matches = append(matches, match{file.path, line}); len(matches) == maxMatches {
					return matches, nil
				}
			}
		}
	}
	return matches, nil
}

// readFile reads at most one byte more than maxFileSize. The listed size is not reliable: a
// file may grow, and files in /proc have the size 0.
func (f files) readFile(name string) ([]byte, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the file was only read
	return io.ReadAll(io.LimitReader(file, maxFileSize+1))
}

// read returns the first lines of a file.
func (f files) read(name string, lines int) (string, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // the file was only read
	var text strings.Builder
	r := bufio.NewReader(io.LimitReader(file, 64<<10))
	for range lines {
		line, err := r.ReadString('\n')
		text.WriteString(strings.ToValidUTF8(line, "\ufffd"))
		if err != nil {
			break // the end of the input
		}
	}
	return text.String(), nil
}

// isText reports, by its name, whether a file is worth searching.
func isText(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".txt", ".go", ".mod", ".yaml", ".yml", ".json", ".toml", ".py", ".js", ".ts", ".tsx", ".jsx",
		".rs", ".c", ".h", ".cc", ".cpp", ".java", ".kt", ".rb", ".php", ".sh", ".sql", ".html", ".css", ".tex", ".rst", ".csv":
		return true
	}
	return path.Ext(name) == ""
}

// firstSentence returns the beginning of a text as a line of at most 200 characters.
func firstSentence(text string) string {
	words := strings.Fields(strings.TrimLeft(text, "#/*- \n\t"))
	line := strings.Join(words, " ")
	if i := strings.Index(line, ". "); i > 0 {
		line = line[:i+1]
	}
	if r := []rune(line); len(r) > 200 {
		line = string(r[:199]) + "…"
	}
	return line
}
