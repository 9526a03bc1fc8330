package room

import "github.com/coupchat/coup/store"

// maxMentioning is how many messages may wait until the users they mention are notified.
const maxMentioning = 1000

// mentioning are entries that mention users, who are to be notified.
type mentioning chan store.Entry

// add queues the entries that mention users. What does not fit is not notified.
func (m mentioning) add(entries []store.Entry) {
	for i := range entries {
		e := &entries[i]
		if len(e.Mentions) == 0 || e.Repeated || e.Kind != store.KindMessage && e.Kind != store.KindEdit {
			continue
		}
		select {
		case m <- *e:
		default:
		}
	}
}
