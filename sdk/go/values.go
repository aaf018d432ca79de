package hookbox

import (
	"encoding/json"
	"strings"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

type (
	refusal  = bindings.TypesRefusal
	document struct {
		get    func(string) bindings.Result[bindings.Option[string], refusal]
		exists func(string) bindings.Result[bool, refusal]
		set    func(string, string) bindings.Result[struct{}, refusal]
		remove func(string) bindings.Result[struct{}, refusal]
	}
)

var (
	values = &document{
		bindings.ValuesGet, bindings.ValuesExists, bindings.ValuesSet, bindings.ValuesRemove,
	}
	configValues = &document{
		bindings.ConfigValuesGet, bindings.ConfigValuesExists, bindings.ConfigValuesSet, bindings.ConfigValuesRemove,
	}
)

// Values are a document. A path is keys joined by dots, `web.replicas`, or a JSON Pointer, `/web/replicas`, where keys
// hold dots; the empty one is the whole. A hook sees its own writes; they take effect outside when the run succeeded.
type Values struct{ raw *document }

// Get reads the value at a path into `into`, and says whether there is one.
func (v Values) Get(path string, into any) (bool, error) {
	found := v.raw.get(pointer(path))
	if found.IsErr {
		return false, refused(found)
	}
	return read(found.OK, into)
}

// Exists says whether there is a value at a path.
func (v Values) Exists(path string) (bool, error) {
	found := v.raw.exists(pointer(path))
	return found.OK, refused(found)
}

// Set puts a value at a path, whose parent must be there.
func (v Values) Set(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return refused(v.raw.set(pointer(path), string(text)))
}

// Remove takes the value at a path away. That there is none is refused as `no-such-path`.
func (v Values) Remove(path string) error { return refused(v.raw.remove(pointer(path))) }

// The JSON Pointer of a path.
func pointer(path string) string {
	if path == "" || strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + strings.ReplaceAll(escape.Replace(path), ".", "/")
}
