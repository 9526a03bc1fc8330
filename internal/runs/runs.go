// Package runs finds numbers that follow each other.
package runs

// Of returns the first and the last of each row of numbers that follow each other in seqs, which are
// in order.
func Of(seqs []int64) (runs [][2]int64) {
	for _, seq := range seqs {
		if n := len(runs); n > 0 && runs[n-1][1] == seq-1 {
			runs[n-1][1] = seq
			continue
		}
		runs = append(runs, [2]int64{seq, seq})
	}
	return runs
}
