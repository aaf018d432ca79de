// Command kubebox holds a Kubernetes control plane and its clients in one static binary: etcd, kube-apiserver,
// kube-controller-manager, kubectl, helm and crane (also a registry). The program is picked by the name of the binary (a symbolic link) or by the
// first argument, so that tests need one build and one file.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var programs = map[string]func(){
	"kube-apiserver":          func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() { os.Exit(cli.Run(controllers.NewControllerManagerCommand())) },
}

func main() {
	run, ok := programs[filepath.Base(os.Args[0])]
	if !ok && len(os.Args) > 1 {
		if run, ok = programs[os.Args[1]]; ok {
			os.Args = os.Args[1:]
		}
	}
	if !ok {
		fmt.Fprintln(os.Stderr, "usage: kubebox PROGRAM ARGS...; programs:")
		for _, name := range slices.Sorted(maps.Keys(programs)) {
			fmt.Fprintln(os.Stderr, "  "+name)
		}
		os.Exit(2)
	}
	run()
}
