package hookbox

import "reflect"

// WithSnapshots is what a configuration is written as.
func WithSnapshots(config Config) Config { return config.withSnapshots() }

// FieldsOf is what is read of objects for a type; false when all of them is.
func FieldsOf[T any]() ([]string, bool) {
	fields := fieldsOf(reflect.TypeFor[T]())
	return fields.paths, fields.some
}

// Unmarshal is how objects are decoded.
var Unmarshal = unmarshal

// IsPlain says whether a text is decoded into what a pointer points to without encoding/json.
func IsPlain(text string, into any) bool { return decodeFresh(text, reflect.ValueOf(into).Elem()) }
