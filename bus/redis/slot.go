package redis

import "strings"

// slotCount is how many slots a cluster divides its channels into.
const slotCount = 1 << 14

// slot returns the cluster slot of a channel: that of the text between the first { and the
// next }, or of the whole name if there is no such text.
func slot(channel string) int {
	if _, rest, ok := strings.Cut(channel, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			channel = tag
		}
	}
	var crc uint16
	for i := range len(channel) {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^channel[i]]
	}
	return int(crc % slotCount)
}

// crcTable is the table of CRC-16/XMODEM.
var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()
