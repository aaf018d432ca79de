package hookboxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

type (
	refusal = bindings.TypesRefusal
	text    = bindings.Option[string]
	nothing = bindings.Result[struct{}, refusal]
)

var done = bindings.OK[struct{}, refusal](struct{}{})

func refuse[T any](code, message string) bindings.Result[T, refusal] {
	return bindings.Err[T](refusal{Code: code, Message: message})
}

// A JSON document that is read and changed by JSON Pointers.
type document struct{ tree any }

func (d *document) text() json.RawMessage {
	// What was read from JSON can be written.
	whole, _ := json.Marshal(d.tree)
	return whole
}

func (d *document) clone() *document {
	tree, _ := parse(d.text())
	return &document{tree}
}

// What a text says. Numbers stay as they are written; those that float64 does not have are a mistake.
func parse(text []byte) (tree any, err error) {
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	tree = nil
	err = decoder.Decode(&tree)
	return tree, err
}

var badEscape = regexp.MustCompile(`~(?:[^01]|$)`)

// The place in a list that a part of a pointer names: digits without a leading zero.
func place(part string) (int, bool) {
	index, err := strconv.Atoi(part)
	return index, err == nil && strconv.Itoa(index) == part && index >= 0
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func tokens(pointer string) ([]string, bool) {
	if pointer == "" {
		return nil, true
	}
	if !strings.HasPrefix(pointer, "/") || len(pointer) > 8<<10 || badEscape.MatchString(pointer) {
		return nil, false
	}
	parts := strings.Split(pointer[1:], "/")
	if len(parts) > 128 {
		return nil, false
	}
	for i := range parts {
		parts[i] = unescape.Replace(parts[i])
	}
	return parts, true
}

func find(tree any, parts []string) (any, bool) {
	for _, part := range parts {
		switch of := tree.(type) {
		case map[string]any:
			next, there := of[part]
			if !there {
				return nil, false
			}
			tree = next
		case []any:
			index, ok := place(part)
			if !ok || index >= len(of) {
				return nil, false
			}
			tree = of[index]
		default:
			return nil, false
		}
	}
	return tree, true
}

func invalid[T any](pointer string) bindings.Result[T, refusal] {
	return refuse[T]("invalid-path", strconv.Quote(pointer)+" is no JSON Pointer")
}

func (d *document) get(pointer string) bindings.Result[text, refusal] {
	parts, ok := tokens(pointer)
	if !ok {
		return invalid[text](pointer)
	}
	found, there := find(d.tree, parts)
	if !there {
		return bindings.OK[text, refusal](text{})
	}
	part, _ := json.Marshal(found)
	return bindings.OK[text, refusal](bindings.Some(string(part)))
}

func (d *document) exists(pointer string) bindings.Result[bool, refusal] {
	found := d.get(pointer)
	return bindings.Result[bool, refusal]{IsErr: found.IsErr, OK: found.OK.Some, Err: found.Err}
}

func missing(pointer string) nothing {
	return refuse[struct{}]("no-such-path", "there is nothing at "+strconv.Quote(pointer))
}

func (d *document) set(pointer, value string) nothing {
	parts, ok := tokens(pointer)
	if !ok {
		return invalid[struct{}](pointer)
	}
	tree, why := readJSON(value)
	if why != nil {
		return refused[struct{}](why)
	}
	if len(parts)+depthOf(tree) > deepest {
		return refuse[struct{}]("too-deep", "the values would be nested more than 100 levels deep")
	}
	return d.change(pointer, func(parent any, last string) (any, bool) {
		switch of := parent.(type) {
		case map[string]any:
			of[last] = tree
			return of, true
		case []any:
			if last == "-" {
				return append(of, tree), true
			}
			index, ok := place(last)
			if !ok || index > len(of) {
				return nil, false
			}
			if index == len(of) {
				return append(of, tree), true
			}
			of[index] = tree
			return of, true
		}
		return nil, false
	}, func() nothing {
		if _, isMap := tree.(map[string]any); !isMap {
			return refuse[struct{}]("invalid-value", "the whole document is an object")
		}
		d.tree = tree
		return done
	})
}

func (d *document) remove(pointer string) nothing {
	return d.change(pointer, func(parent any, last string) (any, bool) {
		switch of := parent.(type) {
		case map[string]any:
			_, there := of[last]
			delete(of, last)
			return of, there
		case []any:
			index, ok := place(last)
			if !ok || index >= len(of) {
				return nil, false
			}
			return append(of[:index], of[index+1:]...), true
		}
		return nil, false
	}, func() nothing { return refuse[struct{}]("no-such-path", "the whole document cannot be removed") })
}

// Puts what `of` makes of the parent of a place into the parent's own place.
func (d *document) change(pointer string, of func(any, string) (any, bool), whole func() nothing) nothing {
	parts, ok := tokens(pointer)
	if !ok {
		return invalid[struct{}](pointer)
	}
	if len(parts) == 0 {
		return whole()
	}
	above, last := parts[:len(parts)-1], parts[len(parts)-1]
	parent, there := find(d.tree, above)
	if !there {
		return missing(pointer)
	}
	changed, ok := of(parent, last)
	if !ok {
		return missing(pointer)
	}
	d.put(above, changed)
	return done
}

// Puts a value into a place that is there.
func (d *document) put(parts []string, value any) {
	if len(parts) == 0 {
		d.tree = value
		return
	}
	last := parts[len(parts)-1]
	parent, _ := find(d.tree, parts[:len(parts)-1])
	switch of := parent.(type) {
	case map[string]any:
		of[last] = value
	case []any:
		if index, ok := place(last); ok {
			of[index] = value
		}
	}
}

// One part of a document that is given as text.
func at(of text, pointer string) bindings.Result[text, refusal] {
	if _, ok := tokens(pointer); !ok {
		return refuse[text]("invalid-pointer", strconv.Quote(pointer)+" is no JSON Pointer")
	}
	if !of.Some {
		return bindings.OK[text, refusal](text{})
	}
	// It was written by this package.
	tree, _ := parse([]byte(of.Value))
	part := document{tree}
	return part.get(pointer)
}

// Most fields that may be named.
const mostFields = 256

// Which fields of objects to keep: a tree of keys.
type fields struct {
	whole bool
	below map[string]*fields
}

func (f *fields) add(path []string) {
	for _, key := range path {
		if f.below == nil {
			f.below = map[string]*fields{}
		}
		if f.below[key] == nil {
			f.below[key] = &fields{}
		}
		f = f.below[key]
	}
	f.whole = true
}

// What is kept under a key. Which letters beyond ASCII are the same in another case is for the hook to say.
func (f *fields) at(key string, ignoreCase bool) *fields {
	if !ignoreCase {
		return f.below[key]
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII }) {
		return &fields{whole: true}
	}
	return f.below[lower(key)]
}

