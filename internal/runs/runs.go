// Package runs finds numbers that follow each other.
package runs

// Of returns the first and the last number of each run in seqs: of numbers that follow each other. seqs
// are in order.
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
