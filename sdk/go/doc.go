// Package hookbox is for Kubernetes hooks written in Go.
//
// A hook is a function and what it is run for. A program registers its hooks and has an empty main:
//
//	package main
//
//	import hookbox "github.com/hookbox/hookbox/sdk/go"
//
//	func init() {
//		hookbox.Register(hookbox.Hook{
//			Name: "list-pods",
//			Config: hookbox.Config{
//				Kubernetes: []hookbox.Kubernetes{{
//					Name: "pods", APIVersion: "v1", Kind: "Pod",
//					Namespace: hookbox.InNamespaces("default"),
//					JqFilter:  ".metadata.name",
//				}},
//			},
//			Run: listPods,
//		})
//	}
//
//	func listPods(in *hookbox.Input) error {
//		names, err := hookbox.FilterResults[string](in, "pods")
//		if err != nil {
//			return err
//		}
//		return in.Patch.CreateOrUpdate(hookbox.ConfigMap("default", "pods", map[string]string{
//			"names": strings.Join(names, ","),
//		}))
//	}
//
//	func main() {}
//
// `hookbox build` makes a component of it with Go's own toolchain. Nothing that a hook asks for happens while it runs:
// object patches, values and metrics are recorded, and applied by the host when the run succeeded.
//
// Outside of WebAssembly, as in `go test`, package hookboxtest runs hooks without a cluster.
package hookbox
