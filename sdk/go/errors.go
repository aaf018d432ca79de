package hookbox

import (
	"errors"
	"time"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Refused is why the host refused a call. The run goes on.
type Refused struct {
	// Code is a stable word, such as `invalid-path` or `not-granted`.
	Code string
	// Message is for a person.
	Message string
}

// Error is the message, with the code.
func (r *Refused) Error() string { return r.Message + " (" + r.Code + ")" }

// IsRefused says whether an error is a refusal with this code.
func IsRefused(err error, code string) bool {
	var refused *Refused
	return errors.As(err, &refused) && refused.Code == code
}

func refused[T any](result bindings.Result[T, bindings.TypesRefusal]) error {
	if !result.IsErr {
		return nil
	}
	return &Refused{result.Err.Code, result.Err.Message}
}

type advised struct {
	error
	retry bindings.TypesRetry
}

func (a *advised) Unwrap() error { return a.error }

// RetryAfter is an error after which the hook runs again when this time is over, instead of the queue's growing pause.
func RetryAfter(err error, pause time.Duration) error {
	if err == nil {
		return nil
	}
	after := uint64(max(pause.Milliseconds(), 0))
	return &advised{err, bindings.TypesRetry{Tag: bindings.TypesRetryIsAfter, After: after}}
}

// NoRetry is an error after which a retry makes no sense: it is counted, and the run leaves the queue.
func NoRetry(err error) error {
	if err == nil {
		return nil
	}
	return &advised{err, bindings.TypesRetry{Tag: bindings.TypesRetryIsNever}}
}

func failure(err error) bindings.TypesError {
	failed := bindings.TypesError{Message: err.Error()}
	var with *advised
	if errors.As(err, &with) {
		failed.Retry = with.retry
	}
	return failed
}
