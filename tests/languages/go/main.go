// One behaviour, all languages: the hooks in Go.
package main

func main() {}
