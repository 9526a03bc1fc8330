// Package index finds values by a string that they hold. A map would keep the string beside each value.
package index

import (
	"hash/maphash"
	"iter"
)

// parts is into how many tables an index is split, each of which grows by itself: no call moves more
// than one of them.
const (
	parts    = 1 << partBits
	partBits = 5
)

// An Index is a set of values with a key in each. The zero value of T is no value. An Index is made by
// New. Its methods may be called at the same time only if none of them changes it.
type Index[T comparable] struct {
	key    func(T) string
	seed   maphash.Seed
	tables [parts]table[T]
}

// A table is open: a value stands at the place that the hash of its key names, or in the next free
// one after it, without a free one in between. At most three of four places are taken.
type table[T comparable] struct {
	slots []T // as many as a power of two, or none
	taken int
}

// New returns an empty index. key returns the key of a value, which must stay the same.
func New[T comparable](key func(T) string) Index[T] {
	return Index[T]{key: key, seed: maphash.MakeSeed()}
}

// Get returns the value with a key, or zero.
func (x *Index[T]) Get(key string) T {
	hash := maphash.String(x.seed, key)
	t := x.of(hash)
	var none T
	if t.taken == 0 {
		return none
	}
	return t.slots[x.find(t, hash, key)]
}

// Put adds a value, or replaces the one with its key.
func (x *Index[T]) Put(v T) {
	key := x.key(v)
	hash := maphash.String(x.seed, key)
	t := x.of(hash)
	if 4*(t.taken+1) > 3*len(t.slots) {
		x.grow(t)
	}
	i := x.find(t, hash, key)
	var none T
	if t.slots[i] == none {
		t.taken++
	}
	t.slots[i] = v
}

// Remove removes the value with a key, if there is one.
func (x *Index[T]) Remove(key string) {
	hash := maphash.String(x.seed, key)
	t := x.of(hash)
	var none T
	if t.taken == 0 {
		return
	}
	free := x.find(t, hash, key)
	if t.slots[free] == none {
		return
	}
	t.taken--
	// What follows moves up, unless it would stand before its place.
	mask := len(t.slots) - 1
	for i := (free + 1) & mask; t.slots[i] != none; i = (i + 1) & mask {
		if place := int(maphash.String(x.seed, x.key(t.slots[i]))) & mask; (i-place)&mask >= (i-free)&mask {
			t.slots[free] = t.slots[i]
			free = i
		}
	}
	t.slots[free] = none
}

// Len returns how many values there are.
func (x *Index[T]) Len() (n int) {
	for i := range x.tables {
		n += x.tables[i].taken
	}
	return n
}

// All returns all values, in any order. The index must not be changed meanwhile.
func (x *Index[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		var none T
		for i := range x.tables {
			for _, v := range x.tables[i].slots {
				if v != none && !yield(v) {
					return
				}
			}
		}
	}
}

// of returns the table for a hash. It takes the highest bits, and find the lowest.
func (x *Index[T]) of(hash uint64) *table[T] { return &x.tables[hash>>(64-partBits)] }

// find returns the place of the value with a key, or that where it belongs.
func (x *Index[T]) find(t *table[T], hash uint64, key string) int {
	var none T
	mask := len(t.slots) - 1
	i := int(hash) & mask
	for t.slots[i] != none && x.key(t.slots[i]) != key {
		i = (i + 1) & mask
	}
	return i
}

// grow makes a table twice as large.
func (x *Index[T]) grow(t *table[T]) {
	old := t.slots
	t.slots = make([]T, max(4, 2*len(old)))
	var none T
	for _, v := range old {
		if v != none {
			key := x.key(v)
			t.slots[x.find(t, maphash.String(x.seed, key), key)] = v
		}
	}
}
