package hookbox

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Decoding as encoding/json does it, which looks at each byte by a call of its own, three times over, and is slow in
// WebAssembly. What is plain is done here: structs, maps with keys that are strings, slices, pointers, strings without escapes,
// numbers, booleans. Whenever something else turns up (an escape, a type that does not fit, a key that comes twice), encoding/json does
// all of it anew, so that nothing differs, mistakes included.

// Bytes of a text of which strings may stay a part: longer ones would be kept as a whole for a name in them.
const shared = 1 << 10

// unmarshal reads a JSON text into what `into` points to.
func unmarshal(text string, into any) error {
	if v := reflect.ValueOf(into); v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().IsZero() {
		fresh := reflect.New(v.Type().Elem()).Elem()
		if decodeFresh(text, fresh) {
			v.Elem().Set(fresh)
			return nil
		}
	}
	return json.Unmarshal([]byte(text), into)
}

// decodeFresh reads a text into a zero value; false when encoding/json has to do it, with another one.
func decodeFresh(text string, v reflect.Value) bool {
	d := decoder{text: text}
	if !stepOf(v.Type())(&d, v) {
		return false
	}
	d.blank()
	return d.at == len(d.text)
}

type decoder struct {
	text string
	at   int
}

// A step reads the value that comes next into a zero value of its type; false for whatever is not plain.
type step func(*decoder, reflect.Value) bool

var steps sync.Map

func stepOf(t reflect.Type) step {
	if known, ok := steps.Load(t); ok {
		return known.(step)
	}
	// A type may refer to itself: until its step is known, it is looked for whenever it is needed.
	steps.Store(t, step(func(d *decoder, v reflect.Value) bool { return stepOf(t)(d, v) }))
	made := makeStep(t)
	steps.Store(t, made)
	return made
}

func makeStep(t reflect.Type) step {
	if decodesItself(t) {
		return byJSON
	}
	switch t.Kind() {
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return byJSON
		}
		return (*decoder).string
	case reflect.Bool:
		return (*decoder).bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return (*decoder).int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return (*decoder).uint
	case reflect.Float32, reflect.Float64:
		return (*decoder).float
	case reflect.Struct:
		return makeStruct(t)
	case reflect.Map:
		if t.Key() == reflect.TypeFor[string]() {
			return makeMap(t)
		}
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return makeSlice(t)
		}
	case reflect.Pointer:
		return makePointer(t)
	}
	return byJSON
}

// What is not plain as a type, but has an end that is known.
func byJSON(d *decoder, v reflect.Value) bool {
	text, ok := d.skip()
	return ok && json.Unmarshal([]byte(text), v.Addr().Interface()) == nil
}

func (d *decoder) blank() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// The byte that comes next, which is passed over when it is this one.
func (d *decoder) take(byte byte) bool {
	d.blank()
	if d.at < len(d.text) && d.text[d.at] == byte {
		d.at++
		return true
	}
	return false
}

// Whether null comes next; it leaves all but pointers, maps and slices as they are, and these are nil already.
func (d *decoder) null() bool {
	d.blank()
	if strings.HasPrefix(d.text[d.at:], "null") {
		d.at += 4
		return true
	}
	return false
}

