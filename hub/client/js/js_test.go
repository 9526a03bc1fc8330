package js_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/hub/client/js"
	"github.com/coupchat/coup/internal/stockclient"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// serve starts a server with tokens of the form "user" or "user:8s", behind an address that can be
// cut. Nobody is a member of the study "secret", and "full" has 600 messages.
func serve(t *testing.T) (chat, control string) {
	t.Helper()
	messages := store.NewMemory()
	for range 2 {
		batch := make([]store.Message, 300)
		for i := range batch {
			batch[i] = store.Message{StudyID: "full", UserID: "u9", UserName: "Park", Content: "stored", ClientID: store.NewClientID()}
		}
		if _, err := messages.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	s, err := coup.New(coup.Options{
		Store: messages, Rate: -1,
		Members: store.MembersFunc(func(_ context.Context, study store.StudyID, _ store.UserID) (string, error) {
			if study == "secret" {
				return "", store.ErrNotFound
			}
			return "member", nil
		}),
		Verifier: auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
			user, life, _ := strings.Cut(token, ":")
			if user == "bad" {
				return auth.Identity{}, auth.ErrInvalid
			}
			who := auth.Identity{UserID: user, UserName: user, ExpiresAt: time.Now().Add(time.Hour)}
			if d, err := time.ParseDuration(life); err == nil {
				who.ExpiresAt = time.Now().Add(d)
			}
			return who, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	address := strings.TrimPrefix(web.URL, "http://")
	line := testenv.NewForward(t, address)
	controls := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			line.Cut()
		case "/down":
			line.To("127.0.0.1:1") // nobody listens there
		case "/up":
			line.To(address)
		}
	}))
	t.Cleanup(controls.Close)
	return "ws://" + line.Addr() + "/", controls.URL
}

// run runs a program in a folder, and fails the test with its output.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	path, err := testenv.Binary(name)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, args...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// copied returns a copy of the package, with what it needs for development.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(stockclient.Install(t, "."), "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheClientInNode(t *testing.T) {
	chat, control := serve(t)
	out := run(t, copied(t), []string{"CHAT=" + chat, "CONTROL=" + control}, "node", "--test", "--test-timeout=60000", "test/client.test.mjs")
	if !regexp.MustCompile(`(?m)^# pass 11$`).MatchString(out) || !strings.Contains(out, "# skipped 0") {
		t.Errorf("not all tests ran:\n%s", out)
	}
}

// The package that npm pack makes is installed into an empty project. The examples of README.md
// compile there with strict types, and the first chats.
func TestThePackage(t *testing.T) {
	chat, _ := serve(t)
	dir := copied(t)
	tarball := strings.TrimSpace(run(t, dir, nil, "npm", "pack", "--silent"))
	project := t.TempDir()
	installed := filepath.Join(project, "node_modules", "coup-client")
	if err := os.MkdirAll(installed, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, installed, nil, "tar", "xzf", filepath.Join(dir, tarball), "--strip-components=1")
	for _, needed := range []string{"typescript", "@types", "socket.io-client", "socket.io-parser", "@socket.io", "engine.io-client", "engine.io-parser", "ws", "undici-types"} {
		if err := os.Symlink(filepath.Join(dir, "node_modules", needed), filepath.Join(project, "node_modules", needed)); err != nil {
			t.Fatal(err)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```ts\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(examples) != 2 {
		t.Fatalf("README.md has %d examples", len(examples))
	}
	first := bytes.Replace(examples[0][1], []byte(`"wss://chat.example.com/ws"`), []byte(`process.env.CHAT!`), 1)
	first = bytes.Replace(first, []byte(`(await fetch("/token")).text()`), []byte(`"mina"`), 1)
	first = append(first, "console.log(\"seq\", seq);\nchat.close();\n"...)
	first = append([]byte("// Node.js 20 has no WebSocket of its own.\nimport { WebSocket } from \"ws\";\nObject.assign(globalThis, { WebSocket });\n"), first...)
	second := append([]byte("const token = \"t\";\n"), examples[1][1]...)
	for name, text := range map[string][]byte{
		"first.ts": first, "second.ts": second, "ws.d.ts": []byte(`declare module "ws" { export const WebSocket: unknown; }`),
		"package.json":  []byte(`{"type": "module"}`),
		"tsconfig.json": []byte(`{"compilerOptions": {"strict": true, "module": "nodenext", "target": "es2022", "lib": ["es2022", "dom"], "types": ["node"], "skipLibCheck": false}}`),
	} {
		if err := os.WriteFile(filepath.Join(project, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, project, nil, "node", "node_modules/typescript/bin/tsc")
	if out := run(t, project, []string{"CHAT=" + chat}, "node", "first.js"); !strings.HasSuffix(strings.TrimSpace(out), "seq 1") {
		t.Errorf("the example says %q", out)
	}
}

func TestTheFilesAreThere(t *testing.T) {
	for _, name := range []string{"index.js", "client.js", "connection.js", "outbox.js"} {
		if b, err := js.Files.ReadFile(name); err != nil || len(b) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
