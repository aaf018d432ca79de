package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

func init() {
	// Before any hook is asked for, as in variables of packages.
	early := os.Getenv("REGION")
	hook := func(name string, run func(*hookbox.Input) error) {
		config := hookbox.Config{OnStartup: hookbox.Order(1)}
		hookbox.Register(hookbox.Hook{Name: name, Config: config, Run: run})
	}
	hook("environment", func(in *hookbox.Input) error {
		in.Log.Info("early", "region", early)
		for _, entry := range os.Environ() {
			name, value, _ := strings.Cut(entry, "=")
			in.Log.Info(name, "length", len(value), "end", value[max(0, len(value)-5):])
		}
		return nil
	})
	hook("files", files)
	hook("refused", refused)
}

func files(in *hookbox.Input) error {
	text, err := os.ReadFile("/templates/greeting.txt")
	if err != nil {
		return err
	}
	in.Log.Info("read", "text", string(text))
	err = filepath.WalkDir("/templates", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(entry.Name(), "many-") {
			return err
		}
		in.Log.Info("walked", "path", path, "type", entry.Type().String())
		return nil
	})
	if err != nil {
		return err
	}
	// More names than fit into one call, and one call for each name.
	many, err := os.ReadDir("/templates/many")
	if err != nil {
		return err
	}
	folder, err := os.Open("/templates/many")
	if err != nil {
		return err
	}
	defer folder.Close()
	names := map[string]bool{}
	for {
		some, err := folder.Readdirnames(7)
		for _, name := range some {
			names[name] = true
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	in.Log.Info("many", "entries", len(many), "names", len(names), "last", many[len(many)-1].Name())

	file, err := os.Open("/templates/large")
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	all, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	sum := 0
	for _, b := range all {
		sum += int(b)
	}
	in.Log.Info("large", "size", info.Size(), "read", len(all), "sum", sum, "mode", info.Mode().String(), "since", info.ModTime().Unix())
	// With much garbage between.
	for range 100 {
		again, err := os.ReadFile("/templates/large")
		if err != nil || string(again) != string(all) {
			return fmt.Errorf("read again: %d bytes, %w", len(again), err)
		}
	}
	part := make([]byte, 4)
	if _, err := file.ReadAt(part, 250); err != nil {
		return err
	}
	if _, err := file.Seek(-2, io.SeekEnd); err != nil {
		return err
	}
	end, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	in.Log.Info("places", "at", fmt.Sprint(part), "end", fmt.Sprint(end))
	target, err := os.Readlink("/templates/link")
	if err != nil {
		return err
	}
	linked, err := os.Stat("/templates/link")
	if err != nil {
		return err
	}
	same, err := os.Stat("greeting.txt")
	if err != nil {
		return err
	}
	other, err := os.Stat("/other/x")
	if err != nil {
		return err
	}
	in.Log.Info("link", "target", target, "same", os.SameFile(linked, same), "other", os.SameFile(other, same))
	// Files that nobody closes are no more than a table holds.
	var open []*os.File
	for {
		file, err := os.Open("/other/x")
		if err != nil {
			in.Log.Info("too many", "open", len(open) > 40, "error", err.Error())
			break
		}
		open = append(open, file)
	}
	for _, file := range open {
		file.Close()
	}
	_, err = os.ReadFile("/other/x")
	return err
}

func refused(in *hookbox.Input) error {
	said := func(what string, err error) {
		in.Log.Info(what, "error", fmt.Sprint(err))
	}
	_, err := os.ReadFile("/templates/none")
	said("none", err)
	in.Log.Info("is not exist", "is", errors.Is(err, fs.ErrNotExist))
	_, err = os.ReadFile("/etc/passwd")
	said("elsewhere", err)
	_, err = os.ReadFile("/templates/../../etc/passwd")
	said("above", err)
	_, err = os.ReadFile("/templates/out")
	said("link", err)
	_, err = os.ReadFile("/templates")
	said("folder", err)
	_, err = os.ReadDir("/templates/greeting.txt")
	said("file", err)
	said("write", os.WriteFile("/templates/new", nil, 0o644))
	said("change", os.WriteFile("/templates/greeting.txt", nil, 0o644))
	said("mkdir", os.Mkdir("/templates/folder", 0o755))
	said("remove", os.Remove("/templates/greeting.txt"))
	said("rename", os.Rename("/templates/greeting.txt", "/templates/new"))
	_, err = os.MkdirTemp("", "x")
	said("temporary", err)
	in.Log.Info("environment", "region", os.Getenv("REGION"), "entries", len(os.Environ()), "arguments", len(os.Args))
	return nil
}

func main() {}
