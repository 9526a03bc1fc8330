package room

import (
	"time"

	"github.com/coupchat/coup/internal/commit"
	"github.com/coupchat/coup/internal/index"
	"github.com/coupchat/coup/internal/loglimit"
	"github.com/coupchat/coup/internal/membership"
	"github.com/coupchat/coup/internal/presence"
	"github.com/coupchat/coup/internal/relay"
	"github.com/coupchat/coup/internal/work"
	"github.com/coupchat/coup/store"
)

// New returns a Registry and starts its work in the background, which Close ends. The
// error names the option that is missing or makes no sense, or is that of the bus.
func New(opts Options) (*Registry, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	opts.Log = loglimit.New(opts.Log)
	w := work.NewGroup(opts.StoreTimeout)
	backend := guarded{opts.Store, opts.Members}
	members := membership.New(backend, w, opts.MemberCache)
	g := &Registry{work: w, rooms: map[store.StudyID]*room{}}

	g.users.byID = index.New((*user).key)
	g.presence = presence.New(presence.Options{Store: backend, Node: opts.NodeID, Work: w, Log: opts.Log, Online: g.users.online})
	g.users.report = g.presence.Report
	g.relay = relay.New(relay.Options{Bus: opts.Bus, Node: opts.NodeID, Prefix: opts.Prefix, Secrets: opts.Secrets, Alone: opts.Alone, Work: w, Log: opts.Log})

	sh := &g.shared
	sh.opts, sh.begin, sh.work, sh.store, sh.members, sh.release = opts, time.Now(), w, backend, members, g.release
	sh.tell = g.relay.PublishLive
	sh.present = g.present.set
	sh.reviews = make(chan struct{}, maxReviews)
	sh.memory.limit = opts.MaxMemory
	sh.buffers = buffers{forget: backend.forget(), work: w, log: opts.Log}
	sh.headOf = func(study store.StudyID) (int64, error) { return g.heads.read(w.Context(), study) }
	sh.gaps = gapReader{entries: sh.entries, head: sh.headOf, work: w, filled: &sh.stats.filled}
	sh.posts = commit.New(commit.Options[Conn]{
		Store: backend, Work: w, Log: opts.Log, Stored: func(posts []commit.Post[Conn], msgs []store.Message) { stored(g, posts, msgs) },
		Lanes: opts.Lanes, MaxQueue: opts.MaxQueue, Budget: opts.PostBudget,
	})

	g.heads = heads{store: backend, work: w, rooms: func() []store.StudyID { return studies(g.all()) }, head: g.history.delivered, found: func(study store.StudyID, seq int64) { learn(g, study, seq) }, behind: g.history.behind}
	g.heads.start()
	g.history = historian{shared: sh, heads: &g.heads, room: g.lookup, log: opts.Log}
	sh.doubt = g.history.doubt
	g.confirm = confirmer{members: members, work: w, log: opts.Log, stamp: sh.stamp, rooms: g.all, now: make(chan struct{}, 1)}
	g.marks = marks{store: backend, work: w, stored: func(of []store.Membership, states []store.ReadState) { marked(g, of, states) }}
	g.marks.start()
	g.mentions = make(mentioning, maxMentioning)
	g.teller = teller{posted: opts.Posted, work: w, log: opts.Log, stats: &sh.stats}
	g.listener = listener{users: &g.users, members: members, room: g.lookup, stored: g.heads.check, missed: g.confirm.missed, stats: &sh.stats, log: opts.Log}
	if err := g.listener.subscribe(opts.Bus); err != nil {
		w.End()
		return nil, err
	}
	sub, err := g.relay.SubscribeLive("", func(_ store.NodeID, l relay.Live) { hearOfUsers(g, l) })
	if err != nil {
		g.listener.close()
		w.End()
		return nil, err
	}
	g.listener.subs = append(g.listener.subs, sub)
	w.Go(func() { g.heads.run(opts.CheckHeads) })
	w.Go(g.presence.Run)
	w.Go(g.relay.Run)
	w.Go(g.relay.Watch)
	w.Go(func() { g.confirm.run(opts.MemberCache) })
	w.Go(func() { sweep(g) })
	w.Go(func() { g.present.run(w) })
	w.Go(g.marks.run)
	w.Go(func() { notifyMentioned(g) })
	return g, nil
}

// studies returns the studies of rooms.
func studies(rooms []*room) []store.StudyID {
	studies := make([]store.StudyID, len(rooms))
	for i, r := range rooms {
		studies[i] = r.study
	}
	return studies
}

// learn tells a room what the store has.
func learn(g *Registry, study store.StudyID, seq int64) {
	if r := g.lookup(study); r != nil {
		r.inbox.later(func() {
			r.timeline.expire() // a silent room must not keep many messages
			r.learn(seq)
		})
	}
}

// sweep frees the memory of users and memberships that are not needed any more, until
// the registry ends.
func sweep(g *Registry) {
	for g.work.Sleep(max(g.shared.opts.MemberCache, time.Second)) {
		g.shared.members.Sweep()
		g.users.sweep(g.shared.now(), g.shared.opts.Rate)
		g.shared.rare.sweep(g.shared.now())
	}
}
