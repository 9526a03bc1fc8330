package postgres

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// A connector makes the connections of a Store. They have settings of their own, and the
// driver prepares statements on them. A pooler such as PgBouncer allows neither: it gives
// the connections to the server to one client after the other. So each connection must
// show that its settings have arrived. Once one of them could not, pooled is true: new
// connections have no settings, and every statement is sent as one piece without a name.
type connector struct {
	config   pq.Config
	settings map[string]string // not for poolers
	dialer   *dialer
	pooled   atomic.Bool
	// forgotten is how often the Store has forgotten, see link.
	forgotten atomic.Int64
}

var _ driver.Connector = (*connector)(nil)

// errPooler is why a connection was not used. The next one will suit the pooler.
var errPooler = errors.New("the connection leads to a pooler, which does not keep its settings")

// mark is a setting that means nothing to the server. Only a server that got the settings
// of this very connection can answer with its value.
const mark = "coup.connection"

func newConnector(rawURL string, options Options) (*connector, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error of url.Parse quotes the URL, and with it the password.
		return nil, errors.New("postgres: the database URL cannot be parsed")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("postgres: the database URL must start with postgres://, not %q", u.Scheme+":")
	}
	config, err := pq.NewConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the database URL: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = options.ConnectTimeout
	}
	if config.TargetSessionAttrs == "" {
		// A standby cannot store what is posted. Nor can a primary that was made
		// read-only because another has taken over.
		config.TargetSessionAttrs = pq.TargetSessionAttrsReadWrite
	}
	c := &connector{
		config: config,
		settings: map[string]string{
			"statement_timeout": strconv.FormatInt(options.Timeout.Milliseconds(), 10),
			// Append reads again the rows for which it has waited. Under a stricter
			// level it would fail instead.
			"default_transaction_isolation": "read committed",
		},
		dialer: &dialer{silence: options.Timeout + time.Second, open: map[*conn]struct{}{}},
	}
	c.pooled.Store(config.BinaryParameters) // which is how a URL says that there is a pooler
	return c, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &pq.Driver{} }

// Connect implements driver.Connector. The name of the server is resolved each time, and
// the first server of the URL's that has the attributes asked for is taken.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	config := c.config.Clone()
	if c.pooled.Load() {
		config.BinaryParameters = true // sends a statement and its parameters as one piece
		return c.connect(ctx, config)
	}
	for name, value := range c.settings {
		config.Runtime[name] = value
	}
	value := rand.Text()
	config.Runtime[mark] = value
	conn, err := c.connect(ctx, config)
	var refused *pq.Error
	switch {
	case errors.As(err, &refused) && refused.SQLState() == "08P01": // what poolers say to unknown settings
		c.pooled.Store(true)
		return nil, errors.Join(errPooler, err)
	case err != nil:
		return nil, err
	}
	got, err := setting(ctx, conn, mark)
	if err == nil && got != value {
		c.pooled.Store(true)
		err = errPooler
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c *connector) connect(ctx context.Context, config pq.Config) (driver.Conn, error) {
	one, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, err
	}
	one.Dialer(c.dialer)
	conn, err := one.Connect(ctx)
	if err != nil && config.TargetSessionAttrs == pq.TargetSessionAttrsReadWrite && isReadOnly(err) {
		return nil, fmt.Errorf("the server takes no writes, a primary is needed: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return newLink(conn, &c.forgotten)
}

// isReadOnly reports whether the driver has refused a server because it takes no writes.
func isReadOnly(err error) bool {
	text := err.Error()
	return strings.Contains(text, "session is read-only") || strings.Contains(text, "server is in hot standby mode")
}

// setting returns the value of a setting on a new connection, "" if it has none.
func setting(ctx context.Context, conn driver.Conn, name string) (string, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT current_setting('"+name+"', true)", nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return "", err
	}
	if err := rows.Next(make([]driver.Value, 1)); err != io.EOF {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	text, _ := value[0].(string)
	return text, nil
}
