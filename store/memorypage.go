package store

import (
	"strconv"
	"time"
)

// pageRows is how many entries a memoryPage has. A power of two, so that it divides quickly.
const pageRows = 256

// A memoryPage holds pageRows entries that follow each other. Neither rows nor text have pointers:
// what a study has said costs the collector nothing.
type memoryPage struct {
	rows []memoryRow
	text []byte
}

// A memoryRow is one entry. Its text begins at text[at] of its page: the user, the name, the client
// id and the content, of these lengths.
type memoryRow struct {
	at                            uint32
	user, name, clientID, content uint32
	kind                          Kind
	// rare says that the rest of the entry is in memoryStudy.rare, and so is its content.
	rare   bool
	sentAt int64 // in Unix milliseconds
}

// row returns the row of a seq, and its page.
func (st *memoryStudy) row(seq int64) (*memoryRow, *memoryPage) {
	page := st.pages[(seq-1)/pageRows-st.gone/pageRows]
	return &page.rows[(seq-1)%pageRows], page
}

// key returns the key of a row.
func (p *memoryPage) key(r *memoryRow) memoryKey {
	user, clientID := r.at+r.user, r.at+r.user+r.name
	return memoryKey{UserID(p.text[r.at:user]), string(p.text[clientID : clientID+r.clientID])}
}

// by reports whether user is the author of a row. It makes no string.
func (p *memoryPage) by(r *memoryRow, user UserID) bool {
	return string(p.text[r.at:r.at+r.user]) == string(user)
}

// is reports whether a row has the key k. It makes no string.
func (p *memoryPage) is(r *memoryRow, k memoryKey) bool {
	at := r.at + r.user + r.name
	return p.by(r, k.user) && string(p.text[at:at+r.clientID]) == k.clientID
}

// said returns the content of a row.
func (p *memoryPage) said(r *memoryRow) []byte {
	at := r.at + r.user + r.name + r.clientID
	return p.text[at : at+r.content]
}

// push stores e, which takes the next seq.
func (st *memoryStudy) push(e *Entry) {
	st.head++
	e.Seq, e.ID = st.head, entryID(e.StudyID, st.head)
	rare := !e.Plain()
	content := e.Content
	if rare {
		kept := *e
		if e.Kind == KindEdit { // what it says is in the message
			kept.Content, kept.Mentions, kept.Attachments, kept.Meta = "", nil, nil, ""
		}
		st.rare[e.Seq] = &kept
		content = ""
	}
	if (e.Seq-1)%pageRows == 0 {
		st.turn()
	}
	page := st.pages[len(st.pages)-1]
	page.rows = append(page.rows, memoryRow{
		at:   uint32(len(page.text)),
		user: uint32(len(e.UserID)), name: uint32(len(e.UserName)),
		clientID: uint32(len(e.ClientID)), content: uint32(len(content)),
		kind: e.Kind, rare: rare, sentAt: e.SentAt.UnixMilli(),
	})
	page.text = append(page.text, e.UserID...)
	page.text = append(page.text, e.UserName...)
	page.text = append(page.text, e.ClientID...)
	page.text = append(page.text, content...)
}

// turn begins a new page. The one before has no more room than it needs from now on, and the new
// one as much as that needed: it need not grow.
func (st *memoryStudy) turn() {
	page := &memoryPage{}
	if n := len(st.pages); n > 0 {
		last := st.pages[n-1]
		last.text = append(make([]byte, 0, len(last.text)), last.text...)
		page.rows, page.text = make([]memoryRow, 0, pageRows), make([]byte, 0, len(last.text))
	}
	st.pages = append(st.pages, page)
}

// edit returns the entry of a seq, to be changed. Its text is nowhere else.
func (st *memoryStudy) edit(study StudyID, seq int64) *Entry {
	row, page := st.row(seq)
	if !row.rare {
		e := page.entry(study, row, seq)
		clear(page.said(row))
		row.content, row.rare = 0, true
		st.rare[seq] = &e
	}
	return st.rare[seq]
}

// entry returns the entry of a row that is not rare. What it said is a string of its own: whoever
// keeps the user's id does not keep the text.
func (p *memoryPage) entry(study StudyID, r *memoryRow, seq int64) Entry {
	name := r.user + r.name
	ids := string(p.text[r.at : r.at+name+r.clientID])
	return Entry{
		ID: entryID(study, seq), StudyID: study, Seq: seq,
		UserID: UserID(ids[:r.user]), UserName: ids[r.user:name], ClientID: ids[name:],
		Content: string(p.said(r)), SentAt: time.UnixMilli(r.sentAt).UTC(), Kind: r.kind,
	}
}

func entryID(study StudyID, seq int64) string {
	var digits [20]byte
	return string(study) + ":" + string(strconv.AppendInt(digits[:0], seq, 10))
}
