package storetest

import (
	"context"
	"strings"
	"time"

	"github.com/coupchat/coup/store"
)

var brokenAppends = []fault{
	{"times are whole seconds", "SentAt of each message is a whole second", func() Backend {
		return appending(nil, func(m *store.Message) { m.SentAt = m.SentAt.Truncate(time.Second) })
	}},
	{"ids of users lose their case", "users Mina and mina count as one", func() Backend {
		return appending(func(m *store.Message) { m.UserID = store.UserID(strings.ToLower(string(m.UserID))) }, nil)
	}},
	{"the messages of the caller are changed", "Append changed its input", func() Backend {
		s := store.NewMemory()
		return one(&wrong{Store: s, append: func(ctx context.Context, msgs []store.Message) ([]store.Message, error) {
			out, err := s.Append(ctx, msgs)
			copy(msgs, out)
			return out, err
		}})
	}},
}
