package hookbox_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
	"testing"
)

// All that is public has a text: what `go doc -all` shows.
func TestAllThatIsPublicIsDocumented(t *testing.T) {
	for _, folder := range []string{".", "hookboxhttp", "hookboxtest"} {
		set := token.NewFileSet()
		own := func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }
		packages, err := parser.ParseDir(set, folder, own, parser.ParseComments)
		if err != nil || len(packages) != 1 {
			t.Fatal(folder, len(packages), err)
		}
		for _, parsed := range packages {
			text := doc.New(parsed, folder, 0)
			if text.Doc == "" {
				t.Errorf("package %s has no text", parsed.Name)
			}
			check := documented{t, set}
			check.values(text.Consts, text.Vars)
			check.functions(text.Funcs)
			if len(text.Types)+len(text.Funcs) == 0 {
				t.Errorf("nothing is public in %s", folder)
			}
			for _, of := range text.Types {
				check.text(of.Name, of.Doc, of.Decl.Pos())
				check.values(of.Consts, of.Vars)
				check.functions(of.Funcs, of.Methods)
				check.members(of)
			}
		}
	}
}

type documented struct {
	t   *testing.T
	set *token.FileSet
}

func (d documented) text(name, text string, at token.Pos) {
	if strings.TrimSpace(text) == "" {
		d.t.Errorf("%s: %s has no text", d.set.Position(at), name)
	}
}

func (d documented) functions(lists ...[]*doc.Func) {
	for _, list := range lists {
		for _, function := range list {
			d.text(function.Name, function.Doc, function.Decl.Pos())
		}
	}
}

// A text of a group is one for all of it.
func (d documented) values(lists ...[]*doc.Value) {
	for _, list := range lists {
		for _, group := range list {
			for _, spec := range group.Decl.Specs {
				value := spec.(*ast.ValueSpec)
				d.text(value.Names[0].Name, group.Doc+value.Doc.Text()+value.Comment.Text(), value.Pos())
			}
		}
	}
}

// Fields of structs, methods of interfaces.
func (d documented) members(of *doc.Type) {
	for _, spec := range of.Decl.Specs {
		var list *ast.FieldList
		switch kind := spec.(*ast.TypeSpec).Type.(type) {
		case *ast.StructType:
			list = kind.Fields
		case *ast.InterfaceType:
			list = kind.Methods
		default:
			continue
		}
		for _, member := range list.List {
			for _, name := range member.Names {
				if name.IsExported() {
					d.text(of.Name+"."+name.Name, member.Doc.Text()+member.Comment.Text(), member.Pos())
				}
			}
		}
	}
}
