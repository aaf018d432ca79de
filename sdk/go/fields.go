package hookbox

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

const (
	// Structs in each other, of which deeper ones are taken whole: a type may refer to itself.
	deepest = 8
	// Fields that may be named to the host.
	mostFields = 256
	// Structs that are looked into: some refer to themselves in many places.
	mostStructs = 1024
	// Bytes of a name.
	longest = 256
)

// A selection is the fields that decoding into a type looks at; none when that is too many, or all there is.
type selection struct {
	paths []string
	some  bool
}

var selections sync.Map

// The fields that encoding/json looks at when it decodes an object into a type: JSON Pointers in which arrays are no
// step, for keys in any case. There may be more of them than that. What is left of an object then decodes as the whole
// of it does.
func fieldsOf(t reflect.Type) selection {
	if known, ok := selections.Load(t); ok {
		return known.(selection)
	}
	var found finder
	some := found.value(t, "", 0) && !found.whole
	selected := selection{some: some}
	if some {
		selected.paths = found.paths
	}
	selections.Store(t, selected)
	return selected
}

type finder struct {
	paths []string
	// How many structs were looked into, also those that are taken whole.
	structs int
	// The object itself is one of them.
	whole bool
}

// Adds what a type looks at below a path. It is false when there are too many.
func (f *finder) value(t reflect.Type, path string, depth int) bool {
	// `type T []T` has no end.
	for range longest {
		if decodesItself(t) {
			return f.add(path)
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			t = t.Elem()
			continue
		case reflect.Struct:
			before := len(f.paths)
			f.structs++
			named, few := f.members(t, path, depth)
			if !few || f.structs > mostStructs {
				return false
			}
			// Of one without fields it matters whether it is there.
			if named && len(f.paths) > before {
				return true
			}
			f.paths = f.paths[:before]
		}
		return f.add(path)
	}
	return f.add(path)
}

func (f *finder) add(path string) bool {
	if len(f.paths) == mostFields {
		return false
	}
	f.whole = f.whole || path == ""
	f.paths = append(f.paths, path)
	return true
}

// Adds what a struct looks at: whether that can be named, and whether it is few enough.
func (f *finder) members(t reflect.Type, path string, depth int) (named, few bool) {
	if depth == deepest {
		return false, true
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, is := field.Name, field.Type
		if field.Anonymous {
			if is.Kind() == reflect.Pointer {
				is = is.Elem()
			}
			if !field.IsExported() && is.Kind() != reflect.Struct {
				continue
			}
		} else if !field.IsExported() {
			continue
		}
		tag := field.Tag.Get("json")
		if tag == "-" {
			continue
		}
		tagged, options, _ := strings.Cut(tag, ",")
		isEmbedded := tagged == "" && field.Anonymous && is.Kind() == reflect.Struct
		// encoding/json knows nothing of `inline`, which Kubernetes' own types say of what is embedded.
		if !isKnown(options) && !(isEmbedded && options == "inline") {
			return false, true
		}
		if isEmbedded {
			if named, few := f.members(is, path, depth+1); !named || !few {
				return named, few
			}
			continue
		}
		if tagged != "" {
			name = tagged
		}
		if !isPlain(name) {
			return false, true
		}
		if !f.value(field.Type, path+"/"+escape.Replace(name), depth+1) {
			return true, false
		}
	}
	return true, true
}

// Whether a name is a key as it stands: encoding/json takes no quotes for one, and has letters beyond ASCII that are
// others in another case.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || strings.IndexByte("\"'`\\,", c) >= 0 {
			return false
		}
	}
	return len(name) <= longest
}

// Whether options of a tag say nothing about which keys are looked at.
func isKnown(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "omitempty", "omitzero", "string":
		default:
			return false
		}
	}
	return true
}

// Types that decode themselves see all of their text.
var decoders = []reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()}

func decodesItself(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	for _, decoder := range decoders {
		if t.Implements(decoder) {
			return true
		}
	}
	return false
}
