package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/coupchat/coup/hub"
	"github.com/coupchat/coup/room"
)

// A role says which of the two services a process runs.
type role string

const (
	roleAll       role = "all"
	roleAPI       role = "api"
	roleSignaling role = "signaling"
)

// minSecret is the shortest secret that is accepted, in bytes.
const minSecret = 32

// A config has the checked values of the flags and the environment.
type config struct {
	role          role
	apiAddr       string
	internalAddr  string
	signalingAddr string
	apiURL        string
	apiURLGiven   bool
	signalingURL  string
	database      string
	redis         string
	jwtSecret     string
	serviceTokens []string
	origins       []string
	demoLogin     bool
	open          bool
	search        bool
	example       bool
	rate          float64
	logFormat     string
	logLevel      slog.Level
	// room and hub hold the limits.
	room room.Options
	hub  hub.Options
}

// runsAPI reports whether the api runs in this process.
func (c config) runsAPI() bool { return c.role != roleSignaling }

// runsSignaling reports whether the hub runs in this process.
func (c config) runsSignaling() bool { return c.role != roleAPI }

// environment maps each flag to the variable that is read if the flag is not given.
var environment = map[string]string{
	"role":           "COUP_ROLE",
	"api-addr":       "COUP_API_ADDR",
	"internal-addr":  "COUP_INTERNAL_ADDR",
	"signaling-addr": "COUP_SIGNALING_ADDR",
	"api-url":        "COUP_API_URL",
	"signaling-url":  "COUP_SIGNALING_URL",
	"database":       "DATABASE_URL",
	"redis":          "REDIS_URL",
	"tag":            "COUP_TAG",
	"jwt-secret":     "COUP_JWT_SECRET",
	"service-token":  "COUP_SERVICE_TOKEN",
	"origins":        "COUP_ORIGINS",
	"demo-login":     "COUP_DEMO_LOGIN",
	"open":           "COUP_OPEN",
	"search":         "COUP_SEARCH",
	"example":        "COUP_EXAMPLE",
	"receipts":       "COUP_RECEIPTS",
	"rate":           "COUP_RATE",
	"log-format":     "COUP_LOG_FORMAT",
	"log-level":      "COUP_LOG_LEVEL",
}

// parse reads args, and the environment for flags that are not given. If args ask for help,
// it writes the flags to help and returns flag.ErrHelp.
func parse(args []string, getenv func(string) string, help io.Writer) (config, error) {
	var c config
	var roleName, tokens, origins string
	fs := flag.NewFlagSet("fullstack", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&roleName, "role", string(roleAll), "what to run: all, api or signaling")
	fs.StringVar(&c.apiAddr, "api-addr", "127.0.0.1:8080", "web page and sample API")
	fs.StringVar(&c.internalAddr, "internal-addr", "127.0.0.1:8082", "internal API; keep it private")
	fs.StringVar(&c.signalingAddr, "signaling-addr", "127.0.0.1:8081", "WebSocket, health and metrics")
	fs.StringVar(&c.apiURL, "api-url", "http://127.0.0.1:8082", "where signaling finds the internal API")
	fs.StringVar(&c.signalingURL, "signaling-url", "", "ws:// or wss:// URL where browsers find signaling (default: the page's host, the port of -signaling-addr, /ws)")
	fs.StringVar(&c.database, "database", "sqlite:coup.db", "sqlite:FILE, memory: or postgres://…")
	fs.StringVar(&c.redis, "redis", "", "redis://… (default: in-process bus, only with -role all)")
	fs.StringVar(&c.hub.Tag, "tag", "", "begins the ids of Socket.IO connections, so that a proxy finds the hub of a client that polls")
	fs.StringVar(&c.jwtSecret, "jwt-secret", "", "HS256 secret of at least 32 bytes; better given as COUP_JWT_SECRET")
	fs.StringVar(&tokens, "service-token", "", "internal API token of at least 32 bytes, or two with a comma during a rotation; better given as COUP_SERVICE_TOKEN")
	fs.StringVar(&origins, "origins", "", "comma-separated origins that may connect (default: the web page's own)")
	fs.BoolVar(&c.demoLogin, "demo-login", false, "login by name without a password (default: on with -role all)")
	fs.BoolVar(&c.open, "open", false, "every user is a member of every study")
	fs.BoolVar(&c.search, "search", false, "members may search messages; each message then takes a row for every two characters (default: on with -role all)")
	fs.BoolVar(&c.example, "example", false, "begin with an example study, of which every new user is a member (default: on with -role all)")
	fs.BoolVar(&c.room.Receipts, "receipts", false, "members see how far the others have read, in rooms of up to 100 connections")
	fs.StringVar(&c.logFormat, "log-format", "text", "text or json")
	fs.TextVar(&c.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	variables := maps.Clone(environment)
	for _, l := range c.limits() {
		l.define(fs)
		variables[l.name] = l.variable()
	}
	fs.Float64Var(&c.rate, "rate", 10, "messages per second per user; 0 = no rate limits")

	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(help)
			fs.Usage()
		}
		return config{}, err
	}
	if fs.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q: everything is a flag, see -help", fs.Arg(0))
	}
	given, err := fromEnvironment(fs, variables, getenv)
	if err != nil {
		return config{}, err
	}
	c.role = role(roleName)
	c.apiURLGiven = given["api-url"]
	c.serviceTokens = list(tokens)
	c.origins = list(origins)
	for name, value := range map[string]*bool{"demo-login": &c.demoLogin, "search": &c.search, "example": &c.example} {
		if !given[name] {
			*value = c.role == roleAll
		}
	}
	return c, c.check()
}

