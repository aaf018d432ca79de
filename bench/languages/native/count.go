// The native program in Go: prints the microseconds that it took, and what it counted.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	started := time.Now()
	var counts counts
	for _, line := range lines {
		var pod pod
		if err := json.Unmarshal(line, &pod); err != nil {
			panic(err)
		}
		counts.add(&pod)
	}
	told := counts.text()
	fmt.Println(time.Since(started).Microseconds())
	fmt.Println(told)
}
