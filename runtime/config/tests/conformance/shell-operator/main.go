// Records which configurations shell-operator accepts: reads a table (see ../shell-operator.txt) from the file named, and
// prints it with the answers of this shell-operator in place of those it had.
//
//	go mod tidy && go run . ../shell-operator.txt > table.new
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/flant/shell-operator/pkg/hook/config"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		_, document, _ := strings.Cut(line, "\t")
		answer := "accepted"
		if new(config.HookConfig).LoadAndValidate([]byte(document)) != nil {
			answer = "refused"
		}
		fmt.Printf("%s\t%s\n", answer, document)
	}
}
