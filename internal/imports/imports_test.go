// Package imports holds no code: its tests hold the house against its floor
// plan, so that no floor grows a stair that is not drawn.
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

// module is our own import path, and root where its files are.
const (
	module = "github.com/coupchat/coup"
	root   = "../.."
)

// TestPackagesImportWhatTheFloorPlanAllows reads every file that is no test,
// for whatever system it is built.
func TestPackagesImportWhatTheFloorPlanAllows(t *testing.T) {
	imports := readImports(t)
	for pkg, files := range imports {
		rule, ok := plan[pkg]
		if !ok {
			rule, ok = plan[path.Dir(pkg)+"/*"]
		}
		if !ok {
			t.Errorf("package %s is not in the floor plan: draw it in plan_test.go first", pkg)
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
	for pkg := range plan {
		if _, ok := imports[pkg]; !ok && !strings.HasSuffix(pkg, "/*") {
			t.Errorf("the floor plan has a package %s, which there is not", pkg)
		}
	}
}

// forbids says why a package may not import imp, or nothing if it may. Ours for
// tests only may be imported by each other.
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
		return "the floor plan does not allow it"
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	for _, lib := range r.others {
		if imp == lib || strings.HasPrefix(imp, lib+"/") {
			return ""
		}
	}
	return "the floor plan does not allow this library here"
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

// skipDir passes over what is no part of this module, as the go tool does.
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

// drivers are what only programs with a database of their own should carry.
var drivers = []string{"database/sql", "github.com/jmoiron/sqlx", "github.com/lib/pq", "modernc.org/sqlite", "github.com/pressly/goose"}

func TestSignalingLinksNoSQLDriver(t *testing.T) {
	for _, dep := range deps(t, "hub", "hub/prom", "room", "store/rest", "bus/redis", "auth/jwt", ".") {
		for _, driver := range drivers {
			if dep == driver || strings.HasPrefix(dep, driver+"/") {
				t.Errorf("a program without a database of its own links %s", dep)
			}
		}
	}
}

// Were the names of the drivers wrong, the test above could not fail.
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

// deps returns all that a program with the given packages of ours links.
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
