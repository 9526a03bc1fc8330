package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const longSecret = "0123456789abcdef0123456789abcdef"

func environ(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestParseReadsFlagsThenEnvironmentThenDefaults(t *testing.T) {
	split := []string{"-jwt-secret", longSecret, "-service-token", longSecret, "-redis", "redis://127.0.0.1:6379"}
	tests := []struct {
		name string
		args []string
		env  []string
		got  func(config) any
		want any
	}{
		{"the default role is all", nil, nil, func(c config) any { return c.role }, roleAll},
		{"a flag wins over the environment", []string{"-rate", "3"}, []string{"COUP_RATE", "4"}, func(c config) any { return c.rate }, 3.0},
		{"the environment wins over the default", nil, []string{"COUP_RATE", "4"}, func(c config) any { return c.rate }, 4.0},
		{"an empty variable is none", nil, []string{"COUP_RATE", ""}, func(c config) any { return c.rate }, 10.0},
		{"demo login is on in all", nil, nil, func(c config) any { return c.demoLogin }, true},
		{"demo login is off in api", append(split, "-role", "api"), nil, func(c config) any { return c.demoLogin }, false},
		{"demo login can be turned on in api", append(split, "-role", "api"), []string{"COUP_DEMO_LOGIN", "1"}, func(c config) any { return c.demoLogin }, true},
		{"demo login can be turned off in all", []string{"-demo-login=false"}, []string{"COUP_DEMO_LOGIN", "true"}, func(c config) any { return c.demoLogin }, false},
		{"false is no", nil, []string{"COUP_OPEN", "false"}, func(c config) any { return c.open }, false},
		{"the database comes from DATABASE_URL", nil, []string{"DATABASE_URL", "memory:"}, func(c config) any { return c.database }, "memory:"},
		{"origins are a list", nil, []string{"COUP_ORIGINS", "http://a, https://b:8"}, func(c config) any { return strings.Join(c.origins, "|") }, "http://a|https://b:8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := parse(test.args, environ(test.env...), io.Discard)
			if err != nil {
				t.Fatalf("parse(%q, %q): %v", test.args, test.env, err)
			}
			if got := test.got(c); got != test.want {
				t.Errorf("parse(%q, %q) = %v, want %v", test.args, test.env, got, test.want)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	var help bytes.Buffer
	if _, err := parse([]string{"-help"}, environ(), &help); err != flag.ErrHelp || !strings.Contains(help.String(), "-database") {
		t.Errorf("parse(-help) = %v with help %q, want ErrHelp and the flags", err, help.String())
	}
}

func TestMisconfigurationIsOneLineAndExitCodeTwo(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := os.WriteFile("broken.db", bytes.Repeat([]byte("not a database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"-api-addr", "127.0.0.1:0", "-internal-addr", "127.0.0.1:0", "-signaling-addr", "127.0.0.1:0", "-database", "memory:"}
	tests := []struct {
		name string
		args []string
		env  []string
		says string
	}{
		{"an unknown flag", []string{"-colour"}, nil, "colour"},
		{"an argument", []string{"serve"}, nil, "serve"},
		{"an unknown role", []string{"-role", "both"}, nil, "-role"},
		{"a rate that is no number", nil, []string{"COUP_RATE", "many"}, "COUP_RATE"},
		{"a negative rate", []string{"-rate", "-1"}, nil, "-rate"},
		{"a boolean that is none", nil, []string{"COUP_OPEN", "perhaps"}, "COUP_OPEN"},
		{"a short JWT secret", []string{"-jwt-secret", "short"}, nil, "-jwt-secret"},
		{"a short service token", []string{"-service-token", "short"}, nil, "-service-token"},
		{"an address without a port", []string{"-api-addr", "localhost"}, nil, "-api-addr"},
		{"an address in use", append(free, "-api-addr", taken.Addr().String()), nil, "in use"},
		{"a database of an unknown kind", append(free, "-database", "mysql://x"), nil, "DATABASE_URL"},
		{"a database that is none", append(free, "-database", "sqlite:broken.db"), nil, "DATABASE_URL"},
		{"a database in no directory", append(free, "-database", "sqlite:no/where.db", "-jwt-secret", longSecret), nil, "DATABASE_URL"},
		{"a Redis URL that is none", append(free, "-redis", "not a url"), nil, "REDIS_URL"},
		{"an origin with a path", []string{"-origins", "http://a/b"}, nil, "-origins"},
		{"an API URL that is none", []string{"-api-url", "127.0.0.1:8082"}, nil, "-api-url"},
		{"api without a secret", []string{"-role", "api", "-redis", "redis://127.0.0.1"}, nil, "COUP_JWT_SECRET"},
		{"signaling without a service token", []string{"-role", "signaling", "-jwt-secret", longSecret}, nil, "COUP_SERVICE_TOKEN"},
		{"api without a Redis", []string{"-role", "api", "-jwt-secret", longSecret, "-service-token", longSecret}, nil, "REDIS_URL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // if it starts all the same, it ends at once
			code := run(ctx, test.args, environ(test.env...), &stderr)
			if code != exitStart {
				t.Errorf("run(%q, %q) = %d, want %d", test.args, test.env, code, exitStart)
			}
			if out := stderr.String(); strings.Count(out, "\n") != 1 || !strings.Contains(out, test.says) {
				t.Errorf("run(%q, %q) says %q, want one line with %q", test.args, test.env, out, test.says)
			}
		})
	}
}

func TestTheSecretIsMadeOnceAndIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "coup.db.secret")
	first, err := keptSecret(file)
	if err != nil {
		t.Fatal(err)
	}
	second, err := keptSecret(file)
	if err != nil {
		t.Fatal(err)
	}
	if first != second || len(first) < minSecret {
		t.Errorf("keptSecret = %d bytes, then %v again, want the same of at least %d bytes", len(first), first == second, minSecret)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the secret's mode is %o, want 600", got)
	}
}

func TestTheSecretIsStoredBesideTheDatabase(t *testing.T) {
	for database, want := range map[string]string{
		"sqlite:coup.db": "coup.db.secret", "sqlite:/var/lib/c.db": "/var/lib/c.db.secret", "memory:": "", "postgres://h/d": "coup.secret",
	} {
		if got := secretFile(database); got != want {
			t.Errorf("secretFile(%q) = %q, want %q", database, got, want)
		}
	}
}
