package main

import (
	"os"

	"github.com/google/go-containerregistry/cmd/crane/cmd"
	"github.com/google/go-containerregistry/pkg/logs"
)

func init() {
	programs["crane"] = func() {
		logs.Warn.SetOutput(os.Stderr)
		logs.Progress.SetOutput(os.Stderr)
		if cmd.Root.Execute() != nil { // prints what is wrong
			os.Exit(1)
		}
	}
}
