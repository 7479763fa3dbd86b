package transport

// Owed returns how many bytes the last Write owes.
func (s *Socket) Owed() int {
	if s.owed == nil {
		return 0
	}
	return len(*s.owed)
}
