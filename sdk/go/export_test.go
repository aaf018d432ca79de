package hookbox

import "reflect"

// WithSnapshots is what a configuration is written as.
func WithSnapshots(config Config) Config { return config.withSnapshots() }

// FieldsOf is what is read of objects for a type; false when all of them is.
func FieldsOf[T any]() ([]string, bool) {
	fields := fieldsOf(reflect.TypeFor[T]())
	return fields.paths, fields.some
}
