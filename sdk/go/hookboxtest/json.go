package hookboxtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Deepest nesting of a document.
const deepest = 100

var (
	jsonToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+`)
	escaped   = regexp.MustCompile(`\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)`)
)

// Reads a text as the real host does: no key twice, no half of a character, and not nested too deeply. It has a code where it
// is refused.
func readJSON(document string) (tree any, refused *refusal) {
	depth, inside := 0, false
	for i := 0; i < len(document); i++ {
		switch c := document[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && (c == '{' || c == '['):
			if depth++; depth > deepest {
				return nil, &refusal{Code: "too-deep", Message: fmt.Sprintf("nested more than %d levels deep", deepest)}
			}
		case !inside && (c == '}' || c == ']'):
			depth--
		}
	}
	tree, err := parse([]byte(document))
	if err != nil {
		return nil, &refusal{Code: "invalid-json", Message: err.Error()}
	}
	if fault := faultOf(document); fault != "" {
		return nil, &refusal{Code: "invalid-json", Message: fault}
	}
	return tree, nil
}

// What is wrong with a document that Go takes, and the host does not.
func faultOf(document string) string {
	// The keys of each object that is open; none of a list.
	var open []map[string]bool
	key := false
	for _, token := range jsonToken.FindAllString(document, -1) {
		switch token[0] {
		case '{':
			open, key = append(open, map[string]bool{}), true
		case '[':
			open, key = append(open, nil), false
		case '}', ']':
			open, key = open[:len(open)-1], false
		case ',':
			key = open[len(open)-1] != nil
		case '"':
			for _, escape := range escaped.FindAllString(token, -1) {
				if len(escape) == 6 && strings.ContainsAny(escape[2:3], "dD") && escape[3] >= '8' {
					return token + " holds half of a character"
				}
			}
			if !key {
				continue
			}
			var name string
			_ = json.Unmarshal([]byte(token), &name)
			if keys := open[len(open)-1]; keys[name] {
				return "the key " + token + " is there twice"
			} else {
				keys[name] = true
			}
			key = false
		}
	}
	return ""
}

// How deeply lists and objects are nested; 0 for anything else.
func depthOf(tree any) int {
	below := 0
	switch of := tree.(type) {
	case map[string]any:
		for _, value := range of {
			below = max(below, depthOf(value))
		}
	case []any:
		for _, value := range of {
			below = max(below, depthOf(value))
		}
	default:
		return 0
	}
	return below + 1
}

func refused[T any](why *refusal) bindings.Result[T, refusal] { return bindings.Err[T](*why) }
