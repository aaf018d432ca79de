//go:build goexperiment.jsonv2

package hookbox

import (
	json "encoding/json/v2"
	"reflect"
)

func init() { decoders = append(decoders, reflect.TypeFor[json.UnmarshalerFrom]()) }