// fromEnvironment sets the flags that were not given. It returns the flags that are set now.
func fromEnvironment(fs *flag.FlagSet, variables map[string]string, getenv func(string) string) (map[string]bool, error) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, variable := range variables {
		value := getenv(variable)
		if given[name] || value == "" {
			continue
		}
		if err := fs.Set(name, value); err != nil {
			return nil, fmt.Errorf("%s: invalid value %q", variable, value)
		}
		given[name] = true
	}
	return given, nil
}

// check returns an error for values that cannot work. The error has no secrets in it.
func (c config) check() error {
	switch c.role {
	case roleAll, roleAPI, roleSignaling:
	default:
		return fmt.Errorf("-role is %q, want all, api or signaling", c.role)
	}
	return first(
		checkAddr("-api-addr", c.apiAddr),
		checkAddr("-internal-addr", c.internalAddr),
		checkAddr("-signaling-addr", c.signalingAddr),
		checkURL("-api-url", c.apiURL, "http", "https"),
		c.checkSignalingURL(),
		checkDatabase(c.database),
		c.checkSecrets(),
		checkOrigins(c.origins),
		checkRate(c.rate),
		checkLogFormat(c.logFormat),
	)
}

func (c config) checkSecrets() error {
	for _, token := range c.serviceTokens {
		if len(token) < minSecret {
			return fmt.Errorf("-service-token has %d bytes, want at least %d", len(token), minSecret)
		}
	}
	switch {
	case c.jwtSecret != "" && len(c.jwtSecret) < minSecret:
		return fmt.Errorf("-jwt-secret has %d bytes, want at least %d", len(c.jwtSecret), minSecret)
	case len(c.serviceTokens) > 2:
		return errors.New("-service-token holds more than two tokens")
	case c.role == roleAll:
		return nil
	case c.jwtSecret == "":
		return fmt.Errorf("-role %s needs -jwt-secret (COUP_JWT_SECRET), the same in both services", c.role)
	case len(c.serviceTokens) == 0:
		return fmt.Errorf("-role %s needs -service-token (COUP_SERVICE_TOKEN), the same in both services", c.role)
	case c.redis == "":
		return fmt.Errorf("-role %s needs -redis (REDIS_URL): the two services meet there", c.role)
	}
	return nil
}

func (c config) checkSignalingURL() error {
	if c.signalingURL == "" {
		return nil
	}
	return checkURL("-signaling-url", c.signalingURL, "ws", "wss")
}

func checkAddr(name, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s is %q, want host:port", name, addr)
	}
	return nil
}

func checkURL(name, raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	if err == nil && u.Hostname() != "" && u.User == nil {
		for _, s := range schemes {
			if u.Scheme == s {
				return nil
			}
		}
	}
	return fmt.Errorf("%s is not a URL with %s and a host", name, strings.Join(schemes, " or "))
}

func checkDatabase(database string) error {
	scheme, rest, found := strings.Cut(database, ":")
	switch {
	case found && scheme == "sqlite" && rest != "":
	case found && scheme == "memory" && rest == "":
	case strings.HasPrefix(database, "postgres://"), strings.HasPrefix(database, "postgresql://"):
		if _, err := url.Parse(database); err != nil {
			return errors.New("-database is not a valid postgres URL")
		}
	default:
		return errors.New("-database (DATABASE_URL) must be sqlite:FILE, memory: or postgres://…")
	}
	return nil
}

func checkOrigins(origins []string) error {
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || o != u.Scheme+"://"+u.Host {
			return fmt.Errorf("-origins holds %q, want scheme://host or scheme://host:port without a path", o)
		}
	}
	return nil
}

func checkRate(rate float64) error {
	if rate < 0 || math.IsNaN(rate) || math.IsInf(rate, 0) {
		return fmt.Errorf("-rate is %v, want messages per second, or 0 for no rate limits", rate)
	}
	return nil
}

func checkLogFormat(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("-log-format is %q, want text or json", format)
	}
	return nil
}

// list splits a text at commas and leaves out empty parts.
func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// first returns the first error that is not nil: one line is enough to act on.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
