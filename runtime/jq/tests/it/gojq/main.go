// Records what gojq answers: reads a table (see ../table.txt) from the file named, and prints it with the answers of
// this gojq in place of those it had. The version in go.mod is the one that shell-operator uses.
//
//	go run . ../table.txt > table.new
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"

	"github.com/itchyny/gojq"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		if i > 0 {
			fmt.Println()
		}
		lines := strings.Split(block, "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "## ") {
			fmt.Println(lines[0])
			lines = lines[1:]
		}
		if len(lines) >= 2 {
			fmt.Printf("%s\n%s\n%s\n", lines[0], lines[1], answer(lines[0], lines[1]))
		}
	}
}

// answer runs the filter as shell-operator does.
func answer(filter, input string) string {
	query, err := gojq.Parse(filter)
	if err != nil {
		return "compile: " + err.Error()
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return "compile: " + err.Error()
	}
	decoder := json.NewDecoder(strings.NewReader(input))
	decoder.UseNumber()
	var object any
	if err := decoder.Decode(&object); err != nil {
		return "input: " + err.Error()
	}
	var results []any
	for iter := code.Run(numbers(object)); ; {
		v, ok := iter.Next()
		if !ok {
			break
		}
		if err, ok := v.(error); ok {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				break
			}
			return "runtime: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		results = append(results, v)
	}
	var result any = results
	switch len(results) {
	case 0:
		result = nil
	case 1:
		result = results[0]
	}
	if !finite(result) {
		return "runtime: json: unsupported value"
	}
	bytes, err := gojq.Marshal(result)
	if err != nil {
		return "runtime: " + err.Error()
	}
	return string(bytes)
}

// numbers makes of decoded numbers what gojq takes.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		if strings.ContainsAny(v.String(), ".eE") {
			f, _ := v.Float64()
			return f
		}
		i, _ := new(big.Int).SetString(v.String(), 10)
		return i
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// finite tells whether encoding/json could write the value.
func finite(v any) bool {
	switch v := v.(type) {
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, x := range v {
			if !finite(x) {
				return false
			}
		}
	case map[string]any:
		for _, x := range v {
			if !finite(x) {
				return false
			}
		}
	}
	return true
}
