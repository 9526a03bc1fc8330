package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// A Figure names something that some faults measure.
type Figure string

// The figures. Those of the second group are counts.
const (
	LastMessageRead Figure = "last message before a silence read"
	RedisLive       Figure = "live after a restart of Redis"
	RedisCaughtUp   Figure = "caught up after a restart of Redis"
	RedisNoticed    Figure = "frozen Redis noticed"
	RedisMoved      Figure = "demoted Redis left"
	GoodSend        Figure = "first good send after Postgres"
	GoodPromoted    Figure = "first good send after a promotion"
	SendAnswered    Figure = "sends answered around a death of Postgres"
	HubOffline      Figure = "users of a killed hub offline"
	DrainTime       Figure = "drain"
	KickBusUp       Figure = "delivery after a kick, bus up"
	KickBusDown     Figure = "delivery after a kick, bus down"
	SlowClosed      Figure = "stalled client closed"
	Healthy         Figure = "delivery with nobody stalled"
	HealthySlow     Figure = "delivery with one stalled"
	AllReconnected  Figure = "all reconnected"

	LostAnswers      Figure = "answers cut"
	PostgresLost     Figure = "acks lost with Postgres"
	PostgresKills    Figure = "Postgres kills"
	Reconnects       Figure = "reconnects"
	WrongPresence    Figure = "wrong presence"
	Restarts         Figure = "rolling restarts"
	DeployLost       Figure = "sends lost to a deploy"
	DeployClients    Figure = "clients of a deploy"
	ReconnectClients Figure = "clients that reconnected at once"
	ReconnectQueries Figure = "transactions of a reconnect"
	ManyReceived     Figure = "deliveries of many senders"
	ManyDisordered   Figure = "disorder of many senders"
)

// A Scorecard adds up rounds. Its methods may be called at the same time from any
// goroutine.
type Scorecard struct {
	mu       sync.Mutex // guards all below
	rounds   map[string]int
	acks     int
	received int
	joins    int
	resumes  int
	changes  int
	views    int
	broken   map[Rule]int
	samples  map[Figure][]time.Duration
	counts   map[Figure]int
	measured map[Figure]bool
}

// NewScorecard returns an empty Scorecard.
func NewScorecard() *Scorecard {
	return &Scorecard{rounds: map[string]int{}, broken: map[Rule]int{}, samples: map[Figure][]time.Duration{}, counts: map[Figure]int{}, measured: map[Figure]bool{}}
}

// Add adds the verdict of one round.
func (s *Scorecard) Add(fault string, v Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds[fault]++
	s.acks += v.Acks
	s.received += v.Received
	s.joins += v.Joins
	s.resumes += v.Resumes
	s.changes += v.Changes
	s.views += v.Views
	for _, c := range v.Violations {
		s.broken[c.Rule]++
	}
}

// Sample adds measurements of a figure.
func (s *Scorecard) Sample(f Figure, ds ...time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.measured[f] = true
	s.samples[f] = append(s.samples[f], ds...)
}

// Count adds to a figure that is a count.
func (s *Scorecard) Count(f Figure, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.measured[f] = true
	s.counts[f] += n
}

// notMeasured is the text of a row without measurements.
const notMeasured = "not measured"

// A ScoreRow is one line of the scorecard.
type ScoreRow struct {
	Row      string `json:"row"`
	Figure   string `json:"figure"`
	Measured string `json:"measured"`
	Target   string `json:"target"`
}

// Summary is the scorecard as it is printed.
type Summary struct {
	Injections int            `json:"injections"`
	Faults     map[string]int `json:"faults"`
	Acks       int            `json:"acks"`
	Deliveries int            `json:"deliveries"`
	Joins      int            `json:"joins"`
	Resumes    int            `json:"resumes"`
	Changes    int            `json:"changes"`
	Broken     map[Rule]int   `json:"broken"`
	Rows       []ScoreRow     `json:"rows"`
}

// worst returns the p99 and the maximum of a figure, as text.
func (s *Scorecard) worst(f Figure) string {
	ds := s.samples[f]
	if !s.measured[f] || len(ds) == 0 {
		return notMeasured
	}
	return fmt.Sprintf("p99 %v, max %v of %d", rounded(Percentile(ds, 0.99)), rounded(Percentile(ds, 1)), len(ds))
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// with returns what n returns if all figures were measured.
func (s *Scorecard) with(n func() string, figures ...Figure) string {
	for _, f := range figures {
		if !s.measured[f] {
			return notMeasured
		}
	}
	return n()
}

// Summary adds everything up.
func (s *Scorecard) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Summary{Faults: s.rounds, Acks: s.acks, Deliveries: s.received, Joins: s.joins, Resumes: s.resumes, Changes: s.changes, Broken: s.broken}
	for _, n := range s.rounds {
		sum.Injections += n
	}
	if sum.Injections > 0 {
		sum.Rows = s.rows(sum.Injections)
	}
	return sum
}

// WriteJSON writes the summary as JSON.
func (s Summary) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}

// WriteTable writes the rows as a table in Markdown.
func (s Summary) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	lines := append([]ScoreRow{{"#", "Figure", "Measured", "Target"}, {"---", "---", "---", "---"}}, s.Rows...)
	for _, r := range lines {
		fmt.Fprintln(tw, "| "+strings.Join([]string{r.Row, r.Figure, r.Measured, r.Target}, "\t| ")+"\t|")
	}
	return tw.Flush()
}
