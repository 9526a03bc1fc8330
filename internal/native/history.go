package native

import "github.com/coupchat/coup/internal/json"

// write writes the fields of a page of history.
func (h *History) write(o *json.Object) {
	list := []byte{'['}
	for i := range h.Messages {
		if i > 0 {
			list = append(list, ',')
		}
		m := json.Begin(list)
		public := h.Messages[i].Public()
		writeEntry(&m, &public)
		list = m.End()
	}
	o.Raw("messages", append(list, ']'))
	if h.More {
		o.True("more")
	} else {
		o.False("more")
	}
}
