// Package imports holds no code. Its tests check the structure of the repository: which package
// may import which, the size of files and of the public API, and the words.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the module, and root the directory of its files.
const (
	module = "github.com/coupchat/coup"
	root   = "../.."
)

// The test reads every file except tests, for all systems.
func TestPackagesImportWhatTheTableAllows(t *testing.T) {
	imports := readImports(t)
	for pkg, files := range imports {
		rule, ok := table[pkg]
		if !ok {
			rule, ok = table[path.Dir(pkg)+"/*"]
		}
		if !ok {
			t.Errorf("package %s is not in the table: add it in table_test.go first", pkg)
			continue
		}
		for file, imported := range files {
			for _, imp := range imported {
				if why := rule.forbids(imp, slices.Contains(testsOnly, pkg)); why != "" {
					t.Errorf("%s imports %q: %s", file, imp, why)
				}
			}
		}
	}
	for pkg := range table {
		if _, ok := imports[pkg]; !ok && !strings.HasSuffix(pkg, "/*") {
			t.Errorf("the table has a package %s, which does not exist", pkg)
		}
	}
}

// forbids returns why a package may not import imp, or "" if it may. Packages for tests may
// import each other.
func (r rule) forbids(imp string, forTests bool) string {
	if imp == module {
		imp = module + "/."
	}
	if ours, ok := strings.CutPrefix(imp, module+"/"); ok {
		switch {
		case slices.Contains(testsOnly, ours) && !forTests:
			return "it is for tests only"
		case slices.Contains(r.ours, ours):
			return ""
		}
		return "the table does not allow it"
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	for _, lib := range r.others {
		if imp == lib || strings.HasPrefix(imp, lib+"/") {
			return ""
		}
	}
	return "the table does not allow this library here"
}

// readImports returns what the files of each of our packages import.
func readImports(t *testing.T) map[string]map[string][]string {
	t.Helper()
	imports := map[string]map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skipDir(name, d)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		pkg := path.Dir(rel)
		if imports[pkg] == nil {
			imports[pkg] = map[string][]string{}
		}
		imports[pkg][rel] = []string{}
		for _, spec := range file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports[pkg][rel] = append(imports[pkg][rel], imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// skipDir skips directories that are no part of this module, like the go tool.
func skipDir(name string, d fs.DirEntry) error {
	if name == root {
		return nil
	}
	switch base := d.Name(); {
	case base[0] == '.', base[0] == '_', base == "testdata", base == "node_modules":
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// drivers are packages that only programs with their own database should link.
var drivers = []string{"database/sql", "github.com/jmoiron/sqlx", "github.com/lib/pq", "modernc.org/sqlite"}

func TestSignalingLinksNoSQLDriver(t *testing.T) {
	for _, dep := range deps(t, "hub", "hub/prom", "room", "store/rest", "bus/redis", "auth/jwt", ".") {
		for _, driver := range drivers {
			if dep == driver || strings.HasPrefix(dep, driver+"/") {
				t.Errorf("a program without a database of its own links %s", dep)
			}
		}
	}
}

// If the names of the drivers were wrong, the test above could not fail.
func TestDriversAreKnownByTheirNames(t *testing.T) {
	linked := deps(t, "store/postgres", "store/sqlite")
	for _, driver := range drivers {
		if !slices.ContainsFunc(linked, func(dep string) bool {
			return dep == driver || strings.HasPrefix(dep, driver+"/")
		}) {
			t.Errorf("store/postgres and store/sqlite do not link %s: is that still its name?", driver)
		}
	}
}

// deps returns all packages that a program with the given packages links.
func deps(t *testing.T, pkgs ...string) []string {
	t.Helper()
	args := []string{"list", "-deps"}
	for _, pkg := range pkgs {
		args = append(args, path.Join(module, pkg))
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return strings.Fields(string(out))
}
