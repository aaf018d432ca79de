// Package bindings is the contract in Go: what the host offers as functions, what a component does in Exports.
package bindings

// Option is a value that may be missing.
type Option[T any] struct {
	Some  bool
	Value T
}

// Some is a value that is there.
func Some[T any](value T) Option[T] { return Option[T]{true, value} }

// Result is a value, or why there is none.
type Result[T, E any] struct {
	IsErr bool
	OK    T
	Err   E
}

// OK is a result that is there.
func OK[T, E any](value T) Result[T, E] { return Result[T, E]{OK: value} }

// Err is why there is no result.
func Err[T, E any](err E) Result[T, E] { return Result[T, E]{IsErr: true, Err: err} }

// Pair is two values.
type Pair[A, B any] struct {
	First  A
	Second B
}
