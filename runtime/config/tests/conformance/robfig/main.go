// Records when robfig's cron fires: reads a table (see ../robfig.txt) from the file named, and prints it with the answers
// of this cron in place of those it had. The version in go.mod is the one that shell-operator uses.
//
//	TZ=UTC go run . ../robfig.txt > table.new
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"gopkg.in/robfig/cron.v2"
)

// times are written down for each row.
const times = 4

func main() {
	log.SetOutput(io.Discard)
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		cells := strings.Split(line, "\t")
		if len(cells) < 2 {
			fmt.Println(line)
			continue
		}
		fmt.Printf("%s\t%s\t%s\n", cells[0], cells[1], answer(cells[0], cells[1]))
	}
}

// answer parses the crontab and asks for the next times as the operator does.
func answer(spec, from string) string {
	schedule, err := cron.Parse(spec)
	if err != nil {
		return "error"
	}
	at, err := time.Parse(time.RFC3339Nano, from)
	if err != nil {
		return "from: " + err.Error()
	}
	found := make([]string, 0, times)
	for len(found) < times {
		at = schedule.Next(at)
		if at.IsZero() {
			break
		}
		found = append(found, at.UTC().Format(time.RFC3339))
	}
	return strings.Join(found, " ")
}