// A string without escapes.
func (d *decoder) plain() (string, bool) {
	if !d.take('"') {
		return "", false
	}
	ascii := true
	for at := d.at; at < len(d.text); at++ {
		switch c := d.text[at]; {
		case c == '"':
			text := d.text[d.at:at]
			d.at = at + 1
			return text, ascii || utf8.ValidString(text)
		case c == '\\' || c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// A key without escapes, and its colon.
func (d *decoder) key() (string, bool) {
	key, ok := d.plain()
	return key, ok && d.take(':')
}

// A part of the text, to be kept.
func (d *decoder) own(part string) string {
	if len(d.text) > shared {
		return strings.Clone(part)
	}
	return part
}

func (d *decoder) string(v reflect.Value) bool {
	if d.null() {
		return true
	}
	text, ok := d.plain()
	v.SetString(d.own(text))
	return ok
}

func (d *decoder) bool(v reflect.Value) bool {
	d.blank()
	switch rest := d.text[d.at:]; {
	case strings.HasPrefix(rest, "true"):
		d.at += 4
		v.SetBool(true)
	case strings.HasPrefix(rest, "false"):
		d.at += 5
	default:
		return d.null()
	}
	return true
}

// A number as JSON writes it, and whether it is one without a fraction and an exponent.
func (d *decoder) number() (text string, whole bool) {
	d.blank()
	start := d.at
	whole = true
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case '0' <= c && c <= '9' || c == '-':
		case c == '+' || c == '.' || c == 'e' || c == 'E':
			whole = false
		default:
			return d.text[start:d.at], whole
		}
	}
	return d.text[start:], whole
}

// Whether digits are written as JSON has them: the other parsers here take more.
func isWhole(text string) bool {
	text = strings.TrimPrefix(text, "-")
	return text == "0" || text != "" && '1' <= text[0] && text[0] <= '9'
}

func (d *decoder) int(v reflect.Value) bool {
	if d.null() {
		return true
	}
	text, whole := d.number()
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !whole || !isWhole(text) || v.OverflowInt(number) {
		return false
	}
	v.SetInt(number)
	return true
}

func (d *decoder) uint(v reflect.Value) bool {
	if d.null() {
		return true
	}
	text, whole := d.number()
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || !whole || !isWhole(text) || v.OverflowUint(number) {
		return false
	}
	v.SetUint(number)
	return true
}

func (d *decoder) float(v reflect.Value) bool {
	if d.null() {
		return true
	}
	text, whole := d.number()
	// Fractions and exponents have a grammar, which encoding/json checks.
	if !whole || !isWhole(text) {
		return false
	}
	number, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil || math.Signbit(number) && number == 0 {
		return false
	}
	v.SetFloat(number)
	return true
}

// Whether an array or an object goes on, before its first item or behind another one; false for `ok` when it is none.
func (d *decoder) more(first bool, closes byte) (more, ok bool) {
	if d.take(closes) {
		return false, true
	}
	return true, first || d.take(',')
}

func makePointer(t reflect.Type) step {
	of := stepOf(t.Elem())
	return func(d *decoder, v reflect.Value) bool {
		if d.null() {
			return true
		}
		v.Set(reflect.New(t.Elem()))
		return of(d, v.Elem())
	}
}

func makeSlice(t reflect.Type) step {
	of := stepOf(t.Elem())
	return func(d *decoder, v reflect.Value) bool {
		if d.null() {
			return true
		}
		if !d.take('[') {
			return false
		}
		v.Set(reflect.MakeSlice(t, 0, 0))
		for n := 0; ; n++ {
			if more, ok := d.more(n == 0, ']'); !more || !ok {
				return ok
			}
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
			if !of(d, v.Index(n)) {
				return false
			}
		}
	}
}

func makeMap(t reflect.Type) step {
	of := stepOf(t.Elem())
	return func(d *decoder, v reflect.Value) bool {
		if d.null() {
			return true
		}
		if !d.take('{') {
			return false
		}
		v.Set(reflect.MakeMap(t))
		texts, isTexts := v.Addr().Interface().(*map[string]string)
		var value reflect.Value
		if !isTexts {
			value = reflect.New(t.Elem()).Elem()
		}
		for n := 0; ; n++ {
			if more, ok := d.more(n == 0, '}'); !more || !ok {
				// Keys that come twice are fewer.
				return ok && v.Len() == n
			}
			key, ok := d.key()
			if !ok {
				return false
			}
			key = d.own(key)
			if isTexts {
				text, ok := d.plain()
				if !ok {
					return false
				}
				(*texts)[key] = d.own(text)
				continue
			}
			value.SetZero()
			if !of(d, value) {
				return false
			}
			v.SetMapIndex(reflect.ValueOf(key), value)
		}
	}
}

// A field of a struct, and which it is of those that were seen.
type member struct {
	index int
	step  step
}

// Most fields of a struct that are told apart.
const members = 64

func makeStruct(t reflect.Type) step {
	exact := map[string]member{}
	folded := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			return byJSON
		}
		tag := field.Tag.Get("json")
		if !field.IsExported() || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = field.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			if option != "" && option != "omitempty" && option != "omitzero" {
				return byJSON
			}
		}
		lower := strings.ToLower(name)
		// Of fields of one name encoding/json takes none.
		if i >= members || folded[lower] || !isPlain(name) {
			return byJSON
		}
		folded[lower] = true
		exact[name] = member{i, stepOf(field.Type)}
	}
	inAnyCase := func(key string) (member, bool) {
		if folded[strings.ToLower(key)] {
			for name, of := range exact {
				if strings.EqualFold(name, key) {
					return of, true
				}
			}
		}
		return member{}, false
	}
	return func(d *decoder, v reflect.Value) bool {
		if d.null() {
			return true
		}
		if !d.take('{') {
			return false
		}
		var seen uint64
		for first := true; ; first = false {
			if more, ok := d.more(first, '}'); !more || !ok {
				return ok
			}
			key, ok := d.key()
			if !ok {
				return false
			}
			of, known := exact[key]
			if !known {
				for i := range len(key) {
					// Some letters beyond ASCII are others in another case.
					if key[i] >= utf8.RuneSelf {
						return false
					}
				}
				of, known = inAnyCase(key)
			}
			if !known {
				if _, ok := d.skip(); !ok {
					return false
				}
				continue
			}
			if seen&(1<<of.index) != 0 {
				return false
			}
			seen |= 1 << of.index
			if !of.step(d, v.Field(of.index)) {
				return false
			}
		}
	}
}

// The text of the value that comes next, which is passed over. It is JSON: the host says so.
func (d *decoder) skip() (string, bool) {
	d.blank()
	start, open, inside := d.at, 0, false
	for ; d.at < len(d.text); d.at++ {
		c := d.text[d.at]
		switch {
		case inside:
			if c == '\\' {
				d.at++
			} else if c == '"' {
				inside = false
				if open == 0 {
					d.at++
					return d.text[start:d.at], true
				}
			}
		case c == '"':
			inside = true
		case c == '{' || c == '[':
			open++
		case c == '}' || c == ']':
			if open == 0 {
				return d.text[start:d.at], d.at > start
			}
			if open--; open == 0 {
				d.at++
				return d.text[start:d.at], true
			}
		case open == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			return d.text[start:d.at], d.at > start
		}
	}
	return d.text[start:min(d.at, len(d.text))], open == 0 && !inside && d.at > start
}
