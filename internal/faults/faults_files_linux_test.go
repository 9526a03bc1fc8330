package faults

import "golang.org/x/sys/unix"

func init() {
	catalogue = append(catalogue, fault{name: "a hub runs out of open files", rows: "23", run: hubOutOfFiles})
}

// hubOutOfFiles leaves a hub without file descriptors while all clients reconnect.
func hubOutOfFiles(r *round) {
	b := r.hubs[r.rng.IntN(len(r.hubs))]
	var was, none unix.Rlimit
	if err := unix.Prlimit(b.Pid(), unix.RLIMIT_NOFILE, nil, &was); err != nil {
		r.Fatal(err)
	}
	none.Max = was.Max
	if err := unix.Prlimit(b.Pid(), unix.RLIMIT_NOFILE, &none, nil); err != nil {
		r.Fatal(err)
	}
	for _, c := range r.clients {
		c.Cut()
	}
	r.flow(100)
	if err := unix.Prlimit(b.Pid(), unix.RLIMIT_NOFILE, &was, nil); err != nil {
		r.Fatal(err)
	}
	r.allReady()
}
