package imports

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Small files, each with one idea, are quick to find and to read.
func TestFilesAreSmall(t *testing.T) {
	var sizes []int
	walkGo(t, func(name string, text []byte) {
		lines := bytes.Count(text, []byte("\n"))
		if lines > 400 {
			t.Errorf("%s has %d lines, want at most 400", name, lines)
		}
		sizes = append(sizes, lines)
	})
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > 110 {
		t.Errorf("the median of %d files has %d lines, want at most 110", len(sizes), median)
	}
	if most := sizes[len(sizes)*9/10]; most > 250 {
		t.Errorf("one file in ten has over %d lines, want at most 250", most)
	}
}

// Every exported name must be learned by users and kept by maintainers.
func TestThePublicAPIIsSmall(t *testing.T) {
	total := 0
	for _, pkg := range []string{".", "hub", "room", "store", "bus", "auth"} {
		total += len(exported(t, pkg))
	}
	if total >= 175 {
		t.Errorf("coup, hub, room, store, bus and auth export %d names, want under 175", total)
	}
}

// A type with many methods has more than one task.
func TestTypesHaveFewMethods(t *testing.T) {
	for _, want := range []struct {
		pkg, typ string
		most     int
	}{{"room", "Registry", 16}, {"hub", "session", 25}} {
		n := 0
		for _, f := range parsePackage(t, want.pkg) {
			for _, decl := range f.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && receiver(fn) == want.typ {
					n++
				}
			}
		}
		if n == 0 || n > want.most {
			t.Errorf("%s.%s has %d methods, want 1 to %d", want.pkg, want.typ, n, want.most)
		}
	}
}

// receiver returns the name of the type whose method fn is, or "".
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if ident, ok := typ.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}

// exported returns the exported types, functions, constants and variables of a package.
func exported(t *testing.T, pkg string) []string {
	t.Helper()
	var names []string
	add := func(ident *ast.Ident) {
		if ident.IsExported() {
			names = append(names, ident.Name)
		}
	}
	for _, f := range parsePackage(t, pkg) {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							add(name)
						}
					}
				}
			}
		}
	}
	return names
}

// parsePackage parses the files of a package, without tests.
func parsePackage(t *testing.T, pkg string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// walkGo calls fn with every Go file of the repository, in all its modules.
func walkGo(t *testing.T, fn func(name string, text []byte)) {
	t.Helper()
	walk(t, func(name string, text []byte) {
		if strings.HasSuffix(name, ".go") {
			fn(name, text)
		}
	})
}

// walk calls fn with every file of the repository that people write.
func walk(t *testing.T, fn func(name string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "third-party"):
			return filepath.SkipDir
		case d.IsDir() || !written(name):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err == nil {
			fn(filepath.ToSlash(rel), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// written reports whether people write files with this name.
func written(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".md", ".sh", ".js", ".css", ".html", ".sql", ".yml", ".tsx", ".ts", ".conf":
		return true
	}
	return filepath.Base(name) == "Makefile"
}
