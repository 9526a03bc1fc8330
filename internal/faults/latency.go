package faults

import (
	"slices"
	"time"
)

// A Delivery is one message that one client received.
type Delivery struct {
	Acked, Received time.Duration
	// Own says that the client has sent it.
	Own bool
}

// Deliveries returns every live delivery of an acknowledged message.
func Deliveries(logs []*Log) []Delivery {
	acked := map[authorship]time.Duration{}
	for _, l := range logs {
		for _, r := range l.Records() {
			key := authorship{r.Study, l.User, r.ClientID}
			if _, again := acked[key]; r.Kind == Acked && !again {
				acked[key] = r.At
			}
		}
	}
	var all []Delivery
	for _, l := range logs {
		for _, r := range l.Records() {
			if at, ok := acked[authorship{r.Study, r.User, r.ClientID}]; r.Kind == Received && ok {
				all = append(all, Delivery{Acked: at, Received: r.At, Own: r.User == l.User})
			}
		}
	}
	return all
}

// Live is how late a live delivery may be.
const Live = 500 * time.Millisecond

// LiveAgain returns the time from since to the last late delivery of a message that was
// acknowledged after since.
func LiveAgain(ds []Delivery, since time.Duration) time.Duration {
	var last time.Duration
	for _, d := range ds {
		if d.Acked >= since && d.Received-d.Acked > Live {
			last = max(last, d.Received-since)
		}
	}
	return last
}

// CaughtUp returns the time from since to the last delivery of a message that was
// acknowledged before since.
func CaughtUp(ds []Delivery, since time.Duration) time.Duration {
	var last time.Duration
	for _, d := range ds {
		if d.Acked < since {
			last = max(last, d.Received-since)
		}
	}
	return last
}

// Delays returns how long the deliveries took of messages that were acknowledged between
// from and to.
func Delays(ds []Delivery, from, to time.Duration) []time.Duration {
	var all []time.Duration
	for _, d := range ds {
		if d.Acked >= from && d.Acked < to {
			all = append(all, max(0, d.Received-d.Acked))
		}
	}
	return all
}

// FirstAck returns the time from since to the first ack of a message that was sent after
// since, and whether there was one.
func FirstAck(logs []*Log, since time.Duration) (time.Duration, bool) {
	first, found := time.Duration(0), false
	for _, l := range logs {
		sent := map[string]bool{}
		for _, r := range l.Records() {
			switch {
			case r.Kind == Sent && r.At >= since:
				sent[r.ClientID] = true
			case r.Kind == Acked && sent[r.ClientID] && (!found || r.At-since < first):
				first, found = r.At-since, true
			}
		}
	}
	return first, found
}

// Answers returns how long each answer to a send took, ack or error. It leaves out sends
// whose connection ended before.
func Answers(logs []*Log) []time.Duration {
	var all []time.Duration
	for _, l := range logs {
		sent := map[string]time.Duration{}
		for _, r := range l.Records() {
			switch r.Kind {
			case Sent:
				sent[r.ClientID] = r.At
			case Acked, Refused:
				if at, ok := sent[r.ClientID]; ok {
					all = append(all, r.At-at)
					delete(sent, r.ClientID)
				}
			case Closed:
				clear(sent)
			}
		}
	}
	return all
}

// Percentile returns the value that the share p of ds does not exceed, 0 of none.
func Percentile(ds []time.Duration, p float64) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	ds = slices.Clone(ds)
	slices.Sort(ds)
	return ds[min(len(ds)-1, int(p*float64(len(ds))))]
}