// Letters beyond ASCII stay as they are: some of them are ASCII in another case.
func lower(key string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, key)
}

// A value with nothing but the fields; arrays are no step.
func (f *fields) cut(value any, ignoreCase bool) any {
	if f.whole {
		return value
	}
	switch of := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, below := range of {
			if next := f.at(key, ignoreCase); next != nil {
				kept[key] = next.cut(below, ignoreCase)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(of))
		for i, item := range of {
			kept[i] = f.cut(item, ignoreCase)
		}
		return kept
	}
	return value
}

// Entries with objects that have nothing but the named fields.
func cut(entries []bindings.SnapshotsEntry, names []string, ignoreCase bool) bindings.Result[[]bindings.SnapshotsEntry, refusal] {
	if len(names) > mostFields {
		return refuse[[]bindings.SnapshotsEntry]("invalid-pointer", fmt.Sprintf("%d fields are named, at most %d are allowed", len(names), mostFields))
	}
	named := &fields{}
	for _, name := range names {
		path, ok := tokens(name)
		if !ok {
			return refuse[[]bindings.SnapshotsEntry]("invalid-pointer", strconv.Quote(name)+" is no JSON Pointer")
		}
		if ignoreCase {
			for i := range path {
				path[i] = lower(path[i])
			}
		}
		named.add(path)
	}
	left := slices.Clone(entries)
	for i := range left {
		if object := &left[i].Object; object.Some {
			*object = bindings.Some(named.cutText(object.Value, ignoreCase))
		}
	}
	return bindings.OK[[]bindings.SnapshotsEntry, refusal](left)
}

// The text was written by this package.
func (f *fields) cutText(object string, ignoreCase bool) string {
	tree, _ := parse([]byte(object))
	text, _ := json.Marshal(f.cut(tree, ignoreCase))
	return string(text)
}
