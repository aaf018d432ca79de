package hookbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// MarshalJSON writes a value that is null, too.
func (o operation) MarshalJSON() ([]byte, error) {
	type plain operation
	if o.Op == "remove" {
		return json.Marshal(plain(o))
	}
	return json.Marshal(struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}{o.Op, o.Path, o.Value})
}

// The JSON Patch that leads from one document to another. Lists that differ are replaced as a whole.
func difference(before, after json.RawMessage) (string, error) {
	old, err := decode(before)
	if err != nil {
		return "", err
	}
	new, err := decode(after)
	if err != nil {
		return "", err
	}
	operations := differ(nil, "", old, new)
	if operations == nil {
		return "[]", nil
	}
	text, err := json.Marshal(operations)
	return string(text), err
}

// What a document says; null where there is none.
func decode(text json.RawMessage) (value any, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// Whether two numbers are the same to who reads them as float64, as json.Unmarshal does where no type says otherwise: such
// a number was not changed, but rounded.
func sameNumber(before, after any) bool {
	old, isNumber := before.(json.Number)
	new, staysNumber := after.(json.Number)
	if !isNumber || !staysNumber {
		return false
	}
	one, err := old.Float64()
	other, err2 := new.Float64()
	return err == nil && err2 == nil && one == other
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

func differ(operations []operation, path string, before, after any) []operation {
	old, isMap := before.(map[string]any)
	new, staysMap := after.(map[string]any)
	if !isMap || !staysMap {
		if reflect.DeepEqual(before, after) || sameNumber(before, after) {
			return operations
		}
		return append(operations, operation{"replace", path, after})
	}
	for _, key := range slices.Sorted(maps.Keys(old)) {
		at := path + "/" + escape.Replace(key)
		if value, stays := new[key]; stays {
			operations = differ(operations, at, old[key], value)
		} else {
			operations = append(operations, operation{Op: "remove", Path: at})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(new)) {
		if _, there := old[key]; !there {
			operations = append(operations, operation{"add", path + "/" + escape.Replace(key), new[key]})
		}
	}
	return operations
}
