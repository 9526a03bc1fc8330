package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/internal/wstest"
)

// publisher copies the Next.js example, without its dependencies, and returns its directory.
func publisher(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "node_modules", "redis"), os.DirFS(filepath.Join("testdata", "redis"))); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"app", "lib"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", "publisher-nextjs", part))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// post calls POST of a route as Next.js does.
func post(t *testing.T, dir, redis, route, body string) {
	t.Helper()
	node, err := testenv.Binary("node")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`import { POST } from %q;
		const answer = await POST(new Request("http://127.0.0.1/", { method: "POST", body: %q }));
		console.log(answer.status, await answer.text());
		process.exit();`, "./app/api/"+route+"/route.js", body)
	cmd := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "REDIS_URL="+redis)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "202 {}\n" {
		t.Fatalf("POST %s answered %s (%v), want 202", route, out, err)
	}
}

func TestTheNextJSExamplePublishesIDsOfIdentityProviders(t *testing.T) {
	server := testenv.Redis(t)
	s, _, user := startOdd(t, "-redis", server.URL())
	hub := wstest.Dial(t, "ws://"+s.signalingAddr+"/ws", nil)
	hub.Login(user.Token)
	dir := publisher(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); strings.Contains(server.Answer(t, "PUBSUB NUMSUB notifications study-events"), ":0"); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the hub does not subscribe to the public channels")
		}
	}

	post(t, dir, server.URL(), "applications", fmt.Sprintf(`{"studyId":%q,"ownerId":%q,"name":"Jun"}`, oddStudy, oddUser))
	if e := hub.Expect("notification"); e.String("type") != "application" || e.String("link") != "/studies/"+oddStudyInPath {
		t.Errorf("the notification of an application is %s", e.Raw)
	}
	post(t, dir, server.URL(), "applications/approve", fmt.Sprintf(`{"studyId":%q,"userId":%q}`, oddStudy, oddUser))
	if e := hub.Expect("notification"); e.String("studyId") != oddStudy || e.String("link") != "/studies/"+oddStudyInPath {
		t.Errorf("the notification of an approval is %s", e.Raw)
	}
}
