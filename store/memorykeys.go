package store

import "hash/maphash"

// memoryKey is what makes an entry the same when it is sent again.
type memoryKey struct {
	user     UserID
	clientID string
}

// memorySeed is the seed of the hashes of keys: nobody can choose ids that clash.
var memorySeed = maphash.MakeSeed()

// find returns the seq of the entry with a key, or 0.
func (st *memoryStudy) find(k memoryKey) int64 {
	if seq := st.seqs[maphash.Comparable(memorySeed, k)]; seq > 0 {
		if row, page := st.row(seq); page.is(row, k) {
			return seq
		}
	}
	return st.clashes[k]
}

// remember notes the seq of a new key.
func (st *memoryStudy) remember(k memoryKey, seq int64) {
	hash := maphash.Comparable(memorySeed, k)
	if _, taken := st.seqs[hash]; taken {
		st.clashes[k] = seq
		return
	}
	st.seqs[hash] = seq
}

// keep drops the oldest pages that are not needed to have n entries. 0 keeps all.
func (st *memoryStudy) keep(n int64) {
	for n > 0 && st.head-st.gone-pageRows >= n {
		page := st.pages[0]
		for i := range page.rows {
			seq := st.gone + 1 + int64(i)
			k := page.key(&page.rows[i])
			if hash := maphash.Comparable(memorySeed, k); st.seqs[hash] == seq {
				delete(st.seqs, hash)
			}
			delete(st.clashes, k)
			delete(st.rare, seq)
			delete(st.reactions, seq)
		}
		st.pages[0] = nil
		st.pages, st.gone = st.pages[1:], st.gone+pageRows
	}
}
