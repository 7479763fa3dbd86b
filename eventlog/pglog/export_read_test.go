package pglog

// MaxMemory is the limit of MemoryBytes.
const MaxMemory = maxMemory

// MemoryBytes returns the size of the entries that the log keeps for its readers.
func (l *Log) MemoryBytes() int {
	l.watchers.mu.Lock()
	defer l.watchers.mu.Unlock()
	return l.watchers.memory.old.bytes + l.watchers.memory.young.bytes
}
