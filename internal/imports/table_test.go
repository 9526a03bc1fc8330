package imports

// A rule says what the files of a package may import besides the standard library: packages of
// this module, by their directory, and libraries, by the beginning of their path.
type rule struct {
	ours   []string
	others []string
}

// table has the rule of each package; "." is the root package. What is not in it is forbidden.
// To change the table is to change the design: say why in docs/decisions.md.
var table = map[string]rule{
	"store":                {ours: []string{"internal/batch", "internal/index", "internal/json", "internal/runs", "internal/search", "internal/text"}, others: []string{"github.com/rivo/uniseg"}},
	"bus":                  {},
	"auth":                 {},
	"internal/batch":       {},
	"internal/native":      {ours: []string{"room", "store", "internal/ws", "internal/json"}},
	"internal/socketio":    {ours: []string{"room", "store", "internal/ws", "internal/json", "internal/native"}},
	"internal/stockclient": {ours: []string{"internal/testenv"}},
	"internal/eio":         {ours: []string{"internal/ws", "internal/json", "internal/poll"}},
	"internal/few":         {},
	"internal/index":       {},
	"internal/json":        {},
	"internal/page":        {},
	"internal/runs":        {},
	"internal/search":      {},
	"internal/poll":        {others: []string{"golang.org/x/sys"}},
	"internal/loglimit":    {},
	"internal/text":        {},
	"internal/work":        {},
	"internal/ws":          {others: []string{"github.com/gobwas/ws"}},

	"internal/commit":     {ours: []string{"store", "internal/work"}},
	"internal/membership": {ours: []string{"store", "internal/work"}},
	"internal/presence":   {ours: []string{"store", "internal/batch", "internal/work"}},
	"internal/relay":      {ours: []string{"store", "bus", "internal/work"}},
	"room": {ours: []string{"store", "bus", "internal/commit", "internal/membership",
		"internal/presence", "internal/relay", "internal/batch", "internal/few", "internal/index", "internal/loglimit", "internal/page", "internal/text", "internal/work"}},
	"hub": {ours: []string{"room", "store", "auth", "internal/ws", "internal/native", "internal/socketio", "internal/eio", "internal/few", "internal/poll", "internal/loglimit", "internal/text", "internal/work"}},

	"store/rest":        {ours: []string{"store", "internal/json", "internal/page"}},
	"internal/sqlstore": {ours: []string{"store", "internal/runs", "internal/search"}, others: []string{"github.com/jmoiron/sqlx"}},
	"store/postgres": {
		ours: []string{"store", "internal/sqlstore"},
		// sqlx because sqlstore hands out its handle.
		others: []string{"github.com/lib/pq", "github.com/jmoiron/sqlx"},
	},
	"store/sqlite": {
		ours:   []string{"store", "internal/sqlstore"},
		others: []string{"modernc.org/sqlite", "github.com/jmoiron/sqlx"},
	},
	"bus/redis":     {ours: []string{"bus", "internal/work"}, others: []string{"github.com/redis/rueidis"}},
	"auth/jwt":      {ours: []string{"auth", "internal/json", "internal/text"}, others: []string{"github.com/golang-jwt/jwt/v5"}},
	"hub/client":    {ours: []string{"internal/json", "internal/ws"}},
	"hub/client/js": {},
	"hub/prom":      {ours: []string{"hub", "room"}, others: []string{"github.com/prometheus/client_golang"}},

	".": {ours: []string{"store", "bus", "auth", "room", "hub"}},

	"examples/*": {
		ours: []string{".", "auth", "auth/jwt", "bus", "bus/redis", "hub", "hub/prom", "room",
			"store", "store/postgres", "store/rest", "store/sqlite", "internal/json", "hub/client/js"},
		others: []string{"golang.org/x/time", "github.com/jmoiron/sqlx", "github.com/lib/pq", "github.com/pressly/goose/v3", "github.com/prometheus/client_golang"},
	},

	// Packages for tests, and programs that run them.
	"store/storetest":  {ours: []string{"store"}},
	"bus/bustest":      {ours: []string{"bus"}},
	"internal/testenv": {others: []string{"go.uber.org/goleak"}},
	"internal/wstest":  {},
	"internal/faults":  {ours: []string{"internal/wstest"}},
	"scripts/gotest":   {},
	"scripts/mutants":  {},
	"scripts/perf":     {ours: []string{".", "auth", "auth/jwt", "store", "store/rest"}},
}

// testsOnly are packages that no program may link.
var testsOnly = []string{"store/storetest", "bus/bustest", "internal/testenv", "internal/wstest", "internal/faults", "internal/stockclient"}
