//go:build !linux

package poll

import "net"

// sets is for Linux only.
type sets struct{}

func newSets(*Poller, int) (*sets, error)           { return nil, nil }
func (*sets) open(net.Conn, []byte, Handler) Stream { return nil }
func (*sets) close()                                {}
