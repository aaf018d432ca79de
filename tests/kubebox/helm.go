package main

import (
	"os"

	"helm.sh/helm/v4/pkg/cmd"
)

func init() {
	programs["helm"] = func() {
		command, err := cmd.NewRootCmd(os.Stdout, os.Args[1:], cmd.SetupLogging)
		if err == nil {
			err = command.Execute() // prints what is wrong
		}
		if err != nil {
			os.Exit(1)
		}
	}
}
